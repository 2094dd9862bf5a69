"""What one step of delivery writes: lane, aflevering, status, gebeurtenis and Fo01, in one transaction.

Every function here is an operation for `Opslag.write_lane`: it may run again and does nothing outside the database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from routing import breekpunt, lanes, logboek
from routing.fouten import Fout, make_fout
from routing.lanes import Kop, Lease
from routing.poorten import Uitkomst, Uitkomstsoort
from routing.status import Status

QUARANTAINE: Final = 3
"""Crashes under one bericht after which it is no longer offered: it may be what kills us."""

Foutmelding = Callable[[Connection, str, Fout], None]
"""Tells the zender, inside the transaction that gives up: connection, bericht_id, fault."""


@dataclass(frozen=True, slots=True)
class Stap:
    """One attempt that ended, or was not made because the bericht is in quarantine.

    `volgende` is what is offered next under the same lease; None gives the lane back. `mislukt` and `wait_ms` matter
    after a retryable failure, `fout` after a permanent one.
    """

    lease: Lease
    kop: Kop
    uitkomst: Uitkomst
    volgende: Kop | None
    mislukt: int = 0
    wait_ms: int = 0
    fout: Fout | None = None


def claim(conn: Connection, aantal: int, koppen: int) -> tuple[Lease, ...]:
    """Claim lanes that are ready and note for the head of each that it is offered."""
    leases = lanes.claim(conn, aantal, koppen)
    for lease in leases:
        breekpunt.name_commit(conn, "claim")
        kop = lease.koppen[0]
        if lease.gevallen:
            logboek.record(conn, kop.bericht_id, "bezorging onderbroken", None, {"keer": kop.crashes})
        if kop.crashes < QUARANTAINE:
            _offer(conn, kop)
    return leases


def settle(conn: Connection, stap: Stap, report_failure: Foutmelding) -> bool:
    """Write the outcome of one attempt; False, with nothing changed, when the lease was lost."""
    breekpunt.name_commit(conn, "uitkomst")
    lease, kop, uitkomst = stap.lease, stap.kop, stap.uitkomst
    feiten: dict[str, object] = {"poging": number(kop), "toelichting": uitkomst.toelichting}
    if uitkomst.http_status is not None:
        feiten["http_status"] = uitkomst.http_status
    if uitkomst.fout is not None:
        feiten["code"] = uitkomst.fout.code
    if uitkomst.soort is Uitkomstsoort.TIJDELIJK:
        if not lanes.retry(conn, lease, kop, stap.mislukt, stap.wait_ms):
            return False
        feiten["opnieuw_over_s"] = round(stap.wait_ms / 1000)
        logboek.set_status_at_end(conn, kop.bericht_id, Status.AANBIEDEN_MISLUKT, "poging", feiten)
        return True
    if uitkomst.soort is Uitkomstsoort.BEZORGD:
        if not lanes.complete(conn, lease, kop):
            return False
        logboek.set_status_at_end(conn, kop.bericht_id, Status.BEZORGD, "poging", feiten)
    else:
        gestaakt = kop.crashes >= QUARANTAINE
        if not lanes.give_up(conn, lease, kop, geantwoord=not gestaakt):
            return False
        soort = "bezorging gestaakt" if gestaakt else "poging"
        logboek.set_status_at_end(conn, kop.bericht_id, Status.BEZORGING_AFGEBROKEN, soort, feiten)
        if stap.fout is not None:
            _tell(conn, kop.bericht_id, stap.fout, report_failure)
    _go_on(conn, lease, stap.volgende)
    return True


def interrupt(conn: Connection, lease: Lease, kop: Kop) -> None:
    """Note that the hub stopped during an attempt, and give the lane back; this is no crash and no attempt."""
    if lanes.release(conn, lease):
        logboek.record(conn, kop.bericht_id, "bezorging onderbroken", None, {"toelichting": "Het knooppunt stopte."})


def expire(
    conn: Connection, lane: str, aantal: int, generatie: Callable[[str], str], report_failure: Foutmelding
) -> int:
    """Give up what waited too long in a lane and tell the zenders; returns how many berichten.

    Args:
        conn: connection inside a transaction.
        lane: which lane.
        aantal: how many at most.
        generatie: gives the generation of fault codes for a zender.
        report_failure: makes the Fo01.
    """
    verlopen = lanes.expire(conn, lane, aantal)
    for geval in verlopen:
        breekpunt.name_commit(conn, "verval")
        logboek.set_status_at_end(conn, geval.bericht_id, Status.VERVALLEN, "termijn verstreken", {})
        fout = make_fout("niet_bezorgd_binnen_termijn", generatie(geval.zender))
        _tell(conn, geval.bericht_id, fout, report_failure)
    return len(verlopen)


def number(kop: Kop) -> int:
    """Return the number of the attempt on a claimed bericht, from 1; one that a crash cut short counts along."""
    return kop.attempts + kop.crashes + 1


def _tell(conn: Connection, bericht_id: str, fout: Fout, report_failure: Foutmelding) -> None:
    logboek.set_fault(conn, bericht_id, fout)
    report_failure(conn, bericht_id, fout)


def _go_on(conn: Connection, lease: Lease, volgende: Kop | None) -> None:
    if volgende is None:
        lanes.release(conn, lease)
    elif volgende.crashes < QUARANTAINE:
        _offer(conn, volgende)


def _offer(conn: Connection, kop: Kop) -> None:
    feiten = {"poging": number(kop)}
    if kop.status is Status.WORDT_AANGEBODEN:  # after a crash, or when a pull lane became a push lane
        logboek.record(conn, kop.bericht_id, "aanbieden", None, feiten)
    else:
        logboek.set_status_at_end(conn, kop.bericht_id, Status.WORDT_AANGEBODEN, "aanbieden", feiten)
