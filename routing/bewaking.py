"""What the log says is wrong: looked at by one node for all, and turned into incidents by comparing.

That an ontvanger refuses is written where it happens, in the transaction that gives the bericht up (`note_failure`).
All other causes are conditions that can be seen in the lanes at any moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, exists, func, select, text

from routing import incident, logboek, schema
from routing.bezorging import Foutmelding
from routing.fouten import Fout
from routing.incident import Feiten, Incident, Incidentboek, Sleutel, Verschil
from routing.klok import now_ms
from routing.notificatie import iso
from routing.partij import TUSSENPARTIJ
from routing.status import Status

OORZAKEN: Final = (
    "achterstand",
    "bericht_in_quarantaine",
    "bericht_wacht_lang",
    "ontvanger_onbereikbaar",
    "pauze_duurt_lang",
)
"""Causes that `look` looks for."""

WEIGERT: Final = "ontvanger_weigert"

_lane, _a, _b = schema.lane.c, schema.aflevering.c, schema.bericht.c
WACHT_SINDS: Final = (
    select(logboek.queued_at(schema.bericht))
    .join_from(schema.aflevering, schema.bericht, _a.bericht_id == _b.id)
    .where(_a.lane == _lane.naam, text("aflevering.open"))
    .order_by(_a.seq)
    .limit(1)
    .scalar_subquery()
)
"""Since when (ms) what is at the head of a row of `lane` waits there."""
_WACHTEND = select(schema.lane, WACHT_SINDS.label("oudste")).where(_lane.pending > 0)
_APART = (
    select(_a.lane, func.count().label("aantal"), func.min(_a.quarantaine_op).label("sinds"))
    .where(text("aflevering.quarantaine_op IS NOT NULL"))
    .group_by(_a.lane)
)


@dataclass(frozen=True, slots=True)
class Grenzen:
    """When waiting is an incident: ms that a bericht waits in its lane, and berichten waiting in all."""

    oudste_ms: int
    achterstand: int


def look(conn: Connection, grenzen: Grenzen) -> Verschil:
    """Compare the lanes with the incidents that are open; costs as much as there are lanes that wait."""
    verschil = incident.compare(conn, OORZAKEN, _conditions(conn, grenzen))
    return Verschil(verschil.nieuw, verschil.weg + _better(conn))


def _conditions(conn: Connection, grenzen: Grenzen) -> Mapping[Sleutel, Feiten]:
    nu = now_ms(conn)
    gevonden: dict[Sleutel, Feiten] = {}
    totaal = 0
    for rij in conn.execute(_WACHTEND):
        totaal += rij.pending
        if rij.kanaal == "push" and rij.breaker_since is not None:
            sinds, reden = iso(rij.breaker_since), rij.breaker_reason
            gevonden["ontvanger_onbereikbaar", rij.naam] = {"sinds": sinds, "reden": reden, "wachtend": rij.pending}
        if rij.paused_by is not None and rij.paused_until is None and nu - rij.paused_at > grenzen.oudste_ms:
            gevonden["pauze_duurt_lang", rij.naam] = {"sinds": iso(rij.paused_at), "wachtend": rij.pending}
        if rij.oudste is not None and nu - rij.oudste > grenzen.oudste_ms:
            gevonden["bericht_wacht_lang", rij.naam] = {"oudste_van": iso(rij.oudste), "wachtend": rij.pending}
    if totaal > grenzen.achterstand:
        gevonden["achterstand", ""] = {"wachtend": totaal}
    for rij in conn.execute(_APART):
        gevonden["bericht_in_quarantaine", rij.lane] = {"sinds": iso(rij.sinds), "aantal": rij.aantal}
    return gevonden


def unreachable(conn: Connection) -> set[str]:
    """Return the ontvangers where berichten wait and deliveries fail."""
    return {rij.naam for rij in conn.execute(_WACHTEND) if rij.kanaal == "push" and rij.breaker_since is not None}


def _better(conn: Connection) -> tuple[int, ...]:
    """Return the incidents of an ontvanger that refused a bericht and took a later one, or that one after all."""
    return tuple(
        geval.nummer
        for geval in incident.find(conn, alleen_open=True)
        if geval.oorzaak == WEIGERT and _took_later(conn, geval)
    )


def _took_later(conn: Connection, geval: Incident) -> bool:
    """Judge by the lane of the bericht that was refused: a merger, or VECOZO, gives it another name than its ontvanger.

    VECOZO has a lane for many ontvangers, and may hear of a refusal after it took a bericht over.
    """
    lane = geval.feiten.get("lane", geval.onderwerp)
    in_lane = select(func.min(_a.seq)).where(_a.bericht_id == geval.feiten["bericht_id"], _a.lane == lane)
    later = exists().where(
        _a.lane == lane, _a.seq > in_lane.scalar_subquery(), ~_a.open, _b.id == _a.bericht_id,
        _b.status == Status.BEZORGD.value, _b.fout_code.is_(None),
    )  # fmt: skip
    if lane == TUSSENPARTIJ:
        later = later.where(_b.ontvanger == geval.onderwerp, ~exists().where(schema.doorgifte.c.bericht_id == _b.id))
    return bool(conn.execute(select(later)).scalar())


def note_failure(boek: Incidentboek, report: Foutmelding) -> Foutmelding:
    """Wrap what tells the zender that delivery was given up, so that the operator hears of an ontvanger that refuses.

    Args:
        boek: where incidents are written.
        report: makes the Fo01.
    """

    def tell(conn: Connection, bericht_id: str, fout: Fout) -> None:
        report(conn, bericht_id, fout)
        if fout.oorzaak == "geweigerd_door_ontvanger":
            lane = select(_a.lane).where(_a.bericht_id == bericht_id).order_by(_a.id.desc()).limit(1).scalar_subquery()
            rij = conn.execute(select(_b.ontvanger, lane.label("lane")).where(_b.id == bericht_id)).one()
            boek.open(conn, WEIGERT, rij.ontvanger, {"bericht_id": bericht_id, "code": fout.code, "lane": rij.lane})

    return tell
