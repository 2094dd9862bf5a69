"""The berichten of a whole case: all that hang together with one."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import Connection, Select, and_, or_, select, union

from knooppunt.inzicht import is_visible
from routing import schema

_ZAAK_MAX = 1000
"""Berichten in one case at most; between two partijen about one client there are tens."""

_s, _b = schema.ketenschakel.c, schema.bericht.c


def find_case(conn: Connection, bericht_id: str, partijen: AbstractSet[str] | None) -> frozenset[str]:
    """Give the ids of all berichten that hang together with one, itself included.

    They share a key, or one answers the other with its crossRefnummer. What `partijen` may not see is left out and
    leads nowhere, so no bericht of theirs is a way to somebody else's; when they may not see this one, there is none.
    """
    begin = _visible(select(_b.id).where(_b.id == bericht_id), partijen)
    gevonden = rand = set(conn.execute(begin).scalars())
    while rand and len(gevonden) < _ZAAK_MAX:
        rand = set(conn.execute(_neighbours(rand, partijen)).scalars()) - gevonden
        gevonden = gevonden | set(sorted(rand)[: _ZAAK_MAX - len(gevonden)])
    return frozenset(gevonden)


def _visible(keuze: Select[Any], partijen: AbstractSet[str] | None) -> Select[Any]:
    return keuze if partijen is None else keuze.where(is_visible(schema.bericht, partijen))


def _neighbours(rand: Collection[str], partijen: AbstractSet[str] | None) -> Select[Any]:
    heen, terug = schema.bericht.alias(), schema.bericht.alias()
    eigen = select(_s.kenmerk).where(_s.bericht_id.in_(rand))
    # A Fo01 of the hub comes from neither of the two.
    van_de_ander = or_(terug.c.zender == heen.c.ontvanger, terug.c.kanaal == "hub")
    beantwoordt = and_(terug.c.cross_ref == heen.c.referentienummer, terug.c.ontvanger == heen.c.zender, van_de_ander)
    paren = select().select_from(heen.join(terug, beantwoordt))
    naast = union(
        select(_s.bericht_id.label("id")).where(_s.kenmerk.in_(eigen)),
        paren.with_only_columns(terug.c.id).where(heen.c.id.in_(rand)),
        paren.with_only_columns(heen.c.id).where(terug.c.id.in_(rand)),
    ).subquery()
    return _visible(select(_b.id).where(_b.id.in_(select(naast.c.id)), _b.geldend), partijen)
