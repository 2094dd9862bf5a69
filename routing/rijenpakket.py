"""Many rows as one JSON text: how PostgreSQL gets them.

Its statement then never changes with their number, is planned once for all of them, and has one parameter: converting
each value apart costs the driver more, and a statement for each row costs the database more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import JSON, Text, bindparam, cast, column, func
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

NAAM: Final = "rijen"
"""Name of the one parameter."""


@dataclass(frozen=True, slots=True)
class Pakket:
    """A statement that changes one table for a package of rows: its text for the driver, and the parameters of that."""

    tabel: str
    sql: str
    waarden: Mapping[str, object]


def unpack(kolommen: Mapping[str, TypeEngine[object]]) -> TableValuedAlias:
    """Make a FROM of the rows, with columns of these names and types.

    The types are numbers, text, booleans and bytes.
    """
    vormen = [column(naam, soort) for naam, soort in kolommen.items()]
    rijen = func.json_to_recordset(cast(bindparam(NAAM, type_=Text), JSON)).table_valued(*vormen)
    return rijen.render_derived(name="rij", with_types=True)


def pack(rijen: Sequence[Mapping[str, object]]) -> str:
    """Write rows, each with its values by name, as the value of the parameter."""
    return _SCHRIJVER.encode(rijen)


def _hex(waarde: bytes) -> str:
    """Write bytes as PostgreSQL reads them from text."""
    return f"\\x{waarde.hex()}"


_SCHRIJVER: Final = json.JSONEncoder(default=_hex, separators=(",", ":"), check_circular=False)
