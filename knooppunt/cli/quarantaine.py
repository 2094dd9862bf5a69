"""`knooppunt quarantaine`: berichten during which the hub stopped three times."""

from __future__ import annotations

import functools
import getpass
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from knooppunt.beeld import local, make_console, safe
from knooppunt.cli.bericht import find_or_exit, print_json
from knooppunt.configuratie import Configuratie, ConfiguratieFout
from knooppunt.configuratiebestand import load
from knooppunt.databank import connect, write
from knooppunt.laneinzicht import quarantined
from knooppunt.melden import make_melder
from routing.kluis import Kluis, KluisFout
from routing.quarantaine import NietInQuarantaine, give_up, release
from routing.register import RegisterBron, read_register
from routing.route import generation_for

quarantaine = typer.Typer(no_args_is_help=True, help="Berichten waarbij het knooppunt herhaaldelijk stopte.")

_STANDAARD = Path("knooppunt.toml")

Config = Annotated[Path, typer.Option(help="Configuratiebestand van het knooppunt.")]
AlsJson = Annotated[bool, typer.Option("--json", help="Schrijf JSON, voor een programma.")]
Referentie = Annotated[str, typer.Argument(help="Referentienummer, of het begin ervan.", metavar="REF")]
Zender = Annotated[str | None, typer.Option(help="Code van de zender, als meer zenders dit nummer gebruikten.")]


@quarantaine.command()
def toon(config: Config = _STANDAARD, als_json: AlsJson = False) -> None:
    """Toon welke berichten apart staan, en tot wanneer zij bezorgd kunnen worden."""
    with connect(load(config)) as conn:
        gevonden = quarantined(conn)
    if als_json:
        print_json([asdict(een) for een in gevonden])
        return
    if not gevonden:
        typer.echo("Er staat niets in quarantaine.")
        return
    tabel = Table()
    for kop in ("Sinds", "Bericht", "Van", "Naar", "Referentienummer", "Keer", "Vervalt"):
        tabel.add_column(kop, overflow="fold")
    for een in gevonden:
        wie_wat = (Text(safe(tekst)) for tekst in (een.functie or "", een.zender, een.lane, een.referentienummer))
        tabel.add_row(local(een.sinds), *wie_wat, str(een.crashes), local(een.verloopt_op))
    make_console().print(tabel)


@quarantaine.command()
def vrijgeven(referentie: Referentie, config: Config = _STANDAARD, zender: Zender = None) -> None:
    """Zet een bericht terug, achteraan in de rij van zijn ontvanger."""
    configuratie = load(config)
    nummer = _perform(configuratie, referentie, zender, lambda _conn: release)
    typer.echo(f"{nummer} staat weer in de rij van zijn ontvanger.")


@quarantaine.command()
def opgeven(referentie: Referentie, config: Config = _STANDAARD, zender: Zender = None) -> None:
    """Staak de bezorging van een bericht; de zender krijgt een foutbericht (Fo01)."""
    configuratie = load(config)
    try:
        kluis = Kluis(configuratie.sleutels.map)
    except KluisFout as fout:
        raise ConfiguratieFout(str(fout)) from None

    def prepare(conn: Any) -> Callable[..., None]:
        register = read_register(conn)
        melder = make_melder(configuratie, kluis, RegisterBron(register))
        generatie = functools.partial(generation_for, register, standaard=configuratie.hub.fout_generatie)
        return functools.partial(give_up, generatie=generatie, report_failure=melder.report_failure)

    nummer = _perform(configuratie, referentie, zender, prepare)
    typer.echo(f"De bezorging van {nummer} is gestaakt; de zender krijgt een foutbericht.")


def _perform(
    configuratie: Configuratie, referentie: str, zender: str | None, kies: Callable[[Any], Callable[..., None]]
) -> str:
    """Do something with the one bericht that is meant; return its referentienummer."""
    with connect(configuratie) as conn:
        gevonden = find_or_exit(conn, referentie, zender)
        doe = kies(conn)
    try:
        write(configuratie, doe, gevonden.id, f"opdrachtregel ({getpass.getuser()})")
    except NietInQuarantaine:
        typer.echo(f"{gevonden.referentienummer} staat niet in quarantaine.", err=True)
        raise typer.Exit(1) from None
    return gevonden.referentienummer


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(quarantaine, name="quarantaine")
