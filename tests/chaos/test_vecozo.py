"""``kill -9`` between storing what VECOZO had for us and confirming it there: nothing is lost, nothing comes twice."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from sjabloon import make_tables
from vecozobeurt import GEMEENTE
from veldproef import Opstelling, Uitslag

from istandaarden.opbouw import build
from knooppunt.demo.casus import wmo_casus
from knooppunt.simulatie.grootboek import Boeking, Richting
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


@pytest.mark.chaos
@pytest.mark.parametrize("opstelling", ["sqlite", "postgresql"], indirect=True)
async def test_killed_before_it_confirms_the_hub_fetches_again_and_has_it_once(
    tmp_path: Path, opstelling: Opstelling, uitslagen: list[Uitslag]
):
    url, _, configuratie = opstelling
    if url is None:
        make_tables(url := f"sqlite:///{tmp_path / 'knooppunt.db'}")
    Kluis.create(tmp_path / "sleutels")
    vecozo = VecozoSimulatie([CASUS.aanbieder], server=None)
    await vecozo.start()
    try:
        payload = build(CASUS.berichtsoort("315"), CASUS.inhoud("315"))
        for _ in range(AANTAL):
            await vecozo.send(CASUS.aanbieder, "WMO315", payload, GEMEENTE)
        assert (await _turn(url, tmp_path, vecozo.url, "voor_bevestiging:2"))[0] == -signal.SIGKILL
        assert len(_stored(url)) == 2  # one confirmed, one stored and not confirmed
        assert await _turn(url, tmp_path, vecozo.url) == (0, b"2")
        assert await _turn(url, tmp_path, vecozo.url) == (0, b"0")  # all are confirmed
    finally:
        await vecozo.close()
    uitslag = _compare(vecozo.grootboeken[CASUS.aanbieder].of(Richting.VERZONDEN), _stored(url))
    uitslag.cel, uitslag.configuratie, uitslag.bevestigd = "voor_bevestiging", configuratie, AANTAL
    uitslag.gevallen = uitslag.onderbroken = uitslag.herhaald = 1  # what was stored and not confirmed came once more
    uitslagen.append(uitslag)
    uitslag.check()


def _stored(url: str) -> list[sa.Row[tuple[str, str, str]]]:
    """Referentienummer, ontvanger and digest of what the hub holds, in the order in which it will be collected."""
    b, a = schema.bericht.c, schema.aflevering.c
    engine = make_engine(parse_url(url), schrijft=False)
    with engine.connect() as conn:
        rijen = conn.execute(
            sa.select(b.referentienummer, b.ontvanger, b.payload_digest)
            .join_from(schema.bericht, schema.aflevering, a.bericht_id == b.id)
            .order_by(a.seq)
        ).all()
    engine.dispose()
    return list(rijen)


def _compare(verzonden: list[Boeking], opgeslagen: list[sa.Row[tuple[str, str, str]]]) -> Uitslag:
    """Compare the ledger of the sender with what the hub holds."""
    bekend = {boeking.referentienummer: (nr, boeking.digest) for nr, boeking in enumerate(verzonden)}
    eigen = {ref: digest for ref, ontvanger, digest in opgeslagen if ref in bekend and ontvanger == GEMEENTE}
    return Uitslag(
        "",
        "",
        verloren=len(bekend) - len(eigen),
        volgorde=sum(bekend[een][0] > bekend[ander][0] for een, ander in pairwise(eigen)),
        anders=sum(digest != bekend[ref][1] for ref, digest in eigen.items()),
        verkeerd=len(opgeslagen) - len(eigen),
    )
