"""Working days in the Netherlands: terms count them, and end at the end of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

_NEDERLAND = ZoneInfo("Europe/Amsterdam")
_DAG = timedelta(days=1)
_ZATERDAG = 5
_EERSTE_JAAR = 2015  # of the Wmo 2015 and the Jeugdwet; no bericht is older


@dataclass(frozen=True, slots=True)
class Kalender:
    """Weekends and public holidays, Good Friday included (Algemene termijnenwet art. 3).

    Args:
        bevrijdingsdag: ``lustrum``: 5 May is a day off once in five years, as in most collective agreements;
            ``jaarlijks``: every year, as the Algemene termijnenwet has it.
    """

    bevrijdingsdag: str = "lustrum"

    def is_workday(self, dag: date) -> bool:
        """Say whether `dag` counts in a term of working days."""
        return dag.weekday() < _ZATERDAG and dag not in self._days_off(dag.year)

    def add_workdays(self, dag: date, aantal: int) -> date:
        """Give the last day of a term of working days; the day itself does not count (Algemene termijnenwet)."""
        while aantal:
            dag += _DAG
            aantal -= self.is_workday(dag)
        return dag

    def add_weeks(self, dag: date, aantal: int) -> date:
        """Give the last day of a term of weeks; at its end a day off moves it on (Algemene termijnenwet art. 1)."""
        einde = dag + timedelta(weeks=aantal)
        while not self.is_workday(einde):
            einde += _DAG
        return einde

    def count_workdays(self, na: date, tot: date) -> int:
        """Count the working days after `na`, up to `tot` and including it."""
        dagen = max((tot - na).days, 0)
        weken, rest = divmod(dagen, 7)
        doordeweeks = weken * 5 + sum((na + n * _DAG).weekday() < _ZATERDAG for n in range(1, rest + 1))
        jaren = range(max(na.year, _EERSTE_JAAR), tot.year + 1)
        return doordeweeks - sum(na < vrij <= tot for jaar in jaren for vrij in self._days_off(jaar))

    def _days_off(self, jaar: int) -> frozenset[date]:
        return _days_off(jaar, jaarlijks=self.bevrijdingsdag == "jaarlijks")


@lru_cache(maxsize=64)
def _days_off(jaar: int, *, jaarlijks: bool) -> frozenset[date]:
    """Give the days of a year, weekends left out, on which a term stands still."""
    if jaar < _EERSTE_JAAR:
        return frozenset()
    vrij = set(holidays.country_holidays("NL", years=jaar)) | ({date(jaar, 5, 5)} if jaarlijks else set())
    return frozenset(dag for dag in vrij if dag.weekday() < _ZATERDAG)


def day_of(ms: int) -> date:
    """Give the Dutch day of a moment in ms since 1970-01-01 UTC."""
    return datetime.fromtimestamp(ms / 1000, tz=UTC).astimezone(_NEDERLAND).date()


def start_of(dag: date) -> int:
    """Give the moment in ms since 1970-01-01 UTC at which a Dutch day begins."""
    return round(datetime(dag.year, dag.month, dag.day, tzinfo=_NEDERLAND).timestamp() * 1000)
