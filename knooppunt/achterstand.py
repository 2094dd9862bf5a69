"""What waits for delivery right now, for metrics and readiness; presentation-free, as `knooppunt.inzicht`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, or_, select, text, update

from routing import notificatie, schema
from routing.bewaking import WACHT_SINDS
from routing.herzendtaak import Toestand
from routing.klok import now_ms


@dataclass(frozen=True, slots=True)
class Achterstand:
    """What waits on one kanaal: berichten, partijen, and the seconds that one waits longest in its lane."""

    kanaal: str
    berichten: int
    lanes: int
    oudste_seconden: float


def read_achterstand(conn: Connection) -> tuple[Achterstand, ...]:
    """Return what waits, per kanaal; a kanaal without anything is absent.

    The head of a lane waits longest there, so the cost grows with the lanes that wait and not with their length.
    """
    lane = schema.lane.c
    wachtend = select(lane.kanaal, lane.pending, WACHT_SINDS.label("sinds")).where(lane.pending > 0).subquery().c
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
    """Incidents that are open by cause, events that wait to be sent, berichten that wait in jobs that run.

    And what stands still: lanes that are paused, lanes of which the breaker is open, berichten in quarantine, berichten
    that are held until a release opens. `over_tijd` says per task of maintenance how many seconds ago it was due.
    """

    incidenten: Mapping[str, int]
    notificaties: int
    herzendingen: int
    gepauzeerd: int
    onderbroken: int
    quarantaine: int
    aangehouden: int
    over_tijd: Mapping[str, float]


def read_beheercijfers(conn: Connection) -> Beheercijfers:
    """Return what the operator has on his plate."""
    i, h, hb = schema.incident.c, schema.herzending.c, schema.herzending_bericht.c
    per_oorzaak = select(i.oorzaak, func.count()).where(text("incident.gesloten_op IS NULL")).group_by(i.oorzaak)
    loopt = (
        select(func.count())
        .join_from(schema.herzending, schema.herzending_bericht, hb.herzending_id == h.id)
        .where(h.toestand == Toestand.LOOPT.value, text("herzending_bericht.gedaan_op IS NULL"))
    )
    nu, lane = now_ms(conn), schema.lane.c
    pauze = and_(lane.paused_by.is_not(None), or_(lane.paused_until.is_(None), lane.paused_until > nu))
    apart = select(func.count()).select_from(schema.aflevering).where(text("aflevering.quarantaine_op IS NOT NULL"))
    onderhoud = select(schema.onderhoud.c.taak, schema.onderhoud.c.next_due)
    return Beheercijfers(
        {rij[0]: rij[1] for rij in conn.execute(per_oorzaak)},
        notificatie.waiting(conn),
        conn.execute(loopt).scalar_one(),
        conn.execute(select(func.count()).select_from(schema.lane).where(pauze)).scalar_one(),
        conn.execute(select(func.count(lane.breaker_since))).scalar_one(),
        conn.execute(apart).scalar_one(),
        conn.execute(select(func.count()).select_from(schema.aangehouden)).scalar_one(),
        # Never run yet (0) is not late: it is about to be run for the first time.
        {taak: max(0, nu - wanneer) / 1000 if wanneer else 0 for taak, wanneer in conn.execute(onderhoud)},
    )
