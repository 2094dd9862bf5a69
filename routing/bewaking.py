"""What the log says is wrong: looked at by one node for all, and turned into incidents by comparing.

That an ontvanger refuses is written where it happens, in the transaction that gives the bericht up (`note_failure`).
All other causes are conditions that can be seen in the lanes at any moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, exists, func, select, text

from routing import incident, schema
from routing.bezorging import Foutmelding
from routing.fouten import Fout
from routing.incident import Feiten, Incidentboek, Sleutel, Verschil
from routing.klok import now_ms
from routing.notificatie import iso
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
_kop = (
    select(_b.ontvangen_op)
    .join_from(schema.aflevering, schema.bericht, _a.bericht_id == _b.id)
    .where(_a.lane == _lane.naam, text("aflevering.open"))
    .order_by(_a.seq)
    .limit(1)
    .scalar_subquery()
)
_WACHTEND = select(schema.lane, _kop.label("oudste")).where(_lane.pending > 0)
_APART = (
    select(_a.lane, func.count().label("aantal"), func.min(_a.quarantaine_op).label("sinds"))
    .where(text("aflevering.quarantaine_op IS NOT NULL"))
    .group_by(_a.lane)
)


@dataclass(frozen=True, slots=True)
class Grenzen:
    """When waiting is an incident: age in ms of the oldest bericht of an ontvanger, and berichten waiting in all."""

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
        if geval.oorzaak == WEIGERT and _took_later(conn, geval.onderwerp, geval.feiten["bericht_id"])
    )


def _took_later(conn: Connection, lane: str, bericht_id: str) -> bool:
    geweigerd = select(func.min(_a.seq)).where(_a.bericht_id == bericht_id, _a.lane == lane).scalar_subquery()
    later = exists().where(
        _a.lane == lane, _a.seq > geweigerd, ~_a.open, _b.id == _a.bericht_id, _b.status == Status.BEZORGD.value
    )
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
            ontvanger = conn.execute(select(_b.ontvanger).where(_b.id == bericht_id)).scalar_one()
            boek.open(conn, WEIGERT, ontvanger, {"bericht_id": bericht_id, "code": fout.code})

    return tell
