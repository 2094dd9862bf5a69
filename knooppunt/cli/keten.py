"""`knooppunt keten`: what is still missing and since when, and the timeline of a case."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from istandaarden.releases import NEDERLAND
from knooppunt.beeld import make_console
from knooppunt.cli.bericht import find_or_exit, print_json
from knooppunt.configuratiebestand import load
from knooppunt.databank import connect
from knooppunt.ketenbeeld import timeline_view, waits_table
from knooppunt.ketenzicht import Openvraag, open_terms, timeline
from routing.geadresseerde import codes_of
from routing.ketenbewaking.kalender import Kalender
from routing.register import read_register

keten = typer.Typer(no_args_is_help=True, help="Welke antwoorden nog ontbreken, en wat er in een zaak gebeurde.")

Config = Annotated[Path, typer.Option(help="Configuratiebestand van het knooppunt.")]
AlsJson = Annotated[bool, typer.Option("--json", help="Schrijf JSON, voor een programma.")]
Partij = Annotated[list[str] | None, typer.Option(help="Alleen berichten van of aan deze partij; mag vaker.")]
_STANDAARD = Path("knooppunt.toml")
_AANTAL = 500


@keten.command("open")
def open_(
    config: Config = _STANDAARD,
    partij: Partij = None,
    te_laat: Annotated[bool, typer.Option("--te-laat", help="Alleen waarvan de termijn voorbij is.")] = False,
    aantal: Annotated[int, typer.Option(min=1, max=10_000, help="Hoogstens zoveel, oudste eerst.")] = _AANTAL,
    als_json: AlsJson = False,
) -> None:
    """Toon welke antwoorden nog ontbreken, sinds wanneer, en wat te laat is."""
    configuratie = load(config)
    with connect(configuratie) as conn:
        vraag = Openvraag(partijen=_codes(conn, partij), alleen_te_laat=te_laat, aantal=aantal)
        wachten = open_terms(conn, Kalender(configuratie.keten.bevrijdingsdag), vraag)
    if als_json:
        print_json([asdict(wacht) for wacht in wachten])
    elif wachten:
        make_console().print(waits_table(wachten))
        if len(wachten) == aantal:
            typer.echo(f"De oudste {aantal}; geef --aantal of --partij voor meer of minder.")
    else:
        typer.echo("Er ontbreekt niets." if not te_laat else "Er is niets te laat.")


@keten.command()
def tijdlijn(
    referentie: Annotated[str, typer.Argument(help="Referentienummer van een bericht in de zaak.", metavar="REF")],
    config: Config = _STANDAARD,
    zender: Annotated[
        str | None, typer.Option(help="Code van de zender, als meer zenders dit nummer gebruikten.")
    ] = None,
    partij: Partij = None,
    als_json: AlsJson = False,
) -> None:
    """Toon alle berichten van een zaak op volgorde, met wat wanneer werd verwacht."""
    configuratie = load(config)
    with connect(configuratie) as conn:
        bericht = find_or_exit(conn, referentie, zender)
        kalender = Kalender(configuratie.keten.bevrijdingsdag)
        punten = timeline(conn, kalender, bericht, _codes(conn, partij))
    if not punten:
        typer.echo(f"Dit bericht is niet van of aan {' of '.join(partij or ())}.", err=True)
        raise typer.Exit(1)
    if als_json:
        print_json([asdict(punt) for punt in punten])
    else:
        make_console().print(timeline_view(punten))


def _codes(conn: Connection, partijen: list[str] | None) -> frozenset[str] | None:
    """Give the codes under which berichten are theirs, also those of gemeenten that they took over; None for all."""
    return codes_of(read_register(conn), set(partijen), datetime.now(NEDERLAND).date()) if partijen else None


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(keten, name="keten")
