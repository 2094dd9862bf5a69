"""The clock of the database: all nodes agree on it, so leases and terms are measured by it alone.

Inside an operation of `Opslag` the moment is read once per transaction. A lease stays safe with a slightly old moment,
because its token and not its end decides who holds it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from sqlalchemy import Connection, text

_SLEUTEL = "knooppunt.klok"
_POSTGRES = text("SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)")


class Klok:
    """How far the clock of an `Opslag` runs ahead of that of the database, in ms; tests travel in time with it."""

    def __init__(self, verschuiving_ms: int = 0) -> None:
        self.verschuiving_ms = verschuiving_ms


class _Moment:
    """The moment of the running transaction; None until someone asks."""

    __slots__ = ("klok", "ms")

    def __init__(self, klok: Klok) -> None:
        self.klok = klok
        self.ms: int | None = None


def attach(conn: Connection, klok: Klok) -> None:
    """Start a transaction on `conn`: its moment will be read when first asked, and holds until the next `attach`."""
    conn.info[_SLEUTEL] = _Moment(klok)


def now_ms(conn: Connection) -> int:
    """Return the moment by the clock of the database, in ms since 1970-01-01 UTC."""
    moment: _Moment | None = conn.info.get(_SLEUTEL)
    if moment is None:
        return _read(conn)
    if moment.ms is None:
        moment.ms = _read(conn) + moment.klok.verschuiving_ms
    return moment.ms


def now(conn: Connection) -> datetime:
    """Return the same moment as `now_ms`, for calendars."""
    return datetime.fromtimestamp(now_ms(conn) / 1000, UTC)


def _read(conn: Connection) -> int:
    if conn.dialect.name == "sqlite":
        # SQLite runs inside this process: its 'now' and ours are the same system call, without a statement.
        return time.time_ns() // 1_000_000
    return int(conn.execute(_POSTGRES).scalar_one())
