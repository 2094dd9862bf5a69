from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.ketenbewaking.kalender import Kalender, day_of, start_of

LUSTRUM, JAARLIJKS = Kalender(), Kalender("jaarlijks")
DAGEN = st.dates(date(2015, 1, 1), date(2060, 1, 1))


@pytest.mark.parametrize(
    ("dag", "aantal", "verwacht"),
    [
        (date(2026, 2, 2), 3, date(2026, 2, 5)),  # Monday, nothing in between
        (date(2026, 2, 5), 3, date(2026, 2, 10)),  # over a weekend
        (date(2026, 2, 7), 3, date(2026, 2, 11)),  # taken on a Saturday
        (date(2026, 4, 2), 3, date(2026, 4, 9)),  # Good Friday, weekend, Easter Monday
        (date(2026, 4, 24), 1, date(2026, 4, 28)),  # King's Day
        (date(2026, 5, 13), 2, date(2026, 5, 18)),  # Ascension Day
        (date(2026, 12, 24), 1, date(2026, 12, 28)),  # Christmas
        (date(2026, 12, 31), 1, date(2027, 1, 4)),  # New Year on a Friday
    ],
)
def test_a_term_of_working_days_skips_weekends_and_holidays(dag: date, aantal: int, verwacht: date) -> None:
    assert LUSTRUM.add_workdays(dag, aantal) == verwacht


@pytest.mark.parametrize(
    ("dag", "lustrum", "jaarlijks"),
    [(date(2025, 5, 5), False, False), (date(2026, 5, 5), True, False), (date(2030, 5, 6), True, True)],
)
def test_the_fifth_of_may_is_free_as_configured(dag: date, *, lustrum: bool, jaarlijks: bool) -> None:
    assert (LUSTRUM.is_workday(dag), JAARLIJKS.is_workday(dag)) == (lustrum, jaarlijks)


def test_a_term_of_weeks_ends_on_a_working_day() -> None:
    assert LUSTRUM.add_weeks(date(2026, 2, 2), 8) == date(2026, 3, 30)
    assert LUSTRUM.add_weeks(date(2026, 2, 6), 8) == date(2026, 4, 7)  # Good Friday, then Easter Monday


@given(DAGEN, st.integers(0, 60), st.sampled_from([LUSTRUM, JAARLIJKS]))
def test_counting_undoes_adding(dag: date, aantal: int, kalender: Kalender) -> None:
    assert kalender.count_workdays(dag, kalender.add_workdays(dag, aantal)) == aantal


@given(DAGEN, st.integers(0, 800))
def test_counting_is_looking_at_each_day(dag: date, lengte: int) -> None:
    dagen = [dag + timedelta(days=n) for n in range(1, lengte + 1)]
    assert LUSTRUM.count_workdays(dag, dag + timedelta(days=lengte)) == sum(map(LUSTRUM.is_workday, dagen))


def test_days_long_ago_cost_nothing_and_break_nothing() -> None:
    assert LUSTRUM.add_workdays(date.min, 3) == date(1, 1, 4)
    assert LUSTRUM.count_workdays(date.min, date(2026, 1, 1)) > 500_000
    assert LUSTRUM.count_workdays(date(2026, 2, 5), date(2026, 2, 2)) == 0


def test_a_moment_belongs_to_the_dutch_day() -> None:
    assert day_of(start_of(date(2026, 7, 1))) == date(2026, 7, 1)
    assert day_of(start_of(date(2026, 7, 1)) - 1) == date(2026, 6, 30)
    assert start_of(date(2026, 7, 1)) == 1_782_856_800_000  # 22:00 UTC the evening before
