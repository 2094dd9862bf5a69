"""`knooppunt lane`: what waits for whom, and stopping and resuming delivery to one partij."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from rich.text import Text

from knooppunt.beeld import local, make_console, safe
from knooppunt.cli.bericht import print_json
from knooppunt.configuratiebestand import load
from knooppunt.databank import connect, write
from knooppunt.laneinzicht import Lane, lanes
from routing import lanebeheer
from routing.lanebeheer import NietTePauzeren
from routing.partij import Kanaal
from routing.register import read_register

lane = typer.Typer(no_args_is_help=True, help="De rij van een ontvanger: tonen, pauzeren en hervatten.")

_AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_VORMEN = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
_STANDAARD = Path("knooppunt.toml")

Config = Annotated[Path, typer.Option(help="Configuratiebestand van het knooppunt.")]
AlsJson = Annotated[bool, typer.Option("--json", help="Schrijf JSON, voor een programma.")]
Code = Annotated[str, typer.Argument(help="Code van de ontvanger.")]


@lane.command()
def toon(
    code: Annotated[str | None, typer.Argument(help="Code van de ontvanger.")] = None,
    config: Config = _STANDAARD,
    als_json: AlsJson = False,
) -> None:
    """Toon waar berichten wachten of iets aan de hand is, of de rij van één ontvanger."""
    with connect(load(config)) as conn:
        gevonden = lanes(conn, code)
    if als_json:
        print_json([asdict(een) for een in gevonden])
    elif gevonden:
        make_console().print(_table(gevonden))
        for een in gevonden:
            _print_details(een)
    else:
        typer.echo("Er wacht niets, en er is niets aan de hand." if code is None else f"{code} heeft nog geen rij.")


@lane.command()
def pauzeer(
    code: Code,
    reden: Annotated[str, typer.Option(help="Waarom; wie de pauze ziet, leest dit.")],
    tot: Annotated[
        datetime | None, typer.Option(formats=_VORMEN, help="Einde van de pauze (Nederlandse tijd); anders tot hervat.")
    ] = None,
    config: Config = _STANDAARD,
) -> None:
    """Bied een ontvanger niets meer aan; berichten blijven binnenkomen en wachten, en hun termijn loopt door."""
    configuratie = load(config)
    with connect(configuratie) as conn:
        aansluiting = read_register(conn).aansluiting(code)
    if aansluiting is None:
        _stop(f"Partij {code} is niet aangesloten.")
    elif aansluiting.kanaal is Kanaal.PULL:
        _stop(f"{code} haalt zijn berichten zelf op; er valt niets te pauzeren.")
    if not reden.strip():
        _stop("Geef een reden; wie de pauze ziet, moet weten waarom.")
    einde = None if tot is None else tot.replace(tzinfo=_AMSTERDAM)
    tot_ms = None if einde is None else round(einde.timestamp() * 1000)
    try:
        write(configuratie, lanebeheer.pause, code, getpass.getuser(), reden.strip(), tot_ms)
    except NietTePauzeren as fout:
        _stop(str(fout))
    duur = "tot u hervat" if einde is None else f"tot {local(einde)}"
    typer.echo(f"{code} krijgt niets aangeboden {duur}. De bezorgtermijn van wachtende berichten loopt door.")


@lane.command()
def hervat(code: Code, config: Config = _STANDAARD) -> None:
    """Beëindig een pauze."""
    if not write(load(config), lanebeheer.resume, code):
        _stop(f"{code} is niet gepauzeerd.")
    typer.echo(f"{code} krijgt weer berichten aangeboden.")


def _stop(melding: str) -> None:
    typer.echo(melding, err=True)
    raise typer.Exit(1)


def _table(gevonden: tuple[Lane, ...]) -> Table:
    tabel = Table()
    for kop in ("Ontvanger", "Toestand", "Wachtend", "Oudste", "Mislukt", "Volgende poging", "Quarantaine"):
        tabel.add_column(kop, overflow="fold")
    for een in gevonden:
        tabel.add_row(
            Text(safe(een.naam)),
            een.toestand,
            str(een.wachtend),
            local(een.oudste_op) if een.oudste_op else "",
            str(een.mislukt or ""),
            local(een.volgende_op) if een.volgende_op else "",
            str(een.in_quarantaine or ""),
        )
    return tabel


def _print_details(een: Lane) -> None:
    if een.pauze is not None:
        tot = "tot iemand hervat" if een.pauze.tot is None else f"tot {local(een.pauze.tot)}"
        regel = f"{een.naam}: gepauzeerd door {een.pauze.door} sinds {local(een.pauze.sinds)}, {tot}: {een.pauze.reden}"
        typer.echo(safe(regel))
    if een.onderbreker is not None:
        sinds = local(een.onderbreker.sinds)
        typer.echo(safe(f"{een.naam}: onderbroken sinds {sinds}, proef met één bericht: {een.onderbreker.reden}"))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(lane, name="lane")
