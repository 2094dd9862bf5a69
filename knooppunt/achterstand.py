"""What waits for delivery right now, for metrics and readiness; presentation-free, as `knooppunt.inzicht`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text, update

from routing import notificatie, schema
from routing.herzendtaak import Toestand
from routing.klok import now_ms


@dataclass(frozen=True, slots=True)
class Achterstand:
    """What waits on one kanaal: berichten, partijen, and the age in seconds of the oldest bericht."""

    kanaal: str
    berichten: int
    lanes: int
    oudste_seconden: float


def read_achterstand(conn: Connection) -> tuple[Achterstand, ...]:
    """Return what waits, per kanaal; a kanaal without anything is absent.

    The head of a lane is its oldest bericht, so the cost grows with the lanes that wait and not with their length.
    """
    lane, aflevering, bericht = schema.lane.c, schema.aflevering.c, schema.bericht.c
    kop = (
        select(bericht.ontvangen_op)
        .join_from(schema.aflevering, schema.bericht, aflevering.bericht_id == bericht.id)
        .where(aflevering.lane == lane.naam, aflevering.open)
        .order_by(aflevering.seq)
        .limit(1)
        .scalar_subquery()
    )
    wachtend = select(lane.kanaal, lane.pending, kop.label("sinds")).where(lane.pending > 0).subquery().c
    nu = now_ms(conn)
    return tuple(
        Achterstand(kanaal, int(berichten), lanes, max(0, nu - (nu if sinds is None else sinds)) / 1000)
        for kanaal, berichten, lanes, sinds in conn.execute(
            select(wachtend.kanaal, func.sum(wachtend.pending), func.count(), func.min(wachtend.sinds))
            .group_by(wachtend.kanaal)
            .order_by(wachtend.kanaal)
        )
    )


def touch(conn: Connection) -> None:
    """Write without changing anything, to prove that the database takes writes."""
    versie = schema.register_versie
    conn.execute(update(versie).values(versie=versie.c.versie))


def count_waiting(conn: Connection) -> int:
    """Return how many berichten wait for delivery in all."""
    return int(conn.execute(select(func.coalesce(func.sum(schema.lane.c.pending), 0))).scalar_one())


@dataclass(frozen=True, slots=True)
class Beheercijfers:
    """Incidents that are open by cause, events that wait to be sent, berichten that wait in jobs that run."""

    incidenten: Mapping[str, int]
    notificaties: int
    herzendingen: int


def read_beheercijfers(conn: Connection) -> Beheercijfers:
    """Return what the operator has on his plate."""
    i, h, hb = schema.incident.c, schema.herzending.c, schema.herzending_bericht.c
    per_oorzaak = select(i.oorzaak, func.count()).where(text("incident.gesloten_op IS NULL")).group_by(i.oorzaak)
    loopt = (
        select(func.count())
        .join_from(schema.herzending, schema.herzending_bericht, hb.herzending_id == h.id)
        .where(h.toestand == Toestand.LOOPT.value, text("herzending_bericht.gedaan_op IS NULL"))
    )
    return Beheercijfers(
        {rij[0]: rij[1] for rij in conn.execute(per_oorzaak)},
        notificatie.waiting(conn),
        conn.execute(loopt).scalar_one(),
    )
