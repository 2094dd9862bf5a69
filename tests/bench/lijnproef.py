"""One setting with two sides, the hub and the straight line, that get the same berichten in turn."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from proefhub import Deelnemer, Proefhub
from sqlalchemy import create_engine, make_url, text

ZENDER = Deelnemer("0363", "Amsterdam")
ONTVANGERS = tuple(Deelnemer(f"9000{n:04d}", f"Zorg {n}") for n in range(1, 65))
HUB, LIJN, KAAL = "hub", "rechte lijn", "kale aiohttp"
_HIER = Path(__file__).parent


@dataclass(frozen=True)
class Meting:
    """One run of one side: berichten per second accepted and delivered, waiting in ms, and what a bericht costs.

    That is microseconds of processor time, and kB written: to sockets, and to disk unless another process does that.
    """

    per_s: float
    cpu_us: float
    kb: float
    p50_ms: float
    p99_ms: float


class Lijnproef:
    """Hub, straight line, and the process with zender and ontvangers around them. Close it whatever happens."""

    def __init__(self, hub: Proefhub, lijn_url: str, processen: int = 1) -> None:
        self.hub = hub
        self.processen = processen
        self._lijn_url = lijn_url
        self._processen: list[asyncio.subprocess.Process] = []
        self._poort: dict[str, int] = {}
        self._pid: dict[str, int] = {}

    async def start(self) -> None:
        pki = str(self.hub.map / "pki")
        codes = [d.code for d in ONTVANGERS]
        self._belasting = await self._process("belasting.py", {"pki": pki, "zender": ZENDER.code, "ontvangers": codes})
        poorten: dict[str, int] = json.loads(await _line(self._belasting))
        adressen = {code: f"https://127.0.0.1:{poort}/ggk" for code, poort in poorten.items()}
        for kant, url in ((LIJN, self._lijn_url), (KAAL, None)):
            proces = await self._process("rechte_lijn.py", {"pki": pki, "database": url, "adressen": adressen})
            self._poort[kant], self._pid[kant] = int(await _line(proces)), proces.pid
        await self.hub.register(adressen)
        # What one zender may hand in is part of what is measured, but where it ends is not.
        await self.hub.start(
            KNOOPPUNT_TOELATING__QUOTA_BERICHTEN="10000000", KNOOPPUNT_HUB__PROCESSEN=str(self.processen)
        )
        assert self.hub.proces is not None
        self._poort[HUB], self._pid[HUB] = int(self.hub.basis.rpartition(":")[2]), self.hub.proces.pid

    async def run(
        self, kant: str, aantal: int, tegelijk: int, tempo: float | None = None, *, alleen_aannemen: bool = False
    ) -> Meting:
        """Let one side take `aantal` berichten, `tempo` per second or all it can."""
        assert self._belasting.stdin is not None
        opdracht = {
            "poort": self._poort[kant],
            "aantal": aantal,
            "tegelijk": tegelijk,
            "tempo": tempo,
            "alleen_aannemen": alleen_aannemen,
        }
        self._belasting.stdin.write(json.dumps(opdracht).encode() + b"\n")
        await _line(self._belasting)  # connections are kept, so what it takes to make them is not what is measured
        voor, geschreven = _cpu_s(self._pid[kant]), _written_kb(self._pid[kant])
        self._belasting.stdin.write(b"\n")
        uitslag: dict[str, float] = json.loads(await _line(self._belasting))
        cpu = (_cpu_s(self._pid[kant]) - voor) / aantal * 1e6
        kb = (_written_kb(self._pid[kant]) - geschreven) / aantal
        return Meting(aantal / uitslag["duur_s"], cpu, kb, uitslag["p50_ms"], uitslag["p99_ms"])

    async def all_marked(self, aantal: int) -> None:
        """Wait until both databases say that all `aantal` berichten were delivered."""
        await _wait_for(self.hub.database_url, "SELECT count(*) FROM bericht WHERE status = 'Bezorgd'", aantal)
        await _wait_for(self._lijn_url, "SELECT count(*) FROM bericht WHERE status = 'Bezorgd'", aantal)

    async def close(self) -> None:
        await self.hub.stop()
        for proces in self._processen:
            if proces.returncode is None:
                proces.kill()
                await proces.wait()

    async def _process(self, script: str, begin: dict[str, Any]) -> asyncio.subprocess.Process:
        pijp = asyncio.subprocess.PIPE
        proces = await asyncio.create_subprocess_exec(sys.executable, str(_HIER / script), stdin=pijp, stdout=pijp)
        self._processen.append(proces)
        assert proces.stdin is not None
        proces.stdin.write(json.dumps(begin).encode() + b"\n")
        return proces


def _family(pid: int) -> list[psutil.Process]:
    """Return a process and those it started."""
    proces = psutil.Process(pid)
    return [proces, *proces.children(recursive=True)]


def _cpu_s(pid: int) -> float:
    """Return the processor time that a process and those it started have used, in seconds."""
    return sum(sum(een.cpu_times()[:2]) for een in _family(pid))


def _written_kb(pid: int) -> float:
    """Return what a process and those it started have written, in kB."""
    return sum(een.io_counters().write_chars for een in _family(pid)) / 1000


def other_schema(url: str) -> str:
    """Give the straight line tables of its own in the database of the hub."""
    motor = create_engine(url)
    with motor.begin() as conn:
        conn.execute(text("CREATE SCHEMA lijn"))
    motor.dispose()
    return make_url(url).update_query_dict({"options": "-csearch_path=lijn"}).render_as_string(hide_password=False)


def spread(waarden: list[float]) -> str:
    """Word a series: median, and lowest and highest."""
    return f"{statistics.median(waarden):.2f} ({min(waarden):.2f}-{max(waarden):.2f})"


async def _line(proces: asyncio.subprocess.Process) -> bytes:
    assert proces.stdout is not None
    regel = await proces.stdout.readline()
    if not regel:
        raise RuntimeError(f"the process ended with {await proces.wait()}")
    return regel


async def _wait_for(url: str, vraag: str, aantal: int) -> None:
    motor = create_engine(url)
    try:
        async with asyncio.timeout(30):
            while True:
                with motor.connect() as conn:
                    if conn.execute(text(vraag)).scalar() == aantal:
                        return
                await asyncio.sleep(0.05)  # the mark follows the answer of the ontvanger
    finally:
        motor.dispose()
