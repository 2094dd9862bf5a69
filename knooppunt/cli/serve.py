"""`knooppunt serve`: the hub."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvloop

from knooppunt.configuratie import Configuratie, ConfiguratieFout
from knooppunt.configuratiebestand import load
from knooppunt.hub import Hub
from knooppunt.journaal import configure
from routing.functies import functies

_log = structlog.get_logger(__name__)

_AFVAL_NA = 10_000
"""Objects made since the last look for garbage that start the next; some twenty berichten."""


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
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(configuratie, upgrade=upgrade, klaar_bestand=klaar_bestand))


async def _serve(configuratie: Configuratie, *, upgrade: bool, klaar_bestand: Path | None) -> None:
    einde = asyncio.Event()
    for teken in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(teken, einde.set)
    async with Hub(configuratie, upgrade=upgrade) as hub:
        if klaar_bestand is not None:
            _announce(klaar_bestand, hub)
        # What exists by now stays: it need not be looked through for garbage again and again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_AFVAL_NA)
        _log.info("knooppunt luistert", koppelvlak=hub.koppelvlak_url, beheer=hub.beheer_url)
        await einde.wait()
        _log.info("knooppunt stopt")
    if klaar_bestand is not None:
        klaar_bestand.unlink(missing_ok=True)  # noqa: ASYNC240 - nothing else runs any more


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


def _announce(pad: Path, hub: Hub) -> None:
    """Write the file in one move, so that a reader never sees half of it."""
    tijdelijk = _beside(pad)
    inhoud = {"pid": os.getpid(), "koppelvlak": hub.koppelvlak_url, "beheer": hub.beheer_url}
    tijdelijk.write_text(json.dumps(inhoud) + "\n", "utf-8")
    tijdelijk.replace(pad)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)
