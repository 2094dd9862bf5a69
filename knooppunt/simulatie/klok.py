"""The calendar of a simulated ketenpartij: days that pass faster than ours, since a pgb is settled after months."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

_NEDERLAND = ZoneInfo("Europe/Amsterdam")
_EEUW = 36_525  # days after which a hurried calendar stands still

Vandaag = Callable[[], date]
"""Says which day it is for the one who is simulated."""


def today() -> date:
    """Return the day it is in the Netherlands."""
    return datetime.now(tz=_NEDERLAND).date()


def hurried(seconden_per_dag: float, begin: date | None = None, tik: Callable[[], float] = time.monotonic) -> Vandaag:
    """Make a calendar in which a day lasts so many seconds.

    Args:
        seconden_per_dag: more than 0.
        begin: the day it is now; by default the real one.
        tik: a clock that only goes forward, in seconds.
    """
    eerste, sinds = begin or today(), tik()
    return lambda: eerste + timedelta(days=int(min((tik() - sinds) / seconden_per_dag, _EEUW)))
