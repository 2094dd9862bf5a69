"""Many rows into one table with one statement, which SQLAlchemy writes once and the driver gets with the bare rows.

What SQLAlchemy does for each row of a statement costs more than the database takes to store it. SQLite gets a statement
of as many rows as there are: of `executemany` each row is a step of its own, around which the driver lets go of the
interpreter lock, and on a busy hub getting it back costs more than the row. PostgreSQL gets the rows as one JSON text
(`routing.rijenpakket`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from routing import rijenpakket
from routing.rijenpakket import Pakket

_GREEP: Final = 256
"""Rows of one statement on SQLite; `routing.databank` keeps as many prepared statements as that asks for."""
_GROOT: Final = 64 * 1024
"""Bytes of one value above which rows travel as they are: as JSON they take twice the room, several times over."""


class Invoeging:
    """Inserts rows, each a tuple of values for the same columns.

    Args:
        tabel: where the rows go.
        kolommen: names of the columns, in the order of the table; those left out get their default.
        overslaan: leave out rows that a unique index does not allow; else such a row is an error.
    """

    def __init__(self, tabel: Table, *kolommen: str, overslaan: bool = False) -> None:
        self._tabel = tabel.name
        self._kolommen = kolommen
        rij = rijenpakket.unpack({naam: tabel.c[naam].type for naam in kolommen})
        self._los, rij_voor_rij = postgresql.insert(tabel), sqlite.insert(tabel)
        self._ineens = postgresql.insert(tabel).from_select(kolommen, select(*(rij.c[naam] for naam in kolommen)))
        if overslaan:
            self._los, rij_voor_rij = self._los.on_conflict_do_nothing(), rij_voor_rij.on_conflict_do_nothing()
            self._ineens = self._ineens.on_conflict_do_nothing()
        self._los = self._los.execution_options(preserve_rowcount=True)
        self._ineens_tekst = ""
        vorm = rij_voor_rij.compile(dialect=sqlite.dialect(), column_keys=kolommen)
        assert tuple(vorm.positiontup or ()) == kolommen  # noqa: S101 - the values of a row have places, not names
        self._plekken = f"({', '.join('?' * len(kolommen))})"
        self._voor, gevonden, self._na = str(vorm).partition(self._plekken)
        assert gevonden  # noqa: S101 - it has one row, which will be repeated
        self._teksten: dict[int, str] = {}  # by the number of rows, so that the driver finds what it prepared before

    def insert(self, conn: Connection, rijen: Sequence[tuple[Any, ...]]) -> int:
        """Insert the rows in their order, at least one; return how many of them are now there.

        Args:
            conn: connection inside a transaction.
            rijen: the rows; values are text, bytes, numbers, booleans or None.
        """
        if conn.dialect.name == "sqlite":
            return sum(self._insert_values(conn, rijen[n : n + _GREEP]) for n in range(0, len(rijen), _GREEP))
        pakket = self.pack(conn, rijen)
        if pakket is None:
            return conn.execute(self._los, [dict(zip(self._kolommen, rij, strict=True)) for rij in rijen]).rowcount
        return conn.exec_driver_sql(pakket.sql, dict(pakket.waarden)).rowcount

    def pack(self, conn: Connection, rijen: Sequence[tuple[Any, ...]]) -> Pakket | None:
        """Give what `insert` would run on PostgreSQL; None when the rows are too large to go together."""
        if any(waarde.__class__ is bytes and len(waarde) > _GROOT for rij in rijen for waarde in rij):
            return None
        if not self._ineens_tekst:
            self._ineens_tekst = str(self._ineens.compile(dialect=conn.dialect))
        pakket = rijenpakket.pack([dict(zip(self._kolommen, rij, strict=True)) for rij in rijen])
        return Pakket(self._tabel, self._ineens_tekst, {rijenpakket.NAAM: pakket})

    def _insert_values(self, conn: Connection, rijen: Sequence[tuple[Any, ...]]) -> int:
        tekst = self._teksten.get(len(rijen))
        if tekst is None:
            rij = f"{self._plekken}, " * (len(rijen) - 1) + self._plekken
            tekst = self._teksten[len(rijen)] = f"{self._voor}{rij}{self._na}"
        return conn.exec_driver_sql(tekst, tuple(chain.from_iterable(rijen))).rowcount
