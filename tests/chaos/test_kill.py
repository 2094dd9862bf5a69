"""``kill -9`` of the hub at random moments: nothing that was acknowledged is lost, on SQLite and on PostgreSQL.

Two ledgers are compared afterwards: what the senders got a Bv03 for, and what the receivers booked.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import psutil
import pytest
from proefhub import Deelnemer, Proefhub
from sqlalchemy import create_engine, text

from istandaarden.catalogus import ingebouwd
from istandaarden.opbouw import build
from knooppunt.simulatie.grootboek import Richting
from knooppunt.simulatie.opstellen import compose_envelop
from knooppunt.simulatie.stuf import PAD
from knooppunt.simulatie.verzending import StufZender
from routing.bericht import Envelop
from routing.poorten import Uitkomstsoort

_GEMEENTE = Deelnemer("0363", "Amsterdam")
_AANBIEDERS = tuple(Deelnemer(f"9000000{n}", f"Zorg {n}") for n in range(1, 6))
_TEGELIJK = 16
_LEASE = {"KNOOPPUNT_LEASE_MS": "8000"}  # who died is waited for as long as that


def _bericht(nummer: int, naar: str) -> bytes:
    """A WMO319: the smallest heenbericht of a gemeente."""
    return build(
        ingebouwd().find("WMO319", "3.2"),
        {
            "Header": {
                "Afzender": _GEMEENTE.code,
                "Ontvanger": naar,
                "BerichtIdentificatie": {"Identificatie": str(nummer), "Dagtekening": "2026-01-05"},
                "XsdVersie": {"BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0"},
            },
            "Antwoord": {"ReferentieAanbieder": f"R{nummer}", "VerzoekAntwoord": "2"},
        },
    )


async def _send_all(hub: Proefhub, berichten: Iterator[tuple[Envelop, bytes]], bevestigd: list[str]) -> None:
    """Offer berichten one after another, each again until it is acknowledged, as software of a gemeente does."""
    _, client = hub.credentials(_GEMEENTE.code)
    basis, zender = "", StufZender("", client)
    for envelop, payload in berichten:
        aangekomen = False
        while True:
            if basis != hub.basis:
                await zender.close()
                basis, zender = hub.basis, StufZender(hub.basis + PAD, client)
            uitkomst = await zender.send(envelop, payload, mogelijk_aangekomen=aangekomen)
            if uitkomst.soort is Uitkomstsoort.BEZORGD:
                bevestigd.append(envelop.stuurgegevens.referentienummer)
                break
            assert uitkomst.soort is Uitkomstsoort.TIJDELIJK, uitkomst
            aangekomen = aangekomen or uitkomst.mogelijk_aangekomen
            await asyncio.sleep(0.05)  # the hub is being started again
    await zender.close()


async def _murder(
    kill: Callable[[], Awaitable[None]], bevestigd: list[str], dobbelsteen: random.Random, aantal: int, moorden: int
) -> None:
    for moment in sorted(dobbelsteen.sample(range(aantal // 20, aantal - aantal // 20), moorden)):
        while len(bevestigd) < moment:  # noqa: ASYNC110 - the moment is a count, met in passing
            await asyncio.sleep(0.001)
        await kill()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("databank", "processen"), [("sqlite", 1), ("sqlite", 2), ("postgresql", 1), ("postgresql", 2)]
)
@pytest.mark.parametrize("omvang", [(300, 2), pytest.param((2000, 5), marks=pytest.mark.traag)])
async def test_kills_lose_nothing_that_was_acknowledged(
    databank: str, processen: int, omvang: tuple[int, int], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A node of one process is started again by us, one of several by its foreman."""
    aantal, moorden = omvang
    dobbelsteen = random.Random(f"{databank} 2026")  # noqa: S311 - repeatable, not secret
    url = None if databank == "sqlite" else str(request.getfixturevalue("postgres_url"))
    hub = await asyncio.to_thread(Proefhub, tmp_path, (_GEMEENTE, *_AANBIEDERS), url)
    partijen = [hub.stuf_partij(d.code) for d in _AANBIEDERS]

    async def kill() -> None:
        if processen == 1:
            await hub.kill()
            await hub.start(**_LEASE)
            return
        assert hub.proces is not None
        leven = psutil.Process(hub.proces.pid).children()
        while len(leven) < processen:  # the one killed before is not back yet
            await asyncio.sleep(0.05)
            leven = psutil.Process(hub.proces.pid).children()
        dobbelsteen.choice(leven).kill()

    try:
        await hub.register({p.code: await p.start() for p in partijen} | {_GEMEENTE.code: "https://127.0.0.1:1/"})
        await hub.start(**_LEASE, KNOOPPUNT_HUB__PROCESSEN=str(processen))
        bevestigd: list[str] = []
        berichten = iter(
            [
                (compose_envelop(van=_GEMEENTE.code, naar=p.code, functie="WMO319"), _bericht(nummer, p.code))
                for nummer in range(aantal)
                for p in [partijen[nummer % len(partijen)]]
            ]
        )
        async with asyncio.TaskGroup() as taken:
            taken.create_task(_murder(kill, bevestigd, dobbelsteen, aantal, moorden))
            for _ in range(_TEGELIJK):
                taken.create_task(_send_all(hub, berichten, bevestigd))
        assert len(set(bevestigd)) == aantal
        async with asyncio.timeout(120):
            while sum(len(p.grootboek.boekingen) for p in partijen) < aantal:  # noqa: ASYNC110 - five ledgers at once
                await asyncio.sleep(0.05)
        assert await hub.stop() == 0
        _compare(hub, partijen, set(bevestigd), moorden)
    finally:
        await hub.stop()
        for partij in partijen:
            await partij.close()


def _compare(hub: Proefhub, partijen: list, bevestigd: set[str], moorden: int) -> None:  # type: ignore[type-arg]  # StufPartij
    ontvangen = Counter(b.referentienummer for p in partijen for b in p.grootboek.of(Richting.ONTVANGEN))
    assert set(ontvangen) == bevestigd  # lost: none; from nowhere: none
    assert set(ontvangen.values()) == {1}  # booked once: a repetition has the same referentienummer
    herhaald = sum(p.grootboek.herhalingen for p in partijen)
    assert herhaald <= moorden * len(partijen)  # at most what was on its way in each lane at each kill
    motor = create_engine(hub.database_url)
    with motor.connect() as conn:
        for partij in partijen:
            volgorde = conn.execute(
                text(
                    "SELECT b.referentienummer FROM aflevering a JOIN bericht b ON b.id = a.bericht_id"
                    " WHERE a.lane = :lane ORDER BY a.seq"
                ),
                {"lane": partij.code},
            ).scalars()
            assert list(volgorde) == [b.referentienummer for b in partij.grootboek.of(Richting.ONTVANGEN)]
        open_ = conn.execute(text("SELECT count(*) FROM aflevering WHERE open")).scalar()
        status = dict(conn.execute(text("SELECT status, count(*) FROM bericht WHERE geldend GROUP BY status")).all())  # type: ignore[arg-type]  # two columns
    motor.dispose()
    assert open_ == 0
    assert status == {"Bezorgd": len(bevestigd)}
    print(f"\n{len(bevestigd)} bevestigd, 0 verloren, {herhaald} herhaald bezorgd, volgorde per lane klopt")
