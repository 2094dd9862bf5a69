"""``kill -9`` between storing what VECOZO had for us and confirming it there: nothing is lost, nothing comes twice."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from sjabloon import make_tables
from vecozobeurt import GEMEENTE

from istandaarden.opbouw import build
from knooppunt.demo.casus import wmo_casus
from knooppunt.simulatie.grootboek import Richting
from knooppunt.simulatie.vecozo import VecozoSimulatie
from routing import schema
from routing.databank import make_engine, parse_url
from routing.kluis import Kluis

_STEUN = Path(__file__).parents[1] / "steun"
CASUS = replace(wmo_casus(date(2026, 3, 4)), gemeente=GEMEENTE)
AANTAL = 3


async def _turn(url: str, map_: Path, vecozo: str, crash: str = "") -> tuple[int, bytes]:
    proces = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "vecozobeurt",
        url,
        str(map_ / "sleutels"),
        vecozo,
        env=os.environ | {"PYTHONPATH": str(_STEUN), "KNOOPPUNT_CRASH": crash},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(120):
        uit, _ = await proces.communicate()
    return proces.returncode or 0, uit.strip().splitlines()[-1] if uit.strip() else b""


async def test_killed_before_it_confirms_the_hub_fetches_again_and_has_it_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'knooppunt.db'}"
    make_tables(url)
    Kluis.create(tmp_path / "sleutels")
    vecozo = VecozoSimulatie([CASUS.aanbieder], server=None)
    await vecozo.start()
    try:
        payload = build(CASUS.berichtsoort("315"), CASUS.inhoud("315"))
        for _ in range(AANTAL):
            await vecozo.send(CASUS.aanbieder, "WMO315", payload, GEMEENTE)
        assert (await _turn(url, tmp_path, vecozo.url, "voor_bevestiging:2"))[0] == -signal.SIGKILL
        assert _stored(url) == 2  # one confirmed, one stored and not confirmed
        assert await _turn(url, tmp_path, vecozo.url) == (0, b"2")
        assert await _turn(url, tmp_path, vecozo.url) == (0, b"0")
    finally:
        await vecozo.close()
    assert _stored(url) == AANTAL == len(vecozo.grootboeken[CASUS.aanbieder].of(Richting.VERZONDEN))


def _stored(url: str) -> int:
    engine = make_engine(parse_url(url), schrijft=False)
    with engine.connect() as conn:
        aantal = conn.execute(sa.select(sa.func.count(sa.distinct(schema.bericht.c.referentienummer)))).scalar()
        rijen = conn.execute(sa.select(sa.func.count()).select_from(schema.bericht)).scalar()
    engine.dispose()
    assert aantal == rijen
    return int(aantal or 0)
