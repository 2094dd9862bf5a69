"""What a session that is left idle in a transaction costs three nodes, beside the same load without it, in one run.

Such a session keeps PostgreSQL from cleaning up dead rows, and the row of a lane is updated for every delivery. Nodes
are processes of their own; senders and receivers are in this one.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from statistics import mean

import psutil
import pytest
import sqlalchemy as sa
from veldproef import Veldproef

pytestmark = pytest.mark.bench
_PER_RONDE, _RONDES = 300, 8


class Meter:
    """Measures rounds of load: berichten per second, and processor time of nodes and PostgreSQL per bericht."""

    def __init__(self, proef: Veldproef, conn: sa.Connection) -> None:
        self._proef = proef
        eigen = psutil.Process(conn.execute(sa.text("SELECT pg_backend_pid()")).scalar_one())
        postgres = eigen.parent()
        assert postgres is not None
        self._postgres = postgres

    def _cpu_s(self) -> float:
        knopen = [psutil.Process(knoop.proces.pid) for knoop in self._proef.knopen if knoop.proces is not None]
        tijden = [proces.cpu_times() for proces in (*knopen, *self._postgres.children())]
        return sum(tijd.user + tijd.system for tijd in tijden)

    async def round(self) -> tuple[float, float]:
        """Have a round delivered; return berichten per second, and berichten per second of processor time."""
        begin, cpu = time.perf_counter(), self._cpu_s()
        await self._proef.load(_enough(), _PER_RONDE)
        await self._proef.drain()
        return _PER_RONDE / (time.perf_counter() - begin), _PER_RONDE / (self._cpu_s() - cpu)


def _enough() -> asyncio.Event:
    genoeg = asyncio.Event()
    genoeg.set()
    return genoeg


@pytest.mark.timeout(3600)
async def test_three_nodes_beside_a_session_idle_in_transaction(postgres_url: str, tmp_path: Path):
    proef = await asyncio.to_thread(Veldproef, tmp_path, postgres_url, 3, "PostgreSQL, 3 knooppunten", 16)
    engine = sa.create_engine(postgres_url)
    try:
        await proef.start()
        with engine.connect() as conn:
            meter = Meter(proef, conn)
        await meter.round()  # warm-up
        zonder = [await meter.round() for _ in range(3)]
        with engine.connect() as sessie:
            sessie.execute(sa.text("SELECT txid_current()"))
            met = [await meter.round() for _ in range(_RONDES)]
        proef.snapshot().check()
    finally:
        engine.dispose()
        await proef.close()
    for soort, welke in (("tempo", 0), ("tempo per processorseconde", 1)):
        basis = mean(ronde[welke] for ronde in zonder)
        verloop = ", ".join(f"{ronde[welke] / basis:.2f}" for ronde in met)
        print(f"\n{soort}: {mean(r[welke] for r in met) / basis:.2f} van {basis:.0f}; per {_PER_RONDE}: {verloop}")
    assert mean(ronde[0] for ronde in met) >= 0.8 * mean(ronde[0] for ronde in zonder)
