"""`knooppunt incident`: what is wrong, what to do about it, and what was wrong before."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from knooppunt.beeld import local, make_console, safe
from knooppunt.beheertaken import make_boek
from knooppunt.cli.bericht import print_json
from knooppunt.configuratiebestand import load
from knooppunt.databank import connect, write
from routing.incident import Incident, describe, find

incident = typer.Typer(no_args_is_help=True, help="Wat er mis is, wat eraan te doen is, en wat er mis was.")

Config = Annotated[Path, typer.Option(help="Configuratiebestand van het knooppunt.")]
_STANDAARD = Path("knooppunt.toml")
_STIJL = {"storing": "bold red", "waarschuwing": "yellow"}


@incident.command()
def toon(
    config: Config = _STANDAARD,
    *,
    alleen_open: Annotated[bool, typer.Option("--open", help="Alleen wat nu nog open staat.")] = False,
    aantal: Annotated[int, typer.Option(min=1, max=10_000, help="Hoogstens zoveel gesloten incidenten.")] = 100,
    als_json: Annotated[bool, typer.Option("--json", help="Schrijf JSON, voor een programma.")] = False,
) -> None:
    """Toon incidenten, nieuwste eerst, elk met wat u kunt doen; uitgangscode 1 als er een storing open staat."""
    with connect(load(config)) as conn:
        gevonden = find(conn, alleen_open=alleen_open, aantal=aantal)
    if als_json:
        print_json([describe(geval) for geval in gevonden])
    elif gevonden:
        console = make_console()
        for geval in gevonden:
            console.print(_lines(geval))
    else:
        typer.echo("Er staat geen incident open." if alleen_open else "Er zijn geen incidenten.")
    if any(geval.gesloten_op is None and geval.niveau == "storing" for geval in gevonden):
        raise typer.Exit(1)


@incident.command()
def sluit(nummer: Annotated[int, typer.Argument(help="Nummer van het incident.")], config: Config = _STANDAARD) -> None:
    """Sluit een incident met de hand; is de oorzaak er nog, dan gaat het vanzelf weer open."""
    configuratie = load(config)
    if not write(configuratie, make_boek(configuratie).close, nummer, "gesloten", getpass.getuser()):
        typer.echo(f"Er staat geen incident {nummer} open.", err=True)
        raise typer.Exit(1)
    typer.echo(f"Incident {nummer} is gesloten.")


def _lines(geval: Incident) -> Text:
    staat = "open" if geval.gesloten_op is None else f"gesloten {_moment(geval.gesloten_op)}: {geval.gesloten_omdat}"
    tekst = Text.assemble(
        (f"{geval.nummer} ", "bold"),
        (geval.niveau, _STIJL[geval.niveau] if geval.gesloten_op is None else "dim"),
        f"  {safe(geval.titel)}\n",
        (f"   sinds {_moment(geval.geopend_op)}, {safe(staat)}", "dim"),
    )
    if geval.feiten:
        feiten = ", ".join(f"{naam.replace('_', ' ')} {waarde}" for naam, waarde in geval.feiten.items())
        tekst.append(f"\n   {safe(feiten)}")
    if geval.gesloten_op is None:
        tekst.append(f"\n   → {safe(geval.actie)}")
    return tekst


def _moment(ms: int) -> str:
    return local(datetime.fromtimestamp(ms / 1000, UTC))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(incident, name="incident")
