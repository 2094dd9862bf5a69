"""What an operator, or a change in the register, does to a lane: pause, resume, another kanaal."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, null, select, update
from sqlalchemy.dialects import postgresql, sqlite

from routing import breekpunt, schema
from routing.klok import now_ms
from routing.partij import Kanaal

_lane = schema.lane


class NietTePauzeren(ValueError):
    """The lane cannot be paused; the text says in Dutch why."""


def pause(conn: Connection, lane: str, wie: str, reden: str, tot_ms: int | None) -> None:
    """Offer nothing from this lane until `tot_ms`, or until someone resumes it; an attempt that runs may end.

    Berichten still come in and wait. Their term goes on. Pausing again replaces the earlier pause.

    Args:
        conn: connection inside a transaction.
        lane: code of the ontvanger; a lane that does not exist yet is made.
        wie: who asks.
        reden: why, for whoever finds the lane paused.
        tot_ms: moment at which it ends by itself, ms since 1970 UTC; None: never.

    Raises:
        NietTePauzeren: the moment has passed.
    """
    nu = now_ms(conn)
    if tot_ms is not None and tot_ms <= nu:
        raise NietTePauzeren("Het einde van de pauze ligt niet in de toekomst.")
    waarden = {"paused_by": wie, "paused_reason": reden, "paused_at": nu, "paused_until": tot_ms}
    maak = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    nieuw = maak(_lane).values(naam=lane, kanaal=Kanaal.PUSH.value, **waarden)
    conn.execute(nieuw.on_conflict_do_update(index_elements=[_lane.c.naam], set_=waarden))


def resume(conn: Connection, lane: str) -> bool:
    """End the pause of a lane; False when it was not paused."""
    einde = (
        update(_lane)
        .where(_lane.c.naam == lane, _lane.c.paused_by.is_not(None))
        .values(paused_by=null(), paused_reason=null(), paused_at=null(), paused_until=null())
    )
    return conn.execute(einde).rowcount == 1


def waiting(conn: Connection) -> dict[str, Kanaal]:
    """Return the lanes where berichten wait, with the kanaal they wait for."""
    wachtend = select(_lane.c.naam, _lane.c.kanaal).where(_lane.c.pending > 0)
    return {rij.naam: Kanaal(rij.kanaal) for rij in conn.execute(wachtend)}


def switch(conn: Connection, lanes: Iterable[str], kanaal: Kanaal) -> None:
    """Let what waits in these lanes go by another kanaal: the ontvanger changed how he is connected."""
    breekpunt.name_commit(conn, "onderhoud")
    for lane in sorted(lanes):
        conn.execute(update(_lane).where(_lane.c.naam == lane).values(kanaal=kanaal.value))
