"""Empties the log between the runs of a state machine."""

from __future__ import annotations

from sqlalchemy import Connection

from routing import schema


def empty_log(conn: Connection) -> None:
    """Remove all berichten, what refers to them, and the lanes; the register stays."""
    for tabel in reversed(schema.metadata.sorted_tables):
        verwijst = any(sleutel.column.table is schema.bericht for sleutel in tabel.foreign_keys)
        if verwijst or tabel in {schema.bericht, schema.lane}:
            conn.execute(tabel.delete())
