"""What the database knows about its own tables, so that it keeps choosing the indexes that the claim was made for."""

from __future__ import annotations

from sqlalchemy import Connection, literal, select

from routing import schema

_STEEKPROEF = 1000
_GENOEG = 10_000
"""Rows from which a database is told how large a table is. Before that it takes it for large, which suits everything
the hub asks. Told that a table is empty it plans to read all of it, and keeps such plans when it is empty no longer."""


def refresh(conn: Connection) -> None:
    """Sample the large ones among the tables of delivery; costs the same however many rows they hold."""
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql(f"PRAGMA analysis_limit={_STEEKPROEF}")
    for tabel in (schema.lane, schema.aflevering, schema.bericht, schema.payload):
        if conn.execute(select(literal(1)).select_from(tabel).limit(1).offset(_GENOEG)).first():
            conn.exec_driver_sql(f"ANALYZE {tabel.name}")
