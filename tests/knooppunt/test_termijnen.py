from __future__ import annotations

import asyncio

import pytest

from knooppunt.termijnen import Termijnen

LANG, KORT = 3600.0, 0.01


@pytest.fixture
def eeuwig() -> asyncio.Event:
    """Nobody ever sets it."""
    return asyncio.Event()


async def test_what_takes_too_long_is_cancelled(eeuwig: asyncio.Event):
    termijn = Termijnen(KORT).begin()
    with pytest.raises(TimeoutError) as fout, termijn:
        await eeuwig.wait()
    assert termijn.verlopen
    assert isinstance(fout.value.__cause__, asyncio.CancelledError)
    assert asyncio.current_task().cancelling() == 0


async def test_what_ends_in_time_hears_nothing():
    termijnen = Termijnen(KORT)
    with termijnen.begin() as termijn:
        pass
    await asyncio.sleep(3 * KORT)
    assert not termijn.verlopen


async def test_each_of_many_has_its_own_term(eeuwig: asyncio.Event):
    termijnen, gemeld = Termijnen(2 * KORT), []

    async def wait(naam: int) -> None:
        try:
            with termijnen.begin():
                await eeuwig.wait()
        except TimeoutError:
            gemeld.append(naam)

    async with asyncio.TaskGroup() as taken:
        for naam in range(4):
            taken.create_task(wait(naam))
            await asyncio.sleep(KORT)
    assert gemeld == [0, 1, 2, 3]
    with pytest.raises(TimeoutError), termijnen.begin():  # and after all of them were over
        await eeuwig.wait()


async def test_a_timeout_of_another_cause_is_not_ours():
    termijn = Termijnen(LANG).begin()
    with pytest.raises(TimeoutError), termijn:
        raise TimeoutError
    assert not termijn.verlopen


async def test_a_fault_while_the_term_ends_stays_that_fault(eeuwig: asyncio.Event):
    termijnen = Termijnen(KORT)

    async def wait() -> None:
        with termijnen.begin():
            try:
                await eeuwig.wait()
            except asyncio.CancelledError:
                raise ValueError("eigen") from None

    with pytest.raises(ValueError, match="eigen"):
        await wait()
    assert asyncio.current_task().cancelling() == 0


async def test_who_is_cancelled_by_another_stays_cancelled(eeuwig: asyncio.Event):
    termijnen, begonnen = Termijnen(LANG), asyncio.Event()

    async def wait() -> None:
        with termijnen.begin():
            begonnen.set()
            await eeuwig.wait()

    taak = asyncio.create_task(wait())
    await begonnen.wait()
    taak.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taak
    termijnen.close()
