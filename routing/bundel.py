"""Changes that follow each other without a question in between, sent to PostgreSQL as one statement.

Of a small statement the way to the database and back is most of what it costs: each time the writer lets go of the
interpreter lock, and on a busy hub getting it back takes longer than the work. The parts of one statement see the table
as it was before it, so a table that a part has changed already begins a new statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Update

from routing.invoeging import Invoeging
from routing.opdracht import pack_update, run_many
from routing.rijenpakket import Pakket

Deel = tuple[Update | Invoeging, Sequence[Any]]
"""What is to be done, and the rows for it: values by name for an UPDATE (`run_many`), tuples for an `Invoeging`."""

_PARAMETER: Final = re.compile(r"%\((\w+)\)s")
_teksten: dict[tuple[str, ...], str] = {}


def run(conn: Connection, delen: Iterable[Deel]) -> None:
    """Make these changes as if one after the other.

    Args:
        conn: connection inside a transaction.
        delen: parts with one row or more each, or with none; a part may depend on one before it only by what that one
            did to the same table, or by a foreign key.
    """
    samen: dict[str, Pakket] = {}
    for wat, rijen in delen:
        if not rijen:
            continue
        pakket = _pack(conn, wat, rijen)
        if pakket is None or pakket.tabel in samen:
            _send(conn, list(samen.values()))
            samen = {}
        if pakket is not None:
            samen[pakket.tabel] = pakket
        elif isinstance(wat, Invoeging):
            wat.insert(conn, rijen)
        else:
            run_many(conn, wat, rijen)
    _send(conn, list(samen.values()))


def _pack(conn: Connection, wat: Update | Invoeging, rijen: Sequence[Any]) -> Pakket | None:
    if conn.dialect.name != "postgresql":
        return None
    return wat.pack(conn, rijen) if isinstance(wat, Invoeging) else pack_update(conn, wat, rijen)


def _send(conn: Connection, pakketten: Sequence[Pakket]) -> None:
    if not pakketten:
        return
    teksten = tuple(pakket.sql for pakket in pakketten)
    tekst = _teksten.get(teksten)
    if tekst is None:
        tekst = _teksten[teksten] = _join(teksten)
    waarden = {f"{naam}_{n}": waarde for n, pakket in enumerate(pakketten) for naam, waarde in pakket.waarden.items()}
    conn.exec_driver_sql(tekst, waarden)


def _join(teksten: Sequence[str]) -> str:
    """Make one statement of several, each with parameters of its own."""
    *eerst, laatst = (_PARAMETER.sub(rf"%(\g<1>_{n})s", tekst) for n, tekst in enumerate(teksten))
    ervoor = ", ".join(f"deel_{n} AS ({tekst})" for n, tekst in enumerate(eerst))
    return f"WITH {ervoor} {laatst}" if eerst else laatst
