"""Berichten of one case that come in at the same moment: none of them is judged without the others.

A bericht is judged before its transaction, against what the dossier held then. Inside it, the dossier is looked at
again: when it changed in between, the verdict may be wrong and the bericht is judged anew. SQLite has one writer, so
what this sees is all there is. On PostgreSQL another writer may be about to commit; two that share a kenmerk also want
the same advisory lock, and who does not get it at once is judged anew as well. Nobody waits, so nobody waits for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import ARRAY, BigInteger, Connection, bindparam, func, select, text

from routing import schema

_GREEP = 500  # values in one question; SQLite takes some thousands at most
_SLOTEN_MAX = 64
_SLOTEN = text("SELECT bool_and(pg_try_advisory_xact_lock(slot)) FROM unnest(:sloten) AS slot").bindparams(
    bindparam("sloten", type_=ARRAY(BigInteger))
)
_T = TypeVar("_T")


class Ingehaald(RuntimeError):
    """Each time a bericht was judged, another of the same case came in; it was not stored."""


@dataclass(frozen=True, slots=True)
class Gelezen:
    """What the dossier held when a bericht was judged.

    `sporen` are the kenmerken looked for; `stand` is how many rows have one, and the number of the last of those.
    """

    sporen: tuple[bytes, ...]
    stand: tuple[int, int]


def read_stand(conn: Connection, sporen: Sequence[bytes]) -> tuple[int, int]:
    """Count the rows of the dossier that have one of these kenmerken, and give the highest number among them."""
    d = schema.dossier.c
    aantal = laatste = 0
    for greep in handfuls(sporen):
        deel = conn.execute(select(func.count(), func.max(d.id)).where(d.kenmerk.in_(greep))).one()
        aantal, laatste = aantal + deel[0], max(laatste, deel[1] or 0)
    return aantal, laatste


def is_overtaken(conn: Connection, gelezen: Gelezen, sloten: Sequence[bytes]) -> bool:
    """Look again, inside the transaction that is to store a bericht and before that writes anything.

    Args:
        conn: in that transaction.
        gelezen: what the bericht was judged against.
        sloten: kenmerken that it shares with berichten it must not cross; the first 64 count.

    Returns:
        Whether the dossier changed since, or another is changing it now.
    """
    if conn.dialect.name == "postgresql" and sloten:
        nummers = [int.from_bytes(slot[:8], signed=True) for slot in sloten[:_SLOTEN_MAX]]
        if not conn.execute(_SLOTEN, {"sloten": nummers}).scalar_one():
            return True
    return read_stand(conn, gelezen.sporen) != gelezen.stand


def handfuls(rij: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Divide a row into pieces that fit in one question."""
    for begin in range(0, len(rij), _GREEP):
        yield rij[begin : begin + _GREEP]
