"""`knooppunt simuleer`: one simulated partij beside a hub, for onboarding and tests."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from contextvars import ContextVar
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from knooppunt.beeld import safe
from knooppunt.cli.storing import Bediening, Storing, Zaad, open_switch, read_storingen
from knooppunt.configuratie import Koppelvlak
from knooppunt.simulatie.cak import Cak
from knooppunt.simulatie.cbs import Cbs
from knooppunt.simulatie.certificaat import credentials
from knooppunt.simulatie.grootboek import Boeking, Richting
from knooppunt.simulatie.ketenspel import Ketenspel, play
from knooppunt.simulatie.klok import Vandaag, hurried, today
from knooppunt.simulatie.pgbboek import Pgbboek, Telpunt, Termijnen, steady
from knooppunt.simulatie.storing import Storingen
from knooppunt.simulatie.stuf import StufPartij
from knooppunt.simulatie.svb import Svb
from knooppunt.simulatie.vecozo import VecozoSimulatie
from knooppunt.simulatie.verlopen import can_expire, expired_client, expiring_server
from knooppunt.simulatie.vsp import STORINGEN, VspPartij
from knooppunt.simulatie.vws import Vws
from knooppunt.tls import client_context

_einde: ContextVar[asyncio.Event] = ContextVar("einde")

simuleer = typer.Typer(no_args_is_help=True, help="Speel een partij na: ontvangt, toont en beantwoordt berichten.")

Cert = Annotated[Path, typer.Option(help="PEM-certificaat van de partij.")]
Key = Annotated[Path, typer.Option(help="PEM-sleutel bij het certificaat.")]
Ca = Annotated[Path, typer.Option(help="PEM-certificaat van de autoriteit die de partij vertrouwt.")]
Hub = Annotated[str, typer.Option(help="Adres van het knooppunt, bijvoorbeeld https://127.0.0.1:8443.")]
Poort = Annotated[
    int, typer.Option(min=0, max=65535, help="Poort waarop de partij berichten ontvangt; 0 kiest een vrije.")
]
Zwijgt = Annotated[bool, typer.Option("--zwijgt", help="Beantwoord heenberichten niet.")]

DagSeconden = Annotated[
    float,
    typer.Option(min=0.0, help="Laat een dag zoveel seconden duren; 0 is de gewone kalender. Een dag is er zo om."),
]
Afsluitdagen = Annotated[
    int, typer.Option(min=0, help="Dagen na het einde van een budget waarop het wordt afgesloten.")
]
Telt = Annotated[
    Telpunt,
    typer.Option("--telpunt", help="Ligt het einde al achter ons: telt de termijn vanaf het bericht of het einde?"),
]
Besteed = Annotated[float, typer.Option(min=0.0, max=9.0, help="Deel van een budget dat gelijkmatig wordt besteed.")]


class Spraak(StrEnum):
    """What a zorgaanbieder speaks: it listens for StUF, or collects over the REST interface."""

    VSP = "vsp"
    STUF = "stuf"


@simuleer.command()
def gemeente(
    code: Annotated[str, typer.Option(help="Gemeentecode.")],
    *,
    hub: Hub,
    cert: Cert,
    key: Key,
    ca: Ca,
    poort: Poort = 0,
    zwijgt: Zwijgt = False,
    storing: Storing = None,
    zaad: Zaad = 0,
    bediening: Bediening = None,
) -> None:
    """Speel een gemeente na, die StUF-berichten ontvangt en beantwoordt, tot Ctrl-C."""
    instellingen = credentials(cert, key, ca)
    partij = _stuf(code, instellingen, read_storingen(storing, zaad, certificaat=instellingen), antwoordt=not zwijgt)
    run(lambda: _listen(partij, hub, poort, bediening))


@simuleer.command()
def zorgaanbieder(
    code: Annotated[str, typer.Option(help="AGB-code.")],
    *,
    hub: Hub,
    cert: Cert,
    key: Key,
    ca: Ca,
    protocol: Annotated[Spraak, typer.Option(help="vsp haalt op over REST, stuf ontvangt SOAP.")] = Spraak.VSP,
    poort: Poort = 0,
    zwijgt: Zwijgt = False,
    storing: Storing = None,
    zaad: Zaad = 0,
    bediening: Bediening = None,
) -> None:
    """Speel een zorgaanbieder na, die berichten ontvangt en beantwoordt, tot Ctrl-C."""
    instellingen = credentials(cert, key, ca)
    if protocol is Spraak.STUF:
        storingen = read_storingen(storing, zaad, certificaat=instellingen)
        stuf = _stuf(code, instellingen, storingen, antwoordt=not zwijgt)
        run(lambda: _listen(stuf, hub, poort, bediening))
        return
    partij = VspPartij(
        code,
        code,
        hub=hub,
        client=client_context(instellingen),
        antwoordt=not zwijgt,
        meld=_tell,
        storingen=read_storingen(storing, zaad, kent=STORINGEN, certificaat=instellingen),
        verlopen=expired_client(instellingen) if can_expire(instellingen) else None,
    )
    run(lambda: _collect(partij, hub, bediening))


@simuleer.command()
def vecozo(
    zorgaanbieder: Annotated[list[str], typer.Option(help="AGB-code achter VECOZO, meermalen te geven.")],
    *,
    cert: Cert,
    key: Key,
    ca: Ca,
    poort: Poort = 0,
    zwijgt: Zwijgt = False,
    storing: Storing = None,
    zaad: Zaad = 0,
    bediening: Bediening = None,
) -> None:
    """Speel VECOZO na, met zorgaanbieders erachter die lezen en antwoorden, tot Ctrl-C."""
    if fout := [code for code in zorgaanbieder if not re.fullmatch("[0-9]{8}", code)]:
        raise typer.BadParameter(f"een AGB-code heeft 8 cijfers; dit is er geen: {', '.join(fout)}")
    instellingen = credentials(cert, key, ca)
    storingen = read_storingen(storing, zaad, certificaat=instellingen)
    spel = VecozoSimulatie(
        zorgaanbieder,
        server=expiring_server(instellingen, storingen),
        antwoordt=not zwijgt,
        meld=_tell,
        storingen=storingen,
    )
    run(lambda: _pass_on(spel, poort, bediening))


async def _pass_on(spel: VecozoSimulatie, poort: int, bediening: int | None) -> None:
    async with AsyncExitStack() as stapel:
        stapel.push_async_callback(spel.close)
        url = await spel.start(poort)
        typer.echo(f"VECOZO neemt berichten aan op {url}. Stoppen: Ctrl-C.")
        await open_switch(stapel, spel.storingen, bediening)
        await until_stopped()
    _summarise(spel.mislukt)


def _stuf(code: str, instellingen: Koppelvlak, storingen: Storingen, *, antwoordt: bool) -> StufPartij:
    return StufPartij(
        code,
        code,
        server=expiring_server(instellingen, storingen),
        client=client_context(instellingen),
        antwoordt=antwoordt,
        meld=_tell,
        storingen=storingen,
    )


async def _listen(
    partij: StufPartij, hub: str, poort: int, bediening: int | None, spel: Ketenspel | None = None
) -> None:
    async with AsyncExitStack() as stapel:
        stapel.push_async_callback(partij.close)
        url = await partij.start(poort)
        partij.connect_hub(hub)
        if spel is not None:
            stapel.callback(asyncio.create_task(play(partij, spel)).cancel)
        typer.echo(f"{partij.code} ontvangt berichten op {url}. Stoppen: Ctrl-C.")
        await open_switch(stapel, partij.storingen, bediening)
        await until_stopped()
    _summarise(partij.mislukt)


async def _collect(partij: VspPartij, hub: str, bediening: int | None) -> None:
    async with AsyncExitStack() as stapel:
        stapel.push_async_callback(partij.close)
        await partij.start()
        typer.echo(f"{partij.code} haalt berichten op bij {hub}. Stoppen: Ctrl-C.")
        await open_switch(stapel, partij.storingen, bediening)
        await until_stopped()
    _summarise(partij.mislukt)


async def until_stopped() -> None:
    """Return at Ctrl-C or SIGTERM."""
    await _einde.get().wait()


def run(spel: Callable[[], Awaitable[None]]) -> None:
    """Play until it is over; a port that cannot be opened ends it with 2."""

    async def perform() -> None:
        einde = asyncio.Event()
        _einde.set(einde)
        for teken in (signal.SIGINT, signal.SIGTERM):  # before anything is said: who reads it may stop us at once
            asyncio.get_running_loop().add_signal_handler(teken, einde.set)
        await spel()

    try:
        asyncio.run(perform())
    except OSError as fout:
        typer.echo(f"De poort is niet te openen: {fout.strerror or fout}.", err=True)
        raise typer.Exit(2) from None


def _tell(boeking: Boeking) -> None:
    sg = boeking.envelop.stuurgegevens
    teken = "→" if boeking.richting is Richting.VERZONDEN else "←"
    ander = sg.ontvanger if boeking.richting is Richting.VERZONDEN else sg.zender
    op = f", antwoord op {sg.cross_ref}" if sg.cross_ref else ""
    fout = f": {boeking.envelop.fout.code} {boeking.envelop.fout.omschrijving}" if boeking.envelop.fout else ""
    grootte = f"{len(boeking.payload)} bytes"
    typer.echo(safe(f"{teken} {boeking.functie} {ander.organisatie} {sg.referentienummer} ({grootte}{op}){fout}"))


def _summarise(mislukt: list[str]) -> None:
    for melding in mislukt:
        typer.echo(f"Niet gelukt: {melding}", err=True)
    if mislukt:
        raise typer.Exit(1)


@simuleer.command()
def svb(
    *,
    hub: Hub,
    cert: Cert,
    key: Key,
    ca: Ca,
    poort: Poort = 0,
    dag_seconden: DagSeconden = 0.0,
    afsluitdagen: Afsluitdagen = 98,
    telpunt: Telt = Telpunt.BERICHT,
    besteed: Besteed = 0.8,
    storing: Storing = None,
    zaad: Zaad = 0,
    bediening: Bediening = None,
) -> None:
    """Speel de SVB na: een TKB wordt een budget, en na afloop volgt een BAB, tot Ctrl-C."""
    boek = Pgbboek(steady(besteed), Termijnen(afsluitdagen, telpunt=telpunt))
    _play("SVB", Svb(boek, _calendar(dag_seconden)), (cert, key, ca), (storing, zaad), (hub, poort, bediening))


@simuleer.command()
def vws(
    *,
    hub: Hub,
    cert: Cert,
    key: Key,
    ca: Ca,
    poort: Poort = 0,
    dag_seconden: DagSeconden = 0.0,
    afsluitdagen: Afsluitdagen = 98,
    conflictdagen: Annotated[int, typer.Option(min=0, help="Dagen na een 501 waarop een conflict wordt gemeld.")] = 1,
    telpunt: Telt = Telpunt.BERICHT,
    besteed: Besteed = 0.8,
    storing: Storing = None,
    zaad: Zaad = 0,
    bediening: Bediening = None,
) -> None:
    """Speel het PGB 2.0-systeem van VWS na: 502, besteding, en 507 bij afloop, jaargrens of conflict, tot Ctrl-C."""
    boek = Pgbboek(steady(besteed), Termijnen(afsluitdagen, conflictdagen, telpunt))
    _play("VWS", Vws(boek, _calendar(dag_seconden)), (cert, key, ca), (storing, zaad), (hub, poort, bediening))


@simuleer.command()
def cak(
    *,
    hub: Hub,
    cert: Cert,
    key: Key,
    ca: Ca,
    poort: Poort = 0,
    storing: Storing = None,
    zaad: Zaad = 0,
    bediening: Bediening = None,
) -> None:
    """Speel het CAK na: 402 op een start, 404 op een stop, en een eigen IB001 op wat ongeldig is, tot Ctrl-C."""
    _play("CAK", Cak(), (cert, key, ca), (storing, zaad), (hub, poort, bediening))


@simuleer.command()
def cbs(
    *,
    hub: Hub,
    cert: Cert,
    key: Key,
    ca: Ca,
    poort: Poort = 0,
    storing: Storing = None,
    zaad: Zaad = 0,
    bediening: Bediening = None,
) -> None:
    """Speel het CBS na: neemt CSV- en PDF-bestanden aan, en weigert met IB001 wat het niet kan lezen, tot Ctrl-C."""
    _play("CBS", Cbs(), (cert, key, ca), (storing, zaad), (hub, poort, bediening))


def _calendar(dag_seconden: float) -> Vandaag:
    return hurried(dag_seconden) if dag_seconden else today


def _play(
    code: str,
    spel: Ketenspel,
    tls: tuple[Path, Path, Path],
    fouten: tuple[list[str] | None, int],
    waar: tuple[str, int, int | None],
) -> None:
    instellingen = credentials(*tls)
    storing, zaad = fouten
    storingen = read_storingen(storing, zaad, certificaat=instellingen)
    partij = StufPartij(
        code,
        code,
        server=expiring_server(instellingen, storingen),
        client=client_context(instellingen),
        meld=_tell,
        storingen=storingen,
        beantwoord=spel.answer,
    )

    hub, poort, bediening = waar
    run(lambda: _listen(partij, hub, poort, bediening, spel))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(simuleer, name="simuleer")
