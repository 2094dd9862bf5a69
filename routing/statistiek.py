"""What the database knows about its own tables, so that it keeps choosing the indexes that the claim was made for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, Table, inspect, literal, select

from routing import schema

_STEEKPROEF = 1000
_GENOEG = 10_000
"""Rows from which a database is told how large a table is. Before that it takes it for large, which suits everything
the hub asks. Told that a table is empty it plans to read all of it, and keeps such plans when it is empty no longer."""


TABELLEN: Final = (schema.lane, schema.aflevering, schema.bericht, schema.payload)
"""The tables of delivery."""


def refresh(conn: Connection, tabellen: Iterable[Table] = TABELLEN) -> None:
    """Sample the large ones among these tables; costs the same however many rows they hold."""
    op_sqlite = conn.dialect.name == "sqlite"
    if op_sqlite:
        conn.exec_driver_sql(f"PRAGMA analysis_limit={_STEEKPROEF}")
    for tabel in tabellen:
        if conn.execute(select(literal(1)).select_from(tabel).limit(1).offset(_GENOEG)).first():
            conn.exec_driver_sql(f"ANALYZE {tabel.name}")
        elif op_sqlite and inspect(conn).has_table("sqlite_stat1"):  # PostgreSQL keeps its own up to date
            conn.exec_driver_sql("DELETE FROM sqlite_stat1 WHERE tbl = ?", (tabel.name,))
