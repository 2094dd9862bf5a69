"""What one step of delivery writes: lane, aflevering, status, gebeurtenis and Fo01, in one transaction.

Every function here is an operation for `Opslag.write_lane`, and `settle` for `Opslag.write_together`: it may run again
and does nothing outside the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from routing import breekpunt, lanes, logboek, termijn
from routing.fouten import Fout, make_fout
from routing.lanes import QUARANTAINE, Einde, Kop, Lease, Vervolg
from routing.poorten import Uitkomst, Uitkomstsoort
from routing.status import Status

Foutmelding = Callable[[Connection, str, Fout], None]
"""Tells the zender, inside the transaction that gives up: connection, bericht_id, fault."""

GESTOPT: Final = "Het knooppunt stopte."

_STATUS: Final = {
    Uitkomstsoort.BEZORGD: Status.BEZORGD,
    Uitkomstsoort.BLIJVEND: Status.BEZORGING_AFGEBROKEN,
}


@dataclass(frozen=True, slots=True)
class Stap:
    """One attempt that ended, or was not made because the term had passed.

    `volgende` is what is offered next under the same lease; without one, a lease of width one is given back and the
    lane waits `wait_ms`. `mislukt` and `breuk` (why the breaker opens) matter after a retryable failure, `fout` when
    delivery was given up.
    """

    lease: Lease
    kop: Kop
    uitkomst: Uitkomst
    volgende: Kop | None
    wait_ms: int = 0
    mislukt: int = 0
    breuk: str | None = None
    fout: Fout | None = None


def claim(
    conn: Connection,
    aantal: int,
    koppen: int,
    breedte: Callable[[str], int] = lambda _lane: 1,
    mag: Callable[[], bool] = lambda: True,
) -> tuple[Lease, ...]:
    """Claim lanes that are ready and note for what is at their heads that it is offered.

    Args:
        conn: connection inside a transaction.
        aantal: how many lanes at most.
        koppen: how many berichten per lane at most.
        breedte: gives how many berichten the ontvanger of a lane takes at the same time.
        mag: asked when the transaction runs; a hub that stopped meanwhile takes nothing.
    """
    if not mag():
        return ()
    beurten = lanes.claim(conn, aantal, koppen, breedte)
    if beurten.leases:
        breekpunt.name_commit(conn, "claim")
    for kop in beurten.gevallen:
        logboek.record(conn, kop.bericht_id, "bezorging onderbroken", None, {"keer": kop.crashes})
        if kop.crashes >= QUARANTAINE:
            _set_aside(conn, kop)
    for lease in beurten.leases:
        for kop in lease.koppen[: lease.breedte]:
            _offer(conn, kop)
    return beurten.leases


def settle(conn: Connection, stappen: Sequence[Stap], report_failure: Foutmelding) -> list[Vervolg]:
    """Write the outcomes of attempts, each of another lane or of a wide one.

    Returns:
        Per attempt whether `volgende` has its turn now.
    """
    breekpunt.name_commit(conn, "uitkomst")
    gesloten = [stap for stap in stappen if stap.uitkomst.soort is not Uitkomstsoort.TIJDELIJK]
    vervolgen = iter(lanes.close(conn, [_end(stap) for stap in gesloten]) if gesloten else ())
    return [
        _postpone(conn, stap)
        if stap.uitkomst.soort is Uitkomstsoort.TIJDELIJK
        else _go_on(conn, stap, next(vervolgen), report_failure)
        for stap in stappen
    ]


def _end(stap: Stap) -> Einde:
    """Say how a bericht is closed; a lease of width one goes back with its last outcome."""
    geantwoord = stap.uitkomst.soort is not Uitkomstsoort.VERVALLEN
    laatste = stap.volgende is None and stap.lease.breedte == 1
    terug_ms = stap.wait_ms if laatste else None
    return Einde(stap.lease, stap.kop, geantwoord, terug_ms, stap.uitkomst.mogelijk_aangekomen)


def _postpone(conn: Connection, stap: Stap) -> Vervolg:
    lease, kop = stap.lease, stap.kop
    if not lanes.retry(
        conn,
        lease,
        kop,
        stap.mislukt,
        stap.wait_ms,
        breuk=stap.breuk,
        geef_terug=lease.breedte == 1,
        mogelijk_aangekomen=stap.uitkomst.mogelijk_aangekomen,
    ):
        return Vervolg.VERLOREN
    feiten = _facts(kop, stap.uitkomst) | {"opnieuw_over_s": round(stap.wait_ms / 1000)}
    logboek.set_status_at_end(conn, kop.bericht_id, Status.AANBIEDEN_MISLUKT, "poging", feiten)
    return Vervolg.PAUZE


def interrupt(
    conn: Connection, lease: Lease, koppen: Iterable[Kop], reden: str, wait_ms: int = 0, *, begonnen: bool = True
) -> None:
    """Note that attempts were broken off by us, which is no crash and no attempt.

    A lease of width one is given back along with it; a wide one when all of its attempts have ended. Of an attempt that
    had `begonnen` nobody knows whether it reached the ontvanger.
    """
    for kop in koppen:
        if lanes.unmark(conn, lease, kop, begonnen=begonnen):
            logboek.record(conn, kop.bericht_id, "bezorging onderbroken", None, {"toelichting": reden})
    if lease.breedte == 1:
        lanes.release(conn, lease, wait_ms)


def expire(
    conn: Connection, lane: str | None, aantal: int, generatie: Callable[[str], str], report_failure: Foutmelding
) -> int:
    """Give up what waited too long and tell the zenders; returns how many berichten.

    Args:
        conn: connection inside a transaction.
        lane: which lane; None for what is in quarantine.
        aantal: how many at most.
        generatie: gives the generation of fault codes for a zender.
        report_failure: makes the Fo01.
    """
    verlopen = termijn.expire_quarantined(conn, aantal) if lane is None else termijn.expire(conn, lane, aantal)
    for geval in verlopen:
        breekpunt.name_commit(conn, "verval")
        if geval.gevallen:
            logboek.record(conn, geval.bericht_id, "bezorging onderbroken", None, {"keer": geval.crashes})
        logboek.set_status_at_end(conn, geval.bericht_id, Status.VERVALLEN, "termijn verstreken", {})
        fout = make_fout("niet_bezorgd_binnen_termijn", generatie(geval.zender))
        _tell(conn, geval.bericht_id, fout, report_failure)
    return len(verlopen)


def number(kop: Kop) -> int:
    """Return the number of the attempt on a claimed bericht, from 1; one that a crash cut short counts along."""
    return kop.attempts + kop.crashes + 1


def _facts(kop: Kop, uitkomst: Uitkomst) -> dict[str, object]:
    feiten: dict[str, object] = {"poging": number(kop), "toelichting": uitkomst.toelichting}
    if uitkomst.kenmerk:
        feiten["kenmerk"] = uitkomst.kenmerk
    if uitkomst.http_status is not None:
        feiten["http_status"] = uitkomst.http_status
    if uitkomst.fout is not None:
        feiten["code"] = uitkomst.fout.code
    return feiten


def _tell(conn: Connection, bericht_id: str, fout: Fout, report_failure: Foutmelding) -> None:
    logboek.set_fault(conn, bericht_id, fout)
    report_failure(conn, bericht_id, fout)


def _go_on(conn: Connection, stap: Stap, vervolg: Vervolg, report_failure: Foutmelding) -> Vervolg:
    """Write the history of a bericht that was closed, and let the next one go."""
    if vervolg is Vervolg.VERLOREN:
        return vervolg
    lease, kop, volgende = stap.lease, stap.kop, stap.volgende
    if stap.uitkomst.soort is Uitkomstsoort.VERVALLEN:
        logboek.set_status_at_end(conn, kop.bericht_id, Status.VERVALLEN, "termijn verstreken", {})
    else:
        status = _STATUS[stap.uitkomst.soort]
        logboek.set_status_at_end(conn, kop.bericht_id, status, "poging", _facts(kop, stap.uitkomst))
    if stap.fout is not None:
        _tell(conn, kop.bericht_id, stap.fout, report_failure)
    if volgende is None:
        return Vervolg.PAUZE
    if vervolg is Vervolg.PAUZE:
        if lease.breedte == 1:
            lanes.release_later(conn, lease, stap.wait_ms)
        return vervolg
    if lease.breedte > 1:
        lanes.mark(conn, volgende)
    _offer(conn, volgende)
    return Vervolg.DOOR


def _offer(conn: Connection, kop: Kop) -> None:
    if kop.vervallen:
        return
    feiten = {"poging": number(kop)}
    if kop.status is Status.WORDT_AANGEBODEN:  # after a crash, or when a pull lane became a push lane
        logboek.record(conn, kop.bericht_id, "aanbieden", None, feiten)
    else:
        logboek.set_status_at_end(conn, kop.bericht_id, Status.WORDT_AANGEBODEN, "aanbieden", feiten)


def _set_aside(conn: Connection, kop: Kop) -> None:
    feiten = {"keer": kop.crashes}
    if kop.status is Status.WORDT_AANGEBODEN:
        logboek.set_status_at_end(conn, kop.bericht_id, Status.AANBIEDEN_MISLUKT, "in quarantaine", feiten)
    else:
        logboek.record(conn, kop.bericht_id, "in quarantaine", None, feiten)
