"""The clock of the database: all nodes agree on it, so leases and terms are measured by it alone.

Inside an operation of `Opslag` the moment is read once per transaction, on PostgreSQL along with its BEGIN. A lease
stays safe with a slightly old moment, because its token and not its end decides who holds it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

_SLEUTEL = "knooppunt.klok"
_BEGIN = "knooppunt.begin"
_POSTGRES = "SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)"


class Klok:
    """How far the clock of an `Opslag` runs ahead of that of the database, in ms; tests travel in time with it."""

    def __init__(self, verschuiving_ms: int = 0) -> None:
        self.verschuiving_ms = verschuiving_ms


class _Moment:
    """The moment of the running transaction; None until someone asks, when it did not come along with the BEGIN."""

    __slots__ = ("klok", "ms")

    def __init__(self, klok: Klok, gelezen: int | None) -> None:
        self.klok = klok
        self.ms = None if gelezen is None else gelezen + klok.verschuiving_ms


def begin(conn: Connection) -> None:
    """Begin a transaction on PostgreSQL, whose driver does not do so by itself, and read the moment along with it."""
    driver: Any = conn.connection.driver_connection
    antwoord = driver.execute(f"BEGIN; {_POSTGRES}", prepare=False)
    antwoord.nextset()
    (conn.info[_BEGIN],) = antwoord.fetchone()


def attach(conn: Connection, klok: Klok) -> None:
    """Start a transaction on `conn`: its moment is that of its BEGIN, or when first asked, until the next `attach`."""
    conn.info[_SLEUTEL] = _Moment(klok, conn.info.pop(_BEGIN, None))


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
    return int(conn.exec_driver_sql(_POSTGRES).scalar_one())
