"""``kill -9`` during the daily round over the Wlz-register: no signal is missed, and none is told twice."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from proefwlz import Dagronde
from sjabloon import make_tables
from wlzbeurt import AANTAL

from routing import schema
from routing.kluis import Kluis
from routing.opslag import Opslag

_STEUN = Path(__file__).parents[1] / "steun"


async def _turn(url: str, map_: Path, dagen: int, crash: str = "") -> int:
    proces = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "wlzbeurt",
        url,
        str(map_ / "sleutels"),
        str(dagen),
        env=os.environ | {"PYTHONPATH": str(_STEUN), "KNOOPPUNT_CRASH": crash},
        stdout=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(120):
        return await proces.wait()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("wanneer", ["voor", "na"])
@pytest.mark.parametrize(  # four commits hold the copy, three the signals
    "keer", [pytest.param(2, marks=pytest.mark.traag), 5, pytest.param(6, marks=pytest.mark.traag)]
)
async def test_killed_anywhere_in_the_round_every_signal_is_told_once(tmp_path: Path, wanneer: str, keer: int) -> None:
    url = f"sqlite:///{tmp_path / 'knooppunt.db'}"
    make_tables(url)
    opslag = Opslag(url)
    dag = Dagronde(opslag, Kluis.create(tmp_path / "sleutels"))
    try:
        await dag.follow(*range(AANTAL))
        await dag.run()  # the register is empty: from here on every indication is new
    finally:
        await opslag.close()
    assert await _turn(url, tmp_path, 2, f"{wanneer}_commit_onderhoud:{keer}") == -signal.SIGKILL
    assert await _turn(url, tmp_path, 4) == 0  # a day and more later its lease is over
    opslag = Opslag(url)
    try:
        dag.opslag = opslag
        verteld = Counter((s.soort, s.referentie) for s in await dag.signals())
        events = await opslag.read(
            lambda c: c.execute(sa.select(sa.func.count()).select_from(schema.notificatie)).scalar()
        )
        rondes = await opslag.read(lambda c: c.execute(sa.select(schema.wlz_ronde.c.indicaties)).scalars().all())
    finally:
        await opslag.close()
    assert verteld == Counter(("begin", f"Z-{nr}") for nr in range(AANTAL))
    assert events == AANTAL
    assert rondes == [AANTAL]
