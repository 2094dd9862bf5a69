"""What became of the berichten behind schakels, as the tables tell it: refused, come back, offered again, answered.

Every function is synchronous and only reads.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, FromClause, ScalarSelect, Select, func, select

from istandaarden.schakels import Rol, Schakelsoort
from routing import schema
from routing.bericht import Berichtcode
from routing.gelijktijdig import handfuls
from routing.ketenbewaking.verwachting import turns
from routing.logboek import offered_again_at
from routing.status import Status

_s, _b = schema.ketenschakel.c, schema.bericht.c


def select_links() -> Select[Any]:
    """Select schakels with their bericht: when it was offered again, a Fo01 came about it, and a retour refused it.

    That retour names it with its crossRefnummer (`afgekeurd_over`); for what refuses by its keys see `refused_by_key`.
    """
    return select(
        schema.ketenschakel,
        _b.referentienummer,
        _b.functie,
        _b.status,
        offered_again_at(schema.bericht).label("opnieuw_op"),
        _fault_about(schema.bericht).label("fout_op"),
        _refused_by_reference().label("afgekeurd_over"),
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


def turns_on(conn: Connection, kenmerken: Collection[bytes]) -> dict[int, range]:
    """Give `Feit.beurt` of the schakels that ask on a key on which others ask too, by their id."""
    per_kenmerk: defaultdict[tuple[str, bytes], dict[int, bool]] = defaultdict(dict)
    vraag = schema.ketenschakel.alias()
    for deel in handfuls(list(kenmerken)):
        vragen = select(vraag.c.kenmerk).where(vraag.c.kenmerk.in_(deel), vraag.c.rol == Rol.VRAAG.value)
        gedeeld = _s.kenmerk.in_(vragen.group_by(vraag.c.kenmerk).having(func.count() > 1))
        for rij in conn.execute(select_links().where(_s.rol == Rol.VRAAG.value, gedeeld).order_by(_s.id)):
            telt = rij.fout_op is None and rij.afgekeurd_over is None
            per_kenmerk[rij.soort, bytes(rij.kenmerk)][rij.id] = telt
    beurten: dict[int, range] = {}
    for (soort, _), op_kenmerk in per_kenmerk.items():
        beurten |= turns(op_kenmerk, Schakelsoort(soort))
    return beurten


def refused_by_key(conn: Connection, ids: Collection[str]) -> dict[str, int]:
    """Give of these berichten the moment (ms) at which a retour refused them that names no bericht, if one did."""
    gevonden: dict[str, int] = {}
    for deel in handfuls(list(ids)):
        heen = (_s.bericht_id.in_(deel), _s.soort == Schakelsoort.UITWISSELING.value, _s.rol == Rol.VRAAG.value)
        afkeuringen = _refusals(conn, select(_s.kenmerk).where(*heen))
        if not afkeuringen:
            continue
        eigen = conn.execute(select(_s.id, _s.bericht_id, _s.kenmerk).where(*heen, _s.kenmerk.in_(afkeuringen))).all()
        beurten = turns_on(conn, afkeuringen)
        for rij in eigen:
            op_kenmerk = afkeuringen[bytes(rij.kenmerk)]
            beurt = beurten.get(rij.id)
            eerste = bisect_left(op_kenmerk, (beurt.start, 0)) if beurt else 0
            if eerste < len(op_kenmerk) and (beurt is None or op_kenmerk[eerste][0] in beurt):
                gevonden[rij.bericht_id] = op_kenmerk[eerste][1]
    return gevonden


def _refusals(conn: Connection, kenmerken: Select[bytes]) -> dict[bytes, list[tuple[int, int]]]:
    """Give per key the refusing retours that name no bericht and did not come back: id and moment, in order."""
    gevonden: defaultdict[bytes, list[tuple[int, int]]] = defaultdict(list)
    afkeuring = schema.ketenschakel.alias()
    keuze = (
        select(afkeuring.c.kenmerk, afkeuring.c.id, afkeuring.c.moment)
        .join(schema.bericht, _b.id == afkeuring.c.bericht_id)
        .where(
            afkeuring.c.kenmerk.in_(kenmerken),
            afkeuring.c.rol == Rol.AFKEURING.value,
            afkeuring.c.over.is_(None),
            _fault_about(schema.bericht).is_(None),
        )
        .order_by(afkeuring.c.id)
    )
    for rij in conn.execute(keuze):
        gevonden[bytes(rij.kenmerk)].append((rij.id, rij.moment))
    return dict(gevonden)


def assigned_at(conn: Connection, kenmerken: Collection[bytes]) -> dict[bytes, int]:
    """Give per key of a toewijzing the moment (ms) at which it was first assigned, or offered again after all.

    A 301 that was refused or came back assigned nothing, and a later one only changes the toewijzing.
    """
    toewijzingen = select_links().where(_s.kenmerk.in_(kenmerken), _s.rol == Rol.TOEWIJZING.value)
    rijen = conn.execute(toewijzingen).all()
    op_kenmerk = refused_by_key(conn, {rij.bericht_id for rij in rijen})
    gevonden: dict[bytes, int] = {}
    for rij in rijen:
        if rij.fout_op is None and rij.afgekeurd_over is None and rij.bericht_id not in op_kenmerk:
            kenmerk, moment = bytes(rij.kenmerk), max(rij.moment, rij.opnieuw_op or 0)
            gevonden[kenmerk] = min(moment, gevonden.get(kenmerk, moment))
    return gevonden
