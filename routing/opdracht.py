"""Running a fixed statement for many values at the price of the database, not of the toolkit.

SQLAlchemy works out anew for every execution what the names of the values are and in which order the driver wants them;
per row that costs several times what SQLite takes to write it. For a statement that a module makes once, the text and
that order are kept here, per dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import Connection, CursorResult
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler


@dataclass(frozen=True, slots=True)
class _Vorm:
    """The text of a statement for one driver, and how a row of values is handed to that driver."""

    sql: str
    vast: Mapping[str, object]
    fill: Callable[[Mapping[str, object]], Any]


_vormen: dict[tuple[object, ...], _Vorm] = {}


def run_many(conn: Connection, opdracht: Executable, waarden: Sequence[Mapping[str, object]]) -> CursorResult[Any]:
    """Run a statement once for each of these values; `rowcount` of the result is the sum.

    Args:
        conn: connection inside a transaction.
        opdracht: an INSERT or UPDATE that is kept for as long as the process lives, without RETURNING or IN. Its
            columns have types that drivers know by themselves: numbers, text, booleans and bytes.
        waarden: at least one, all with the same names, as `Connection.execute` wants them.
    """
    sleutel = (opdracht, conn.dialect.name, *waarden[0])
    vorm = _vormen.get(sleutel)
    if vorm is None:
        vorm = _vormen[sleutel] = _compile(conn, opdracht, list(waarden[0]))
    rijen = [{**vorm.vast, **rij} for rij in waarden] if vorm.vast else waarden
    return conn.exec_driver_sql(vorm.sql, [vorm.fill(rij) for rij in rijen])


def _compile(conn: Connection, opdracht: Executable, namen: list[str]) -> _Vorm:
    vertaald = cast("SQLCompiler", opdracht.compile(dialect=conn.dialect, column_keys=namen))  # type: ignore[attr-defined]  # every statement can be compiled, its base class does not say so
    vast = {naam: waarde for naam, waarde in vertaald.params.items() if naam not in namen}
    if vertaald.positiontup is None:
        return _Vorm(str(vertaald), vast, dict)
    if len(vertaald.positiontup) == 1:
        (enige,) = vertaald.positiontup
        return _Vorm(str(vertaald), vast, lambda rij: (rij[enige],))
    return _Vorm(str(vertaald), vast, itemgetter(*vertaald.positiontup))
