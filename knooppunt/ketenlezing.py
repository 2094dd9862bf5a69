"""The two questions that the chain watch asks of the tables: schakels with what became of them, and a whole case."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import Connection, FromClause, ScalarSelect, Select, and_, func, or_, select, union

from istandaarden.schakels import Rol, Schakelsoort
from knooppunt.inzicht import is_visible
from routing import schema
from routing.bericht import Berichtcode
from routing.logboek import offered_again_at
from routing.status import Status

_ZAAK_MAX = 1000
"""Berichten in one case at most; between two partijen about one client there are tens."""

_s, _b = schema.ketenschakel.c, schema.bericht.c


def select_links() -> Select[Any]:
    """Select schakels with their bericht: when it was offered again, a Fo01 came about it, and a retour refused it.

    A retour that names it with a crossRefnummer gives `afgekeurd_over`, one that does by its keys `afgekeurd_kenmerk`.
    """
    return select(
        schema.ketenschakel,
        _b.referentienummer,
        _b.functie,
        _b.status,
        offered_again_at(schema.bericht).label("opnieuw_op"),
        _fault_about(schema.bericht).label("fout_op"),
        _refused_by_reference().label("afgekeurd_over"),
        _refused_by_key().label("afgekeurd_kenmerk"),
    ).join_from(schema.ketenschakel, schema.bericht, _b.id == _s.bericht_id)


def _fault_about(bericht: FromClause) -> ScalarSelect[Any]:
    """Give the moment of the first Fo01 about a bericht, since it was last offered.

    Those about an earlier, refused try are older than it.
    """
    fo01 = schema.bericht.alias()
    return (
        select(func.min(fo01.c.ontvangen_op))
        .where(
            fo01.c.cross_ref == bericht.c.referentienummer,
            fo01.c.berichtcode == Berichtcode.FO01.value,
            fo01.c.ontvanger == bericht.c.zender,
            fo01.c.status != Status.AFGEKEURD.value,
            fo01.c.ontvangen_op >= bericht.c.ontvangen_op,
            fo01.c.ontvangen_op > func.coalesce(offered_again_at(bericht), -1),
        )
        .correlate(bericht)
        .scalar_subquery()
    )


def _refused_by_reference() -> ScalarSelect[Any]:
    afkeuring, retour = schema.ketenschakel.alias(), schema.bericht.alias()
    return (
        select(func.min(afkeuring.c.moment))
        .join_from(afkeuring, retour, retour.c.id == afkeuring.c.bericht_id)
        .where(
            afkeuring.c.over == _s.bericht_id,
            afkeuring.c.rol.in_([Rol.AFKEURING.value, Rol.DUBBEL.value]),
            _fault_about(retour).is_(None),
        )
        .correlate(schema.ketenschakel)
        .scalar_subquery()
    )


def _refused_by_key() -> ScalarSelect[Any]:
    eigen, afkeuring, retour = schema.ketenschakel.alias(), schema.ketenschakel.alias(), schema.bericht.alias()
    return (
        select(func.min(afkeuring.c.moment))
        .join_from(eigen, afkeuring, afkeuring.c.kenmerk == eigen.c.kenmerk)
        .join(retour, retour.c.id == afkeuring.c.bericht_id)
        .where(
            eigen.c.bericht_id == _s.bericht_id,
            eigen.c.soort == Schakelsoort.UITWISSELING.value,
            eigen.c.rol == Rol.VRAAG.value,
            afkeuring.c.rol == Rol.AFKEURING.value,
            afkeuring.c.over.is_(None),
            _fault_about(retour).is_(None),
        )
        .correlate(schema.ketenschakel)
        .scalar_subquery()
    )


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
