"""What the database knows about its own tables, so that it keeps choosing the indexes that the claim was made for."""

from __future__ import annotations

from sqlalchemy import Connection

from routing import schema

_DREMPEL = 1000


def refresh(conn: Connection) -> None:
    """Sample the tables of delivery; costs the same however many rows they hold."""
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql(f"PRAGMA analysis_limit={_DREMPEL}")
    for tabel in (schema.lane, schema.aflevering, schema.bericht, schema.payload):
        conn.exec_driver_sql(f"ANALYZE {tabel.name}")
