"""`knooppunt verwerking`: what the processing log holds about a person, for who asks to see it (AVG art. 15)."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text
from sqlalchemy import Connection

from knooppunt.beeld import local, make_console, safe
from knooppunt.cli.bericht import print_json
from knooppunt.cli.bsninvoer import read_bsn
from knooppunt.configuratie import ConfiguratieFout
from knooppunt.configuratiebestand import load
from knooppunt.databank import write
from routing.dienst import Wet, diensten
from routing.klok import now_ms
from routing.kluis import Kluis, KluisFout
from routing.register import read_register
from routing.toestemming import Aanleiding, Aanvrager, GeenToestemming, Weg, authorise
from routing.verwerkingen import Betrokkenen, Logregel, Spoor, Statuscode, Verwerking, account, find, record

verwerking = typer.Typer(
    no_args_is_help=True, help="Het verwerkingenlogboek: wie iets over een persoon vroeg, en waarom."
)

_INZAGE = "inzage"


@verwerking.callback()
def group() -> None:
    """Keep `toon` a subcommand while it is the only one."""


@verwerking.command()
def toon(
    partij: Annotated[str, typer.Option(help="Toon vragen van deze partij; een ander toont men niet.")],
    zaak: Annotated[str, typer.Option(help="Kenmerk van het inzageverzoek.")],
    config: Annotated[Path, typer.Option(help="Configuratiebestand van het knooppunt.")] = Path("knooppunt.toml"),
    *,
    als_json: Annotated[bool, typer.Option("--json", help="Schrijf JSON, voor een programma.")] = False,
) -> None:
    """Toon welke vragen een partij over een persoon stelde, wanneer en waarom.

    Het BSN wordt gevraagd, of gelezen van de invoer. Ook deze inzage komt in het logboek.
    """
    bsn = read_bsn()
    configuratie = load(config)
    try:
        betrokkenen = Betrokkenen(Kluis(configuratie.sleutels.map))
        regels = write(configuratie, _show, partij, zaak, bsn, betrokkenen)
    except KluisFout as fout:
        raise ConfiguratieFout(str(fout)) from None
    except GeenToestemming as fout:
        typer.echo(str(fout), err=True)
        raise typer.Exit(1) from None
    if als_json:
        print_json(
            [
                asdict(regel) | {"begin": _moment(regel.begin).isoformat(), "eind": _moment(regel.eind).isoformat()}
                for regel in regels
            ]
        )
    elif regels:
        make_console().print(_table(regels))
    else:
        typer.echo("Over deze persoon is niets gevraagd.")


def _show(conn: Connection, partij: str, zaak: str, bsn: str, betrokkenen: Betrokkenen) -> list[Logregel]:
    """Find the lines, and leave one that says they were shown."""
    dienst, nu = diensten()[_INZAGE], now_ms(conn)
    aanvrager = Aanvrager(partij, f"gebruiker:{getpass.getuser()}", Weg.CLI)
    aanleiding = Aanleiding(_INZAGE, Wet.AVG, "inzageverzoek", zaak)
    toestemming = authorise(read_register(conn), aanvrager, aanleiding, _moment(nu).date(), bsn)
    regels = find(conn, partij, betrokkenen.all_of(bsn))
    spoor = Spoor.begin()
    account(conn, spoor, toestemming)
    betrokkene = betrokkenen.of(bsn)
    record(conn, [Verwerking(spoor, dienst.omschrijving, dienst.activiteit, Statuscode.GOED, nu, nu, betrokkene)])
    return regels


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _table(regels: list[Logregel]) -> Table:
    tabel = Table()
    for kop in ("Wanneer", "Wat", "Doel", "Zaak", "Gevraagd door", "Uitkomst"):
        tabel.add_column(kop, overflow="fold")
    for regel in regels:
        wie = f"{regel.partij} ({regel.persoon or regel.identiteit})"
        uitkomst = {Statuscode.GOED: "gelukt", Statuscode.FOUT: "mislukt"}.get(regel.status, "onbekend")
        cellen = (local(_moment(regel.begin)), regel.naam, regel.doel, regel.zaakkenmerk, wie, uitkomst)
        tabel.add_row(*(Text(safe(cel)) for cel in cellen))
    return tabel


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(verwerking, name="verwerking")
