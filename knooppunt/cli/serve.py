"""`knooppunt serve`: the hub."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvloop

from knooppunt.configuratie import Configuratie, ConfiguratieFout
from knooppunt.configuratiebestand import load
from knooppunt.hub import Hub
from knooppunt.journaal import configure
from knooppunt.luisteraar import make_url
from knooppunt.voorman import Voorman, Werkplek
from routing.functies import functies

_log = structlog.get_logger(__name__)

_AFVAL_NA = 10_000
"""Objects made since the last look for garbage that start the next; some twenty berichten."""
_MELDING_S = 1.0


def serve(
    config: Annotated[Path, typer.Option(help="Configuratiebestand van het knooppunt.")] = Path("knooppunt.toml"),
    upgrade: Annotated[
        bool, typer.Option("--upgrade", help="Breng eerst de tabellen bij; op SQLite gebeurt dat altijd.")
    ] = False,
    klaar_bestand: Annotated[
        Path | None, typer.Option(help="Schrijf hier, zodra alles luistert, proces en adressen als JSON.")
    ] = None,
) -> None:
    """Start het knooppunt; SIGTERM of Ctrl-C stopt het nadat lopende verzoeken klaar zijn."""
    configuratie = load(config)
    configure(configuratie.logging)
    functies()  # read the standards and functies now: what is wrong with them is told before anything listens
    if klaar_bestand is not None:
        _clear(klaar_bestand)
    if configuratie.hub.count_processes() > 1:
        code = _lead(configuratie, upgrade=upgrade, klaar_bestand=klaar_bestand)
        if code:
            raise typer.Exit(code)
        return
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(configuratie, upgrade=upgrade, klaar_bestand=klaar_bestand))


def _lead(configuratie: Configuratie, *, upgrade: bool, klaar_bestand: Path | None) -> int:
    """Be the foreman of a node of several processes; return the exit code."""

    def work(plek: Werkplek) -> int:
        configure(configuratie.logging, proces=plek.nummer)
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_serve_at(configuratie, plek))
        except ConfiguratieFout as fout:
            print(fout, file=sys.stderr)
            return 2
        return 0

    def klaar(poort: int, processen: list[tuple[int, int]]) -> None:
        koppelvlak = make_url("https", configuratie.koppelvlak.adres, poort)
        beheer = [make_url("http", configuratie.beheer.adres, achter) for _, achter in processen]
        if klaar_bestand is not None:
            leden = [{"pid": pid, "beheer": url} for (pid, _), url in zip(processen, beheer, strict=True)]
            _announce(klaar_bestand, {"koppelvlak": koppelvlak, "beheer": beheer[0], "processen": leden})
        _log.info("knooppunt luistert", koppelvlak=koppelvlak, beheer=beheer)

    gc.collect()
    gc.freeze()  # so that the processes go on sharing what stands in memory now
    code = Voorman(configuratie, work, klaar).run(upgrade_first=upgrade)
    if klaar_bestand is not None:
        klaar_bestand.unlink(missing_ok=True)
    return code


async def _serve_at(configuratie: Configuratie, plek: Werkplek) -> None:
    """Serve as one process of several, until told to stop or left alone."""
    einde = _listen_for_the_end()
    lus = asyncio.get_running_loop()

    def hear() -> None:
        if plek.is_left_alone():
            lus.remove_reader(plek.lijn)
            einde.set()

    async with Hub(configuratie, werkplek=plek):
        _settle_memory()
        lus.add_reader(plek.lijn, hear)
        while plek.report() and not einde.is_set():
            try:
                async with asyncio.timeout(_MELDING_S):
                    await einde.wait()
            except TimeoutError:
                continue


async def _serve(configuratie: Configuratie, *, upgrade: bool, klaar_bestand: Path | None) -> None:
    einde = _listen_for_the_end()
    async with Hub(configuratie, upgrade=upgrade) as hub:
        if klaar_bestand is not None:
            _announce(klaar_bestand, {"koppelvlak": hub.koppelvlak_url, "beheer": hub.beheer_url})
        _settle_memory()
        _log.info("knooppunt luistert", koppelvlak=hub.koppelvlak_url, beheer=hub.beheer_url)
        await einde.wait()
        _log.info("knooppunt stopt")
    if klaar_bestand is not None:
        klaar_bestand.unlink(missing_ok=True)  # noqa: ASYNC240 - nothing else runs any more


def _listen_for_the_end() -> asyncio.Event:
    einde = asyncio.Event()
    for teken in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(teken, einde.set)
    return einde


def _settle_memory() -> None:
    """Keep what exists by now out of the search for garbage: it stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_AFVAL_NA)


def _clear(pad: Path) -> None:
    """Remove what an earlier run left, so that nobody takes it for ours, and see whether it can be written."""
    proef = _beside(pad)
    try:
        pad.unlink(missing_ok=True)
        proef.touch()
        proef.unlink()
    except OSError as fout:
        raise ConfiguratieFout(f"--klaar-bestand: {pad} is niet te schrijven ({fout.strerror}).") from None


def _beside(pad: Path) -> Path:
    return pad.with_name(f"{pad.name}.{os.getpid()}")


def _announce(pad: Path, wat: dict[str, object]) -> None:
    """Write the file in one move, so that a reader never sees half of it."""
    tijdelijk = _beside(pad)
    tijdelijk.write_text(json.dumps({"pid": os.getpid()} | wat) + "\n", "utf-8")
    tijdelijk.replace(pad)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)
