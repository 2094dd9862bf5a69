"""The demo from beginning to end: set up, play, check, print, and perhaps stay open."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from istandaarden.opbouw import build
from knooppunt.databank import read_engine
from knooppunt.demo import (
    pgboverstap,
    tegenslag,
    verwerkingslog,
    viavecozo,
    wlzsignaal,
    wlztoetsen,
    woonplaatsvragen,
)
from knooppunt.demo.casus import jeugd_casus, variant, wmo_casus
from knooppunt.demo.controle import Controles
from knooppunt.demo.deelnemers import UTRECHT, WILG, ZWOLLE
from knooppunt.demo.draaiboek import VERHAAL
from knooppunt.demo.omgeving import Omgeving
from knooppunt.demo.tafereel import Tafereel, perform
from knooppunt.demo.verhaal import Verloop, play
from knooppunt.demo.verslag import (
    print_case,
    print_commands,
    print_history,
    print_rejection,
    print_scene,
    print_verdict,
)


@dataclass(slots=True)
class _Gespeeld:
    """What happened, for the report."""

    verlopen: list[Verloop] = field(default_factory=list)
    afwijzingen: list[tegenslag.Afwijzing] = field(default_factory=list)
    hersteld: Verloop | None = None
    taferelen: list[Tafereel] = field(default_factory=list)


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
        console.print("Certificaten, database, knooppunt en alle partijen worden klaargezet…")
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
                console.print(Text(omgeving.hub.log_tail(), style="dim"), soft_wrap=True)
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
        raise FileExistsError(f"De map {plek} is niet leeg; kies een andere, of verwijder haar eerst.")
    return plek


async def _play(console: Console, omgeving: Omgeving, controles: Controles, vandaag: date) -> _Gespeeld:
    """Play everything at once, and tell of each part when its turn has come."""
    gespeeld = _Gespeeld()
    async with asyncio.TaskGroup() as groep:
        taken = _start_scenes(groep, omgeving, controles, vandaag)
        await _play_cases(console, omgeving, controles, gespeeld, vandaag)
        console.print("\nOpvragingen, signalen, pgb en VECOZO:")
        for taak in asyncio.as_completed(taken):  # those that are over already come first
            tafereel = await taak
            _tell(console, tafereel.titel, goed=tafereel.goed)
    gespeeld.taferelen = [taak.result() for taak in taken]
    o = omgeving
    for partij in (o.zwolle, o.utrecht, o.wilg, o.anker, o.svb, o.vws, o.es):
        controles.check(f"{partij.naam} kon alle antwoorden kwijt", not partij.mislukt, "; ".join(partij.mislukt))
    return gespeeld


async def _play_cases(
    console: Console, omgeving: Omgeving, controles: Controles, gespeeld: _Gespeeld, vandaag: date
) -> None:
    """Play the two care cases, and then what goes wrong."""
    meld = functools.partial(_tell, console)
    zwolle, utrecht, wilg, anker = omgeving.zwolle, omgeving.utrecht, omgeving.wilg, omgeving.anker
    console.print("\nTwee zorgverhalen, tegelijk:")
    gespeeld.verlopen += await asyncio.gather(
        play(wmo_casus(vandaag), zwolle, wilg, controles, meld),
        play(jeugd_casus(vandaag), utrecht, anker, controles, meld),
    )
    console.print("\nVier tegenslagen:")
    gespeeld.afwijzingen += await asyncio.gather(
        tegenslag.broken_payload(utrecht, anker, controles, vandaag),
        tegenslag.unknown_receiver(wilg, controles, vandaag),
        tegenslag.no_machtiging(zwolle, anker, controles, vandaag),
    )
    for afwijzing in gespeeld.afwijzingen:
        if afwijzing.fo01 is not None:
            kop = afwijzing.titel.partition(": ")[2]
            meld(f"{kop[0].upper()}{kop[1:]}: afgekeurd, en de zender kreeg een Fo01 met uitleg")
    gespeeld.hersteld = await tegenslag.receiver_down(zwolle, wilg, controles, vandaag, meld)


def _start_scenes(
    groep: asyncio.TaskGroup, omgeving: Omgeving, controles: Controles, vandaag: date
) -> list[asyncio.Task[Tafereel]]:
    """Start the lookups, signals, pgb and VECOZO side by side; the log that names the lookups follows them."""

    def start(titel: str, spel: Callable[[Tafereel, Omgeving, Controles], Awaitable[None]]) -> asyncio.Task[Tafereel]:
        tafereel = Tafereel(titel)
        return groep.create_task(perform(tafereel, spel(tafereel, omgeving, controles), controles))

    woonplaats = start(woonplaatsvragen.TITEL, woonplaatsvragen.ask)
    toetsen = start(wlztoetsen.TITEL, wlztoetsen.ask)
    signaal = start(wlzsignaal.TITEL, functools.partial(wlzsignaal.follow, vandaag=vandaag))
    na = functools.partial(verwerkingslog.show, woonplaats=woonplaats, rest=asyncio.gather(toetsen, signaal))
    return [
        woonplaats,
        toetsen,
        signaal,
        start(verwerkingslog.TITEL, na),
        start(pgboverstap.TITEL, functools.partial(pgboverstap.move, vandaag=vandaag)),
        start(viavecozo.TITEL, functools.partial(viavecozo.exchange, vandaag=vandaag)),
    ]


def _tell(console: Console, tekst: str, *, goed: bool = True) -> None:
    teken = ("  ✓ ", "green") if goed else ("  ✗ ", "bold red")
    console.print(Text.assemble(teken, tekst), soft_wrap=True)


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
        for tafereel in gespeeld.taferelen:
            print_scene(console, conn, tafereel)


def _write_berichten(map_: Path, vandaag: date) -> None:
    """Leave heenberichten and a question as files, to look at and to send by hand."""
    map_.mkdir()
    for casus in (variant(wmo_casus(vandaag), 95), variant(jeugd_casus(vandaag), 96)):
        for stap in VERHAAL:
            soort = casus.berichtsoort(stap.heen)
            (map_ / f"{soort.code.lower()}.xml").write_bytes(build(soort, casus.inhoud(stap.heen)))
    (map_ / "wmo501.xml").write_bytes(pgboverstap.make_501("VWS-9", vandaag.replace(year=vandaag.year + 1, day=1)))
    vraag = woonplaatsvragen.question("2022-03-01", "WPB-2026-9")
    (map_ / "woonplaats.json").write_text(json.dumps(vraag, indent=2), "utf-8")


def _invite(console: Console, omgeving: Omgeving, gespeeld: _Gespeeld) -> None:
    """Print commands that work as they stand."""
    paden, pki = omgeving.paden, omgeving.paden.pki
    eigen = "knooppunt" if shutil.which("knooppunt") else str(Path(sys.executable).with_name("knooppunt"))
    config = f"--config {paden.config}"
    stuur = (
        f"{eigen} stuur {paden.berichten}/wmo301.xml --van {ZWOLLE.code} --naar {WILG.code} --functie WMO301 "
        f"--url {omgeving.koppelvlak_url} --cert {pki}/{ZWOLLE.stam}.pem --key {pki}/{ZWOLLE.stam}.key "
        f"--ca {pki}/ca.pem"
    )
    vraag = (
        f"curl --silent --show-error --cert {pki}/{UTRECHT.stam}.pem --key {pki}/{UTRECHT.stam}.key "
        f"--cacert {pki}/ca.pem --json @{paden.berichten}/woonplaats.json "
        f"{omgeving.hub_url}/api/v1{woonplaatsvragen.PAD}"
    )
    afgekeurd = gespeeld.afwijzingen[0].heen.referentienummer
    print_commands(
        console,
        [
            f"{eigen} bericht zoek {config}",
            f"{eigen} bericht zoek {config} --status Afgekeurd",
            f"{eigen} bericht uitleg {afgekeurd} {config}",
            f"{eigen} bericht toon {gespeeld.verlopen[0].boekingen[0].referentienummer} {config}",
            f"{eigen} partij toon {config}",
            stuur,
            f"{eigen} pgb overstap {config}",
            f"{eigen} wlz signalen --partij {UTRECHT.code} --zaak WLZ-2026-9 {config}",
            vraag,
        ],
    )
