"""Statements of which no operation needs the result, kept back so that a whole group of operations shares each of them.

Most of what an operation costs is the number of its statements. What is kept back is written before an operation of
another kind begins (`Opslag`), so that only operations of one kind have to know of each other's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Update

from routing import bundel
from routing.invoeging import Invoeging
from routing.opdracht import run_many

_SLEUTEL = "knooppunt.uitstel"


def collect(conn: Connection) -> None:
    """Start keeping back, at the start of each transaction on this connection; `settle` writes."""
    conn.info[_SLEUTEL] = {}


def later(conn: Connection, opdracht: Update, *waarden: Mapping[str, object]) -> None:
    """Run a statement for these values, together with others; at once when nothing is kept back on this connection.

    Statements run in the order in which each was first asked for, as `routing.opdracht` runs them: they are made once
    and hold no IN, and no row is found with two of the values unless that makes no difference to it.
    """
    opdrachten: dict[object, list[Any]] | None = conn.info.get(_SLEUTEL)
    if opdrachten is None:
        run_many(conn, opdracht, waarden)
    else:
        opdrachten.setdefault(opdracht, []).extend(waarden)


def insert_later(conn: Connection, invoeging: Invoeging, *rijen: tuple[object, ...]) -> None:
    """Do as `later` for rows that are inserted."""
    opdrachten: dict[object, list[Any]] | None = conn.info.get(_SLEUTEL)
    if opdrachten is None:
        invoeging.insert(conn, rijen)
    else:
        opdrachten.setdefault(invoeging, []).extend(rijen)


def waiting(conn: Connection, opdracht: Update) -> Sequence[Mapping[str, object]]:
    """Return the values for which a statement is still to run."""
    opdrachten: dict[object, list[Mapping[str, object]]] = conn.info.get(_SLEUTEL, {})
    return opdrachten.get(opdracht, ())


def settle(conn: Connection) -> None:
    """Write what was kept back."""
    if conn.info.get(_SLEUTEL):
        opdrachten: dict[Any, list[Any]]
        opdrachten, conn.info[_SLEUTEL] = conn.info[_SLEUTEL], {}
        bundel.run(conn, opdrachten.items())
