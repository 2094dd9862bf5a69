"""`knooppunt pki`: certificates to try things out with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from knooppunt.pki import PkiFout, make_demo

pki = typer.Typer(no_args_is_help=True, help="Certificaten om mee te proberen.")


@pki.command()
def demo(
    uit: Annotated[Path, typer.Option(help="Map waarin de bestanden komen.")],
    naam: Annotated[list[str] | None, typer.Option(help="Naam van een partij; met --oin, meermalen te geven.")] = None,
    oin: Annotated[list[str] | None, typer.Option(help="OIN (20 cijfers) van de partij met dezelfde plaats.")] = None,
    vervang: Annotated[bool, typer.Option("--vervang", help="Maak alles opnieuw, ook de autoriteit.")] = False,
) -> None:
    """Maak een TESTautoriteit, een certificaat voor de hub en een certificaat per partij.

    Een map met een autoriteit houdt die: zo komt er later een partij bij.
    """
    if len(naam or []) != len(oin or []):
        typer.echo("Geef bij elke --naam een --oin.", err=True)
        raise typer.Exit(2)
    try:
        geschreven = make_demo(uit, zip(naam or [], oin or [], strict=True), vervang=vervang)
    except PkiFout as fout:
        typer.echo(str(fout), err=True)
        raise typer.Exit(2) from None
    except OSError as fout:
        typer.echo(f"In {uit} is niet te schrijven: {fout.strerror}.", err=True)
        raise typer.Exit(2) from None
    for pad in geschreven:
        typer.echo(f"{pad} en {pad.with_suffix('.key').name}")
    typer.echo("Dit zijn TESTcertificaten: vertrouw ze nergens anders.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(pki, name="pki")
