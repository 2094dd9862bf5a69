"""A bound on time for many at once."""

from __future__ import annotations

import asyncio

import pytest

from routing.tijdgrens import Tijdgrens


async def _sleep_for_ever() -> None:
    await asyncio.Event().wait()


async def test_what_ends_in_time_is_left_alone() -> None:
    grens = Tijdgrens()

    async def antwoord() -> int:
        await asyncio.sleep(0)
        return 3

    assert await asyncio.gather(*(grens.keep(antwoord(), 60) for _ in range(5))) == [3] * 5


async def test_each_has_a_bound_of_its_own_whatever_the_order() -> None:
    grens = Tijdgrens()
    los = asyncio.Event()
    lang = asyncio.create_task(grens.keep(los.wait(), 3600))
    for seconden in (0.03, 0.01, 0.0, 0.02):
        with pytest.raises(TimeoutError):
            await grens.keep(_sleep_for_ever(), seconden)
    samen = [grens.keep(_sleep_for_ever(), seconden) for seconden in (0.02, 0.01, 0.03, 0.01)]
    assert [type(fout) for fout in await asyncio.gather(*samen, return_exceptions=True)] == [TimeoutError] * 4
    assert not lang.done()
    los.set()
    assert await lang


async def test_one_within_another() -> None:
    grens = Tijdgrens()
    with pytest.raises(TimeoutError):
        await grens.keep(grens.keep(_sleep_for_ever(), 3600), 0.01)

    async def binnen() -> str:
        try:
            await grens.keep(_sleep_for_ever(), 0.01)
        except TimeoutError:
            return "binnen"
        return ""

    assert await grens.keep(binnen(), 3600) == "binnen"


async def test_who_is_cancelled_is_not_told_of_a_bound() -> None:
    grens = Tijdgrens()
    taak = asyncio.create_task(grens.keep(_sleep_for_ever(), 3600))
    await asyncio.sleep(0)
    taak.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taak


async def test_who_needs_time_to_break_off_is_told_once() -> None:
    grens = Tijdgrens()
    gezegd = 0

    async def traag() -> None:
        nonlocal gezegd
        try:
            await _sleep_for_ever()
        except asyncio.CancelledError:
            gezegd += 1
            await grens.keep(asyncio.sleep(0.02), 60)  # others come and go meanwhile
            raise

    with pytest.raises(TimeoutError):
        await asyncio.gather(grens.keep(traag(), 0.01), grens.keep(asyncio.sleep(0.015), 60))
    assert gezegd == 1


async def test_a_fault_of_the_work_itself_comes_through() -> None:
    async def kapot() -> None:
        raise LookupError("eigen fout")

    with pytest.raises(LookupError, match="eigen fout"):
        await Tijdgrens().keep(kapot(), 60)
