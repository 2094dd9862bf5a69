"""Running a fixed UPDATE for many values at the price of the database, not of the toolkit.

SQLAlchemy works out anew for every execution what the names of the values are and in which order the driver wants them;
per row that costs several times what SQLite takes to write it. For a statement that a module makes once, the text and
that order are kept here, per dialect. SQLite, inside this process, runs it for each row; PostgreSQL gets all rows in
one statement (`routing.rijenpakket`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import BindParameter, Connection, CursorResult, Update
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import ExternallyTraversible, replacement_traverse

from routing import rijenpakket
from routing.rijenpakket import Pakket


@dataclass(frozen=True, slots=True)
class _Vorm:
    """The text of a statement for one driver, and how the values of all rows are handed to that driver."""

    sql: str
    fill: Callable[[Sequence[Mapping[str, object]]], Any]


_vormen: dict[tuple[Update, str, bool], _Vorm] = {}


def run_many(conn: Connection, opdracht: Update, waarden: Sequence[Mapping[str, object]]) -> CursorResult[Any]:
    """Change what is found with each of these values; `rowcount` of the result is the sum.

    Args:
        conn: connection inside a transaction.
        opdracht: an UPDATE that is kept for as long as the process lives, without RETURNING or IN. Its parameters have
            types that drivers know by themselves: numbers, text, booleans and bytes.
        waarden: at least one, all with the same names, as `Connection.execute` wants them. No row may be found with two
            of them, unless it makes no difference to it: PostgreSQL changes it once.
    """
    ineens = len(waarden) > 1 and conn.dialect.name == "postgresql"
    vorm = _find(conn, opdracht, ineens=ineens)
    return conn.exec_driver_sql(vorm.sql, vorm.fill(waarden))


def pack_update(conn: Connection, opdracht: Update, waarden: Sequence[Mapping[str, object]]) -> Pakket:
    """Give what `run_many` would run on PostgreSQL."""
    vorm = _find(conn, opdracht, ineens=True)
    return Pakket(str(opdracht.table), vorm.sql, vorm.fill(waarden))


def _find(conn: Connection, opdracht: Update, *, ineens: bool) -> _Vorm:
    sleutel = (opdracht, conn.dialect.name, ineens)
    vorm = _vormen.get(sleutel)
    if vorm is None:
        vorm = _vormen[sleutel] = (_at_once if ineens else _one_by_one)(conn, opdracht)
    return vorm


def _at_once(conn: Connection, opdracht: Update) -> _Vorm:
    """Write the statement for a package of rows: what was a parameter becomes a column of it."""
    binds = _compile(conn, opdracht).binds.items()
    rij = rijenpakket.unpack({naam: bind.type for naam, bind in binds if bind.required})

    def replace(element: ExternallyTraversible, **_: object) -> ExternallyTraversible | None:
        return rij.c[element.key] if isinstance(element, BindParameter) and element.required else None

    ineens = cast("Update", replacement_traverse(opdracht, {}, replace))
    # True of every row, but the planner takes it for rare. It would count on a hundred rows, and read all of a table
    # that is small, or was so when the plan was made; now it looks up each row by the index.
    eerste, *_ = rij.c
    vertaald = _compile(conn, ineens.where(eerste.is_not_distinct_from(eerste)))
    return _Vorm(str(vertaald), lambda waarden: vertaald.params | {rijenpakket.NAAM: rijenpakket.pack(waarden)})


def _one_by_one(conn: Connection, opdracht: Update) -> _Vorm:
    vertaald = _compile(conn, opdracht)
    vast = {naam: waarde for naam, waarde in vertaald.params.items() if not vertaald.binds[naam].required}
    fill = dict if vertaald.positiontup is None else _in_order(vertaald.positiontup)
    return _Vorm(str(vertaald), lambda waarden: [fill({**vast, **rij} if vast else rij) for rij in waarden])


def _in_order(namen: Sequence[str]) -> Callable[[Mapping[str, object]], object]:
    if len(namen) > 1:
        return itemgetter(*namen)
    (enige,) = namen
    return lambda rij: (rij[enige],)


def _compile(conn: Connection, opdracht: Update) -> SQLCompiler:
    return opdracht.compile(dialect=conn.dialect)
