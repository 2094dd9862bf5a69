"""`knooppunt sleutel`: the keys that payloads are encrypted with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from knooppunt.configuratie import ConfiguratieFout
from knooppunt.configuratiebestand import load
from routing.kluis import Kluis, KluisFout

sleutel = typer.Typer(no_args_is_help=True, help="Sleutels waarmee de inhoud van berichten versleuteld is.")


@sleutel.callback()
def keys() -> None:
    """Keep `maak` a subcommand while it is the only one."""


@sleutel.command()
def maak(
    config: Annotated[Path, typer.Option(help="Configuratiebestand van het knooppunt.")] = Path("knooppunt.toml"),
) -> None:
    """Maak een nieuwe sleutel; een knooppunt dat daarna start, versleutelt ermee. Oudere sleutels blijven nodig."""
    map_ = load(config).sleutels.map
    try:
        kluis = Kluis.create(map_)
    except KluisFout as fout:
        raise ConfiguratieFout(str(fout)) from None
    except OSError as fout:
        raise ConfiguratieFout(f"sleutels.map: in {map_} is niet te schrijven ({fout.strerror}).") from None
    typer.echo(
        f"Sleutel {kluis.actief} staat in {map_}. Bewaar er een kopie van: zonder sleutel is geen bericht leesbaar."
    )


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(sleutel, name="sleutel")
