"""Lanes: the berichten for one ontvanger, delivered strictly in order."""

from __future__ import annotations

from sqlalchemy import Connection

from routing import lanemutaties
from routing.klok import now_ms
from routing.partij import Kanaal


def enqueue(conn: Connection, lane: str, kanaal: Kanaal, bericht_id: str, ttl_ms: int) -> None:
    """Put a stored bericht at the end of the lane of its ontvanger; it becomes visible with the commit.

    Args:
        conn: connection inside a transaction.
        lane: code of the ontvanger.
        kanaal: push, for the workers, or pull, for the ontvanger to collect.
        bericht_id: which bericht.
        ttl_ms: how long delivery goes on, in ms from now.
    """
    lanemutaties.add(conn, lane, kanaal, bericht_id, now_ms(conn) + ttl_ms)
