"""The demo from beginning to end: set up, play, check, print, and perhaps stay open."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from istandaarden.opbouw import build
from knooppunt.databank import read_engine
from knooppunt.demo import tegenslag
from knooppunt.demo.casus import jeugd_casus, variant, wmo_casus
from knooppunt.demo.controle import Controles
from knooppunt.demo.deelnemers import WILG, ZWOLLE
from knooppunt.demo.draaiboek import VERHAAL
from knooppunt.demo.omgeving import Omgeving
from knooppunt.demo.verhaal import Verloop, play
from knooppunt.demo.verslag import print_case, print_commands, print_history, print_rejection, print_verdict


@dataclass(slots=True)
class _Gespeeld:
    """What happened, for the report."""

    verlopen: list[Verloop] = field(default_factory=list)
    afwijzingen: list[tegenslag.Afwijzing] = field(default_factory=list)
    hersteld: Verloop | None = None


async def run(console: Console, map_: Path | None, *, eenmalig: bool) -> bool:
    """Run the demo and return whether every check held.

    Args:
        console: where to print.
        map_: folder for everything the demo makes; None takes a temporary one that is removed afterwards.
        eenmalig: end after the verdict; otherwise stay open until cancelled.

    Raises:
        OpstartFout: the hub did not start.
        FileExistsError: `map_` holds something already.
    """
    begin = time.monotonic()
    vandaag = datetime.now(tz=ZoneInfo("Europe/Amsterdam")).date()
    plek = await asyncio.to_thread(_folder, map_)
    try:
        async with Omgeving(plek) as omgeving:
            console.print(
                f"Knooppunt draait op {omgeving.hub_url} (wederzijdse TLS, SQLite), map {plek}", soft_wrap=True
            )
            await asyncio.to_thread(_write_berichten, omgeving.paden.berichten, vandaag)
            controles = Controles(read_engine(omgeving.configuratie))
            try:
                gespeeld = await _play(console, omgeving, controles, vandaag)
                await asyncio.to_thread(_report, console, controles, gespeeld)
            finally:
                controles.engine.dispose()
            print_verdict(console, controles.lijst, time.monotonic() - begin)
            if controles.mislukt:
                console.print(Text(omgeving.log_tail(), style="dim"), soft_wrap=True)
            if not eenmalig:
                _invite(console, omgeving, gespeeld)
                with contextlib.suppress(asyncio.CancelledError):  # being stopped is how the open demo ends
                    await asyncio.Event().wait()
            return not controles.mislukt
    finally:
        if map_ is None:
            await asyncio.to_thread(shutil.rmtree, plek, ignore_errors=True)


def _folder(map_: Path | None) -> Path:
    if map_ is None:
        return Path(tempfile.mkdtemp(prefix="knooppunt-demo-"))
    plek = map_.absolute()
    if plek.exists() and any(plek.iterdir()):
        raise FileExistsError(f"De map {plek} is niet leeg.")
    return plek


async def _play(console: Console, omgeving: Omgeving, controles: Controles, vandaag: date) -> _Gespeeld:
    def meld(tekst: str) -> None:
        console.print(Text.assemble(("  ✓ ", "green"), tekst), soft_wrap=True)

    gespeeld = _Gespeeld()
    zwolle, utrecht, wilg, anker = omgeving.zwolle, omgeving.utrecht, omgeving.wilg, omgeving.anker
    console.print("\nTwee zorgverhalen, tegelijk:")
    gespeeld.verlopen += await asyncio.gather(
        play(wmo_casus(vandaag), zwolle, wilg, controles, meld),
        play(jeugd_casus(vandaag), utrecht, anker, controles, meld),
    )
    console.print("\nVier tegenslagen:")
    gespeeld.afwijzingen += await asyncio.gather(
        tegenslag.broken_payload(utrecht, anker, controles, vandaag),
        tegenslag.unknown_receiver(zwolle, controles, vandaag),
        tegenslag.no_machtiging(zwolle, anker, controles, vandaag),
    )
    for afwijzing in gespeeld.afwijzingen:
        if afwijzing.fo01 is not None:
            meld(
                f"{afwijzing.titel.partition(': ')[2].capitalize()}: afgekeurd, en de zender kreeg een Fo01 met uitleg"
            )
    gespeeld.hersteld = await tegenslag.receiver_down(zwolle, wilg, controles, vandaag, meld)
    for partij in (zwolle, utrecht, wilg, anker):
        controles.check(f"{partij.naam} kon alle antwoorden kwijt", not partij.mislukt, "; ".join(partij.mislukt))
    return gespeeld


def _report(console: Console, controles: Controles, gespeeld: _Gespeeld) -> None:
    with controles.engine.connect() as conn:
        console.print()
        for verloop in gespeeld.verlopen:
            print_case(console, conn, verloop)
        for afwijzing in gespeeld.afwijzingen:
            print_rejection(console, conn, afwijzing)
        if gespeeld.hersteld is not None:
            print_case(console, conn, gespeeld.hersteld)
            print_history(console, conn, gespeeld.hersteld.boekingen[0])


def _write_berichten(map_: Path, vandaag: date) -> None:
    """Leave the heenberichten of both cases as files, to look at and to send by hand."""
    map_.mkdir()
    for casus in (variant(wmo_casus(vandaag), 95), variant(jeugd_casus(vandaag), 96)):
        for stap in VERHAAL:
            soort = casus.berichtsoort(stap.heen)
            (map_ / f"{soort.code.lower()}.xml").write_bytes(build(soort, casus.inhoud(stap.heen)))


def _invite(console: Console, omgeving: Omgeving, gespeeld: _Gespeeld) -> None:
    """Print commands that work as they stand."""
    paden = omgeving.paden
    stuur = (
        f"knooppunt stuur {paden.berichten / 'wmo301.xml'} --van {ZWOLLE.code} --naar {WILG.code} --functie WMO301 "
        f"--url {omgeving.koppelvlak_url} --cert {paden.pki}/{ZWOLLE.stam}.pem --key {paden.pki}/{ZWOLLE.stam}.key "
        f"--ca {paden.pki}/ca.pem"
    )
    afgekeurd = gespeeld.afwijzingen[0].heen.referentienummer
    print_commands(console, paden.config, afgekeurd, gespeeld.verlopen[0].boekingen[0].referentienummer, stuur)
