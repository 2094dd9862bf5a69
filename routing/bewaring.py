"""How long what is kept, and removing what need not be kept any longer, a little at a time.

Only what was delivered or refused is ever removed: a payload that did not reach its ontvanger stays until it does.
The payload of a bericht in the dossier is needed to judge later ones, and goes together with its lines there.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, case, delete, exists, func, or_, select, tuple_

from routing import breekpunt, schema
from routing.beheerbewaring import remove_herzendingen, remove_incidents
from routing.klok import now_ms
from routing.onderhoud import Beurt
from routing.status import Status

AFGEROND: Final = frozenset({Status.BEZORGD, Status.AFGEKEURD})
"""Statuses after which the hub needs the payload for nothing."""

_RIJEN: Final = 500
"""Rows that one transaction removes at most, unless a single bericht has more."""
_BLADZIJDE: Final = 100
_ADEM_S: Final = 0.05
"""Seconds between transactions, in which others have their turn."""

_b, _p, _a, _d = schema.bericht.c, schema.payload.c, schema.aflevering.c, schema.dossier.c
_IN_DOSSIER = exists().where(_d.bericht_id == _b.id)
_ONDERWEG = exists().where(_a.bericht_id == _b.id, or_(_a.open, _a.quarantaine_op.is_not(None)))
_AFGEROND = and_(_b.status.in_(sorted(AFGEROND)), ~_ONDERWEG)
_VERWIJZERS = [
    kolom
    for tabel in reversed(schema.metadata.sorted_tables)
    for kolom in tabel.c
    if any(sleutel.column is schema.bericht.c.id for sleutel in kolom.foreign_keys)
]
"""Every column that refers to a bericht; those rows go with it."""

Plek = tuple[int, str]
"""How far a walk from old to new has come: moment of receipt and bericht_id."""
BEGIN: Final[Plek] = (-1, "")


@dataclass(frozen=True, slots=True)
class Bewaartermijnen:
    """How long things are kept, in ms: `inhoud` and `gegevens` from delivery or refusal on.

    `dossier` is the term for the payload of a bericht that the rules across berichten may need; `beheer` that for
    incidents and herzendingen, from when they were over.
    """

    inhoud: int
    dossier: int
    gegevens: int
    beheer: int


@dataclass(frozen=True, slots=True)
class Stap:
    """What one transaction removed, and from where to go on; None when all was looked at."""

    verwijderd: int
    verder: Plek | None


@dataclass(frozen=True, slots=True)
class Opgeschoond:
    """How many payloads and how many berichten were removed, and how many rows for the operator."""

    inhoud: int
    berichten: int
    beheer: int = 0


async def clean(beurt: Beurt, termijnen: Bewaartermijnen) -> Opgeschoond:
    """Remove everything whose term has passed, in small transactions."""
    aantallen = []
    for verwijder in (remove_contents, remove_berichten):
        totaal, plek = 0, BEGIN
        while True:
            stap = await beurt.write(verwijder, termijnen, plek)
            totaal += stap.verwijderd
            if stap.verder is None:
                break
            plek = stap.verder
            await asyncio.sleep(_ADEM_S)
        aantallen.append(totaal)
    inhoud, berichten = aantallen
    beheer = 0
    for ruim_op in (remove_incidents, remove_herzendingen):
        while weg := await beurt.write(ruim_op, termijnen.beheer):
            beheer += weg
            await asyncio.sleep(_ADEM_S)
    return Opgeschoond(inhoud, berichten, beheer)


def content_until(conn: Connection, bericht_id: str, termijnen: Bewaartermijnen) -> int | None:
    """Return until when the payload of a bericht is kept, ms since 1970; None as long as it is not delivered."""
    keuze = select(case((_AFGEROND, _b.status_op + _term(termijnen)))).where(_b.id == bericht_id)
    return conn.execute(keuze).scalar()


def remove_contents(conn: Connection, termijnen: Bewaartermijnen, na: Plek) -> Stap:
    """Remove payloads whose term has passed, and their lines in the dossier, looking at a page of candidates."""
    nu = now_ms(conn)
    rijen = conn.execute(
        select(_p.ontvangen_op, _p.bericht_id, and_(_AFGEROND, _b.status_op + _term(termijnen) <= nu).label("mag"))
        .join_from(schema.payload, schema.bericht, _b.id == _p.bericht_id)
        .where(tuple_(_p.ontvangen_op, _p.bericht_id) > na, _p.ontvangen_op <= nu - termijnen.inhoud)
        .order_by(_p.ontvangen_op, _p.bericht_id)
        .limit(_BLADZIJDE)
    ).all()
    weg = [rij.bericht_id for rij in rijen if rij.mag]
    if weg:
        breekpunt.name_commit(conn, "onderhoud")
        conn.execute(delete(schema.dossier).where(_d.bericht_id.in_(weg)))
        conn.execute(delete(schema.payload).where(_p.bericht_id.in_(weg)))
    verder = (rijen[-1].ontvangen_op, rijen[-1].bericht_id) if len(rijen) == _BLADZIJDE else None
    return Stap(len(weg), verder)


def remove_berichten(conn: Connection, termijnen: Bewaartermijnen, na: Plek) -> Stap:
    """Remove berichten whose term has passed, with everything that refers to them."""
    nu = now_ms(conn)
    rijen = conn.execute(
        select(_b.ontvangen_op, _b.id, and_(_AFGEROND, _b.status_op <= nu - termijnen.gegevens).label("mag"))
        .where(tuple_(_b.ontvangen_op, _b.id) > na, _b.ontvangen_op <= nu - termijnen.gegevens)
        .order_by(_b.ontvangen_op, _b.id)
        .limit(_BLADZIJDE)
    ).all()
    omvang = _count_rows(conn, [rij.id for rij in rijen if rij.mag])
    weg: list[str] = []
    verder: Plek | None = None
    som = 0
    for rij in rijen:
        som += omvang[rij.id]
        if weg and som > _RIJEN:
            break
        weg += [rij.id] if rij.mag else []
        verder = (rij.ontvangen_op, rij.id)
    else:
        verder = verder if len(rijen) == _BLADZIJDE else None
    if weg:
        breekpunt.name_commit(conn, "onderhoud")
        for kolom in _VERWIJZERS:
            conn.execute(delete(kolom.table).where(kolom.in_(weg)))
        conn.execute(delete(schema.bericht).where(_b.id.in_(weg)))
    return Stap(len(weg), verder)


def _count_rows(conn: Connection, ids: list[str]) -> Counter[str]:
    """Count the rows that go with each bericht, itself included."""
    telling = Counter(ids)
    for kolom in _VERWIJZERS:
        per = select(kolom, func.count()).where(kolom.in_(ids)).group_by(kolom)
        telling.update({rij[0]: rij[1] for rij in conn.execute(per)})
    return telling


def _term(termijnen: Bewaartermijnen) -> ColumnElement[Any]:
    return case((_IN_DOSSIER, termijnen.dossier), else_=termijnen.inhoud)
