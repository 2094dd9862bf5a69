"""Periodic tasks on both databases: one node at a time, taken over from the dead, and fenced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from routing import onderhoud, schema
from routing.databank import make_engine, parse_url
from routing.klok import Klok
from routing.lanes import LEASE_MS
from routing.onderhoud import Beurt, BeurtVerloren, Onderhoud, Taak
from routing.opslag import Opslag


def tel(conn: sa.Connection, code: str = "x") -> None:
    conn.execute(sa.insert(schema.partij).values(code=code, soort="gemeente", naam=code))


async def geteld(opslag: Opslag) -> int:
    return await opslag.read(lambda conn: conn.execute(sa.select(sa.func.count(schema.partij.c.code))).scalar_one())


def taak(doe: Callable[[Beurt], object], elke_s: float = 3600) -> Taak:
    return Taak("proef", elke_s, doe)


async def niets(_beurt: Beurt) -> None:
    """Do nothing."""


async def test_of_many_nodes_one_does_it_and_not_again_before_it_is_due(opslag: Opslag, klok: Klok):
    aantal: list[int] = []

    async def doe(beurt: Beurt) -> None:
        aantal.append(1)
        await beurt.write(tel, f"keer {len(aantal)}")

    beurten = await asyncio.gather(*(Onderhoud(opslag, ()).run(taak(doe)) for _ in range(8)))
    assert (sum(beurten), len(aantal)) == (1, 1)
    assert not await Onderhoud(opslag, ()).run(taak(doe))
    klok.verschuiving_ms += 3_600_001
    assert await Onderhoud(opslag, ()).run(taak(doe))
    assert await geteld(opslag) == 2


async def test_who_dies_is_succeeded_and_writes_nothing_afterwards(opslag: Opslag, klok: Klok):
    assert await opslag.write(onderhoud.take, "proef", "oud", 3600)
    assert not await Onderhoud(opslag, ()).run(taak(niets))
    klok.verschuiving_ms += LEASE_MS + 1
    dood = Beurt(opslag, "proef", "oud")
    with pytest.raises(BeurtVerloren):  # also before anyone took over
        await dood.write(tel)
    assert await Onderhoud(opslag, ()).run(taak(niets))
    with pytest.raises(BeurtVerloren):
        await dood.write(tel)
    assert not await opslag.write(onderhoud.end, "proef", "oud", 0)
    assert await geteld(opslag) == 0


async def test_each_write_renews_the_lease(opslag: Opslag, klok: Klok):
    async def doe(beurt: Beurt) -> None:
        for keer in range(4):
            klok.verschuiving_ms += LEASE_MS // 2
            await beurt.write(tel, f"keer {keer}")
            assert not await Onderhoud(opslag, ()).run(taak(niets))

    assert await Onderhoud(opslag, ()).run(taak(doe))
    assert await geteld(opslag) == 4


async def test_waiting_for_something_else_keeps_the_turn(opslag: Opslag, klok: Klok, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(onderhoud, "_HARTSLAG_S", 0.01)
    einde = sa.select(schema.onderhoud.c.leased_until)

    async def doe(beurt: Beurt) -> None:
        for _ in range(4):
            eerder = await opslag.read(lambda conn: conn.execute(einde).scalar_one())
            klok.verschuiving_ms += LEASE_MS // 2
            while await opslag.read(lambda conn: conn.execute(einde).scalar_one()) < eerder + LEASE_MS // 2:  # noqa: ASYNC110
                await asyncio.sleep(0)
        await beurt.write(tel)

    assert await Onderhoud(opslag, ()).run(taak(doe))
    assert await geteld(opslag) == 1


async def test_losing_the_lease_ends_what_is_running(opslag: Opslag, klok: Klok, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(onderhoud, "_HARTSLAG_S", 0.01)
    afgebroken = asyncio.Event()

    async def doe(_beurt: Beurt) -> None:
        klok.verschuiving_ms += LEASE_MS + 1
        try:
            await asyncio.Event().wait()
        finally:
            afgebroken.set()

    with pytest.raises(BeurtVerloren):
        await Onderhoud(opslag, ()).run(taak(doe))
    assert afgebroken.is_set()


async def test_stopping_gives_the_turn_to_the_next_node_at_once(opslag: Opslag):
    bezig = asyncio.Event()

    async def eeuwig(_beurt: Beurt) -> None:
        bezig.set()
        await asyncio.Event().wait()

    een = Onderhoud(opslag, (taak(eeuwig),))
    een.start()
    await bezig.wait()
    await een.stop()
    assert await Onderhoud(opslag, ()).run(taak(niets))


async def test_what_a_task_raises_is_logged_by_place_and_it_comes_again(
    opslag: Opslag, klok: Klok, capsys: pytest.CaptureFixture
):
    keren: list[int] = []
    gelukt = asyncio.Event()

    async def doe(_beurt: Beurt) -> None:
        keren.append(1)
        if len(keren) == 1:
            raise ValueError("bsn 999990019")
        gelukt.set()

    onderdeel = Onderhoud(opslag, (taak(doe, 0.01),))
    onderdeel.start()
    await gelukt.wait()
    await onderdeel.stop()
    uit = capsys.readouterr()
    assert "999990019" not in uit.out + uit.err


async def test_a_clock_that_is_set_back_does_not_stop_a_task_for_ever(opslag: Opslag, klok: Klok):
    klok.verschuiving_ms += 10 * 86_400_000
    assert await Onderhoud(opslag, ()).run(taak(niets))
    klok.verschuiving_ms = 0
    assert await Onderhoud(opslag, ()).run(taak(niets))
    klok.verschuiving_ms += 10 * 86_400_000
    assert await opslag.write(onderhoud.take, "proef", "ver", 3600)
    klok.verschuiving_ms = 7_200_000
    assert await Onderhoud(opslag, ()).run(taak(niets))


async def test_who_froze_in_the_middle_of_a_transaction_holds_up_nobody(opslag: Opslag, klok: Klok, database_url: str):
    if opslag._schrijfengine.dialect.name == "sqlite":
        pytest.skip("one process writes; there is nobody to freeze")
    assert await Onderhoud(opslag, ()).run(taak(niets, 0))
    with make_engine(parse_url(database_url), schrijft=True).connect() as bevroren:
        bevroren.execute(sa.select(schema.onderhoud).with_for_update())
        assert not await Onderhoud(opslag, ()).run(taak(niets, 0))
        bevroren.rollback()
    assert await Onderhoud(opslag, ()).run(taak(niets, 0))
