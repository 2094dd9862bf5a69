"""The StUF notation of a moment: ``YYYYMMDD[HH[MM[SS[mmm]]]]``, local time without a zone.

The standard names no zone; the chain's samples are Dutch local time, so that is what we write and read.
"""

from __future__ import annotations

import time
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

_NEDERLAND = ZoneInfo("Europe/Amsterdam")


def now() -> str:
    """Return this moment in the full notation of 17 digits."""
    milliseconden = time.time_ns() // 1_000_000
    return f"{_write_second(milliseconden // 1000)}{milliseconden % 1000:03d}"


@lru_cache(maxsize=1)  # a busy hub asks it hundreds of times a second
def _write_second(seconde: int) -> str:
    return write(datetime.fromtimestamp(seconde, _NEDERLAND))[:-3]


def write(moment: datetime) -> str:
    """Write an aware datetime in 17 digits.

    Raises:
        ValueError: the datetime has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone cannot be written as tijdstip")
    lokaal = moment if moment.tzinfo is _NEDERLAND else moment.astimezone(_NEDERLAND)
    dag = f"{lokaal.year:04d}{lokaal.month:02d}{lokaal.day:02d}"
    return f"{dag}{lokaal.hour:02d}{lokaal.minute:02d}{lokaal.second:02d}{lokaal.microsecond // 1000:03d}"


def read(tijdstip: str) -> datetime:
    """Read a tijdstip of 8 to 17 digits; what is left out counts as zero.

    Raises:
        ValueError: not of that form, or no moment of the calendar (``99999999`` passes the schema).
    """
    if not _is_form(tijdstip):
        raise ValueError(f"tijdstip heeft de vorm JJJJMMDD[UU[MM[SS[mmm]]]], niet {len(tijdstip)} tekens")
    vol = tijdstip.ljust(17, "0")
    dag, uur = (int(vol[:4]), int(vol[4:6]), int(vol[6:8])), (int(vol[8:10]), int(vol[10:12]), int(vol[12:14]))
    return datetime(*dag, *uur, int(vol[14:17]) * 1000, tzinfo=_NEDERLAND)


def is_moment(tijdstip: str) -> bool:
    """Say whether `read` can read a tijdstip; that is asked of every bericht, so without making a datetime."""
    return (
        _is_form(tijdstip)
        and tijdstip[8:10] < "24"
        and tijdstip[10:12] < "60"
        and tijdstip[12:14] < "60"
        and _is_day(tijdstip[:8])
    )


def _is_form(tijdstip: str) -> bool:
    return tijdstip.isdigit() and tijdstip.isascii() and len(tijdstip) in (8, 10, 12, 14, 15, 16, 17)


@lru_cache(maxsize=32)  # nearly every bericht is of today
def _is_day(dag: str) -> bool:
    try:
        date(int(dag[:4]), int(dag[4:6]), int(dag[6:]))
    except ValueError:
        return False
    return True
