"""The calendar of a simulated ketenpartij: days that pass faster than ours, since a pgb is settled after months."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

_NEDERLAND = ZoneInfo("Europe/Amsterdam")

Vandaag = Callable[[], date]
"""Says which day it is for the one who is simulated."""


def today() -> date:
    """Return the day it is in the Netherlands."""
    return datetime.now(tz=_NEDERLAND).date()


def hurried(seconden_per_dag: float, begin: date | None = None) -> Vandaag:
    """Make a calendar in which a day lasts so many seconds.

    Args:
        seconden_per_dag: more than 0.
        begin: the day it is now; by default the real one.
    """
    eerste, sinds = begin or today(), time.monotonic()
    return lambda: eerste + timedelta(days=int((time.monotonic() - sinds) / seconden_per_dag))
