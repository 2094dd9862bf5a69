"""Quarantine: berichten that were on their way at three crashes wait apart, until an operator decides or they expire.

They left their lane, so the next ones go on. The status stays "Aanbieden mislukt": nothing was given up yet.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, select, text, update

from routing import lanemutaties, logboek, schema
from routing.fouten import Fout, make_fout
from routing.klok import now_ms
from routing.partij import Kanaal
from routing.status import Status

_aflevering, _lane = schema.aflevering, schema.lane
_APART = text("aflevering.quarantaine_op IS NOT NULL")


class NietInQuarantaine(LookupError):
    """The bericht is not in quarantine (any more)."""


def release(conn: Connection, bericht_id: str, wie: str) -> None:
    """Put a bericht in quarantine back, at the end of its lane; its term stays what it was.

    Args:
        conn: connection inside a transaction.
        bericht_id: which bericht.
        wie: who asks, for the history.

    Raises:
        NietInQuarantaine: it is not there.
    """
    lane, expires_at = _take_out(conn, bericht_id)
    kanaal = conn.execute(select(_lane.c.kanaal).where(_lane.c.naam == lane)).scalar_one()
    lanemutaties.add(conn, lane, Kanaal(kanaal), bericht_id, expires_at, mogelijk_aangekomen=True)  # at each crash
    if kanaal == Kanaal.PULL:  # the ontvanger collects nowadays: his box offers it at once
        logboek.set_status(conn, bericht_id, Status.WORDT_AANGEBODEN, logboek.UIT_QUARANTAINE, {"door": wie})
    else:
        logboek.record(conn, bericht_id, logboek.UIT_QUARANTAINE, None, {"door": wie})


def give_up(
    conn: Connection,
    bericht_id: str,
    wie: str,
    generatie: Callable[[str], str],
    report_failure: Callable[[Connection, str, Fout], None],
) -> None:
    """Break off the delivery of a bericht in quarantine and tell its zender with a Fo01.

    Args:
        conn: connection inside a transaction.
        bericht_id: which bericht.
        wie: who asks, for the history.
        generatie: gives the generation of fault codes for a zender.
        report_failure: makes the Fo01.

    Raises:
        NietInQuarantaine: it is not there.
    """
    _take_out(conn, bericht_id)
    zender = conn.execute(select(schema.bericht.c.zender).where(schema.bericht.c.id == bericht_id)).scalar_one()
    fout = make_fout("bezorging_gestaakt", generatie(zender))
    logboek.set_status(conn, bericht_id, Status.BEZORGING_AFGEBROKEN, "bezorging gestaakt", {"door": wie})
    logboek.set_fault(conn, bericht_id, fout)
    report_failure(conn, bericht_id, fout)


def _take_out(conn: Connection, bericht_id: str) -> tuple[str, int]:
    """Close the aflevering that is in quarantine; return its lane and the end of its term."""
    rij = conn.execute(
        update(_aflevering)
        .where(_aflevering.c.bericht_id == bericht_id, _APART)
        .values(quarantaine_op=None, done_at=now_ms(conn))
        .returning(_aflevering.c.lane, _aflevering.c.expires_at)
    ).first()
    if rij is None:
        raise NietInQuarantaine(bericht_id)
    return rij.lane, rij.expires_at
