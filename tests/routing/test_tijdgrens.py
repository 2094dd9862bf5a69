"""A bound on time for many at once."""

from __future__ import annotations

import asyncio

import pytest

from routing.tijdgrens import Tijdgrenzen

LANG, KORT = 3600.0, 0.01


@pytest.fixture
def eeuwig() -> asyncio.Event:
    """Nobody ever sets it."""
    return asyncio.Event()


async def test_what_takes_too_long_is_cancelled(eeuwig: asyncio.Event):
    grens = Tijdgrenzen().begin(KORT)
    with pytest.raises(TimeoutError) as fout, grens:
        await eeuwig.wait()
    assert grens.verlopen
    assert isinstance(fout.value.__cause__, asyncio.CancelledError)
    assert asyncio.current_task().cancelling() == 0


async def test_what_ends_in_time_hears_nothing():
    grenzen = Tijdgrenzen()
    with grenzen.begin(KORT) as grens:
        pass
    await asyncio.sleep(3 * KORT)
    assert not grens.verlopen


async def test_each_of_many_has_its_own_bound(eeuwig: asyncio.Event):
    grenzen, gemeld = Tijdgrenzen(), []

    async def wait(naam: int) -> None:
        try:
            with grenzen.begin(2 * KORT):
                await eeuwig.wait()
        except TimeoutError:
            gemeld.append(naam)

    async with asyncio.TaskGroup() as taken:
        for naam in range(4):
            taken.create_task(wait(naam))
            await asyncio.sleep(KORT)
    assert gemeld == [0, 1, 2, 3]
    with pytest.raises(TimeoutError), grenzen.begin(KORT):  # and after all of them were over
        await eeuwig.wait()


async def test_bounds_differ_and_come_in_any_order(eeuwig: asyncio.Event):
    grenzen, los = Tijdgrenzen(), asyncio.Event()

    async def wait(waarop: asyncio.Event, seconden: float) -> bool:
        with grenzen.begin(seconden):
            return await waarop.wait()

    lang = asyncio.create_task(wait(los, LANG))
    await asyncio.sleep(0)
    for seconden in (0.03, 0.01, 0.0, 0.02):
        with pytest.raises(TimeoutError):
            await wait(eeuwig, seconden)
    samen = await asyncio.gather(*(wait(eeuwig, s) for s in (0.02, 0.01, 0.03, 0.01)), return_exceptions=True)
    assert [type(fout) for fout in samen] == [TimeoutError] * 4
    assert not lang.done()
    los.set()
    assert await lang


async def test_one_within_another(eeuwig: asyncio.Event):
    grenzen = Tijdgrenzen()
    with pytest.raises(TimeoutError), grenzen.begin(KORT) as buiten, grenzen.begin(LANG) as binnen:
        await eeuwig.wait()
    assert (buiten.verlopen, binnen.verlopen) == (True, False)
    with grenzen.begin(LANG) as buiten, pytest.raises(TimeoutError), grenzen.begin(KORT) as binnen:
        await eeuwig.wait()
    assert (buiten.verlopen, binnen.verlopen) == (False, True)


async def test_who_needs_time_to_break_off_is_told_once(eeuwig: asyncio.Event):
    grenzen, gezegd = Tijdgrenzen(), 0

    async def traag() -> None:
        nonlocal gezegd
        with grenzen.begin(KORT):
            try:
                await eeuwig.wait()
            except asyncio.CancelledError:
                gezegd += 1
                with grenzen.begin(LANG):  # others come and go meanwhile
                    await asyncio.sleep(2 * KORT)
                raise

    with pytest.raises(TimeoutError):
        await traag()
    assert gezegd == 1


async def test_a_timeout_of_another_cause_is_not_ours():
    grens = Tijdgrenzen().begin(LANG)
    with pytest.raises(TimeoutError), grens:
        raise TimeoutError
    assert not grens.verlopen


async def test_a_fault_while_the_bound_ends_stays_that_fault(eeuwig: asyncio.Event):
    grenzen = Tijdgrenzen()

    async def wait() -> None:
        with grenzen.begin(KORT):
            try:
                await eeuwig.wait()
            except asyncio.CancelledError:
                raise ValueError("eigen") from None

    with pytest.raises(ValueError, match="eigen"):
        await wait()
    assert asyncio.current_task().cancelling() == 0


async def test_who_is_cancelled_by_another_stays_cancelled(eeuwig: asyncio.Event):
    grenzen, begonnen = Tijdgrenzen(), asyncio.Event()

    async def wait() -> None:
        with grenzen.begin(LANG):
            begonnen.set()
            await eeuwig.wait()

    taak = asyncio.create_task(wait())
    await begonnen.wait()
    taak.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taak
    grenzen.close()
