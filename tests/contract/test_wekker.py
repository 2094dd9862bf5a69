"""Nodes that wake each other on PostgreSQL: at once, seldom, and again after the connection was lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import sqlalchemy as sa

from routing.wekker import Wekker

_GEDULD = 30


class Oor:
    """Counts wake-ups, and lets a test wait for one."""

    def __init__(self) -> None:
        self.aantal = 0
        self._nieuw = asyncio.Event()

    def wek(self) -> None:
        self.aantal += 1
        self._nieuw.set()

    async def reach(self, aantal: int) -> None:
        async with asyncio.timeout(_GEDULD):
            while self.aantal < aantal:
                self._nieuw.clear()
                await self._nieuw.wait()


Maak = Callable[..., Wekker]


@pytest.fixture
async def maak(postgres_url: str) -> AsyncIterator[Maak]:
    gemaakt: list[Wekker] = []

    def maak(oor: Oor, pauze_s: float = 0.01) -> Wekker:
        wekker = Wekker(postgres_url, oor.wek, pauze_s)
        wekker.start()
        gemaakt.append(wekker)
        return wekker

    yield maak
    for wekker in gemaakt:
        await wekker.stop()


async def test_the_other_node_hears_and_the_node_itself_does_not(maak: Maak):
    hier, daar = Oor(), Oor()
    zegt = maak(hier)
    hoort = maak(daar)
    await asyncio.gather(hier.reach(1), daar.reach(1))  # both listen: what was said before counts as said
    zegt.notify()
    await daar.reach(2)
    hoort.notify()
    await hier.reach(2)
    assert (hier.aantal, daar.aantal) == (2, 2)


async def test_however_many_berichten_one_message_goes_out_per_pause(maak: Maak):
    hier, daar, derde = Oor(), Oor(), Oor()
    zegt, ander = maak(hier, pauze_s=3600), maak(derde)
    maak(daar)
    await asyncio.gather(hier.reach(1), daar.reach(1), derde.reach(1))
    for _ in range(100):
        zegt.notify()
        await asyncio.sleep(0)
    await daar.reach(2)
    ander.notify()  # comes after whatever the first one said
    await daar.reach(3)
    assert daar.aantal == 3


async def test_a_lost_connection_is_made_again_and_counts_as_a_wake_up(maak: Maak, postgres_url: str):
    hier, daar = Oor(), Oor()
    zegt = maak(hier)
    maak(daar)
    await asyncio.gather(hier.reach(1), daar.reach(1))
    engine = sa.create_engine(postgres_url)
    with engine.connect() as conn:
        conn.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    engine.dispose()
    await asyncio.gather(hier.reach(2), daar.reach(2))
    async with asyncio.timeout(_GEDULD):
        while daar.aantal < 3:
            zegt.notify()  # its voice may come back a moment later than its ear
            await asyncio.sleep(0.02)


async def test_without_a_database_the_hub_just_polls(postgres_url: str):
    oor = Oor()
    nergens = sa.make_url(postgres_url).set(database="bestaat_niet")
    wekker = Wekker(nergens.render_as_string(hide_password=False), oor.wek)
    wekker.start()
    wekker.notify()
    await asyncio.sleep(0)
    await wekker.stop()
    assert oor.aantal == 0
