"""The retry ladder."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from routing.ladder import Ladder


def test_the_documented_rungs_in_minutes():
    assert [Ladder().bound_s(n) / 60 for n in range(1, 10)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@given(st.integers(1, 10**6), st.none() | st.floats(0, 10**9))
def test_a_wait_stays_under_its_rung_unless_the_other_side_asks_more(mislukt: int, opnieuw_na: float | None):
    ladder = Ladder()
    wachten = ladder.wait_ms(mislukt, opnieuw_na) / 1000
    assert 0 <= wachten <= max(ladder.bound_s(mislukt), min(opnieuw_na or 0, ladder.langste_s))
    assert wachten >= int(min(opnieuw_na or 0, ladder.langste_s))


def test_lanes_that_failed_together_spread():
    assert len({Ladder().wait_ms(5) for _ in range(50)}) > 40
