"""Lanes: the berichten for one ontvanger, delivered strictly in order.

A worker claims a lane, not a bericht; only who holds the lease of a lane may change what stands in it. A claim costs as
much as there are lanes that are ready, however many berichten wait behind them. Everything that a holder does names
his token: when the lease went to another meanwhile, nothing changes and the function returns False.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, exists, func, null, or_, select, text, update

from routing import breekpunt, lanemutaties, schema
from routing.klok import now_ms
from routing.partij import Kanaal
from routing.status import Status

LEASE_MS: Final = int(os.environ.get("KNOOPPUNT_LEASE_MS", "60000"))
"""How long a lease lasts without a heartbeat, in ms of the database clock.

The variable is there for tests, which would otherwise wait for a minute each time a node dies; all nodes need the same.
"""

BEURT_BYTES: Final = 1024 * 1024
"""Payload bytes that one claim may take; a larger bericht comes alone."""

_lane, _aflevering, _bericht = schema.lane, schema.aflevering, schema.bericht
_alle = _lane.alias("alle")
_OPEN = text("aflevering.open")  # literal, as in the partial indexes: a bound value would not match them
_nu = bindparam("nu", type_=_lane.c.next_due.type)

# A lease never ends more than LEASE_MS from now, so one that seems to was written before the clock was set back.
_VRIJ = or_(_lane.c.leased_until <= _nu, _lane.c.leased_until > _nu + 2 * LEASE_MS)
_HOUDER = (_lane.c.naam == bindparam("welke"), _lane.c.lease_token == bindparam("token"), _lane.c.leased_until > _nu)
_NOG_OPEN = exists().where(_aflevering.c.id == bindparam("aflevering"), _OPEN)

_GEREED = (
    select(
        _lane.c.naam,
        _lane.c.lease_token,
        _lane.c.failures,
        select(func.coalesce(func.max(_alle.c.turn), 0))
        .where(text("alle.turn > 0"))
        .scalar_subquery()
        .label("hoogste"),
    )
    .where(text("lane.pending > 0 AND lane.kanaal = 'push'"), _lane.c.next_due <= _nu, _VRIJ)
    .order_by(_lane.c.turn)
    .limit(bindparam("aantal"))
    .with_for_update(skip_locked=True, of=_lane)
)
_NEEM = (
    update(_lane)
    .where(_lane.c.naam == bindparam("welke"))
    .values(lease_token=bindparam("token"), leased_until=_nu + LEASE_MS, turn=bindparam("beurt"))
)
_KOPPEN = (
    select(
        _aflevering.c.id,
        _aflevering.c.bericht_id,
        _aflevering.c.attempts,
        _aflevering.c.crashes,
        _bericht.c.zender,
        _bericht.c.status,
        _bericht.c.payload_grootte,
    )
    .join(_bericht, _bericht.c.id == _aflevering.c.bericht_id)
    .where(_aflevering.c.lane == bindparam("welke"), _OPEN)
    .order_by(_aflevering.c.seq)
    .limit(bindparam("aantal"))
)
_GEVALLEN = (
    update(_aflevering)
    .where(_aflevering.c.id == bindparam("aflevering"))
    .values(crashes=_aflevering.c.crashes + 1)
    .returning(_aflevering.c.crashes)
)
_HARTSLAG = update(_lane).where(*_HOUDER).values(leased_until=_nu + LEASE_MS)
_SLUIT_LANE = (
    update(_lane)
    .where(*_HOUDER, _NOG_OPEN)
    .values(pending=_lane.c.pending - 1, failures=bindparam("mislukt"), leased_until=_nu + LEASE_MS)
)
_SLUIT = (
    update(_aflevering)
    .where(_aflevering.c.id == bindparam("aflevering"))
    .values(open=False, done_at=_nu, attempts=_aflevering.c.attempts + bindparam("pogingen"))
)
_STEL_UIT_LANE = (
    update(_lane)
    .where(*_HOUDER, _NOG_OPEN)
    .values(next_due=_nu + bindparam("wachten"), failures=bindparam("mislukt"), lease_token=null(), leased_until=0)
)
_STEL_UIT = (
    update(_aflevering).where(_aflevering.c.id == bindparam("aflevering")).values(attempts=_aflevering.c.attempts + 1)
)
_GEEF_VRIJ = (
    update(_lane)
    .where(_lane.c.naam == bindparam("welke"), _lane.c.lease_token == bindparam("token"))
    .values(lease_token=null(), leased_until=0)
)
_HERTEL = (
    update(_lane)
    .where(_lane.c.naam == bindparam("welke"))
    .values(pending=select(func.count()).where(_aflevering.c.lane == _lane.c.naam, _OPEN).scalar_subquery())
)
_VERLOPEN_LANES = (
    select(_aflevering.c.lane)
    .join(_lane, _lane.c.naam == _aflevering.c.lane)
    .where(_OPEN, _aflevering.c.expires_at <= _nu, _VRIJ)
    .order_by(_aflevering.c.expires_at)
    .limit(bindparam("aantal"))
)
_ALS_VRIJ = select(_lane.c.naam).where(_lane.c.naam == bindparam("welke"), _VRIJ).with_for_update()
_VERLOPEN = (
    select(_aflevering.c.id, _aflevering.c.bericht_id, _bericht.c.zender)
    .join(_bericht, _bericht.c.id == _aflevering.c.bericht_id)
    .where(_aflevering.c.lane == bindparam("welke"), _OPEN, _aflevering.c.expires_at <= _nu)
    .order_by(_aflevering.c.seq)
    .limit(bindparam("aantal"))
    .with_for_update(skip_locked=True, of=_aflevering)
)


@dataclass(frozen=True, slots=True)
class Kop:
    """A bericht at the head of a claimed lane, or behind it. `grootte` is the size of its payload in bytes.

    `attempts` counts what the other side answered or failed, `crashes` the leases that ended under it.
    """

    aflevering_id: int
    bericht_id: str
    zender: str
    status: Status
    attempts: int
    crashes: int
    grootte: int


@dataclass(frozen=True, slots=True)
class Lease:
    """A claimed lane. `failures` counts the failures in a row of the lane; `gevallen`: an earlier holder died here."""

    lane: str
    token: str
    failures: int
    gevallen: bool
    koppen: tuple[Kop, ...]


@dataclass(frozen=True, slots=True)
class Verlopen:
    """A bericht whose delivery was given up because its term has passed."""

    bericht_id: str
    zender: str


def enqueue(conn: Connection, lane: str, kanaal: Kanaal, bericht_id: str, ttl_ms: int) -> None:
    """Put a stored bericht at the end of the lane of its ontvanger; it becomes visible with the commit.

    Args:
        conn: connection inside a transaction.
        lane: code of the ontvanger.
        kanaal: push, for the workers, or pull, for the ontvanger to collect.
        bericht_id: which bericht.
        ttl_ms: how long delivery goes on, in ms from now.
    """
    lanemutaties.add(conn, lane, kanaal, bericht_id, now_ms(conn) + ttl_ms)


def claim(conn: Connection, lanes: int, koppen: int) -> tuple[Lease, ...]:
    """Take the leases of push lanes that are ready, longest waiting first.

    A lane whose lease ended without being given back counts a crash for its head. Does not wait for other workers: run
    it with ``write_lane(ACHTERAAN, ...)``.

    Args:
        conn: connection inside a transaction.
        lanes: how many lanes at most.
        koppen: how many berichten per lane at most, and no more than `BEURT_BYTES` of payload unless it is one.
    """
    nu = now_ms(conn)
    leases = []
    for beurt, rij in enumerate(conn.execute(_GEREED, {"nu": nu, "aantal": lanes}).all(), 1):
        gevallen = rij.lease_token is not None
        gevonden = _heads(conn, rij.naam, koppen, gevallen=gevallen)
        if not gevonden:
            conn.execute(_HERTEL, {"welke": rij.naam})  # a wrong count would be claimed for ever
            continue
        token = uuid.uuid4().hex
        conn.execute(_NEEM, {"welke": rij.naam, "token": token, "nu": nu, "beurt": rij.hoogste + beurt})
        leases.append(Lease(rij.naam, token, rij.failures, gevallen, gevonden))
    return tuple(leases)


def _heads(conn: Connection, lane: str, aantal: int, *, gevallen: bool) -> tuple[Kop, ...]:
    koppen: list[Kop] = []
    bytes_ = 0
    for rij in conn.execute(_KOPPEN, {"welke": lane, "aantal": aantal}).all():
        bytes_ += rij.payload_grootte
        if koppen and bytes_ > BEURT_BYTES:
            break
        crashes = rij.crashes
        if gevallen and not koppen:
            crashes = conn.execute(_GEVALLEN, {"aflevering": rij.id}).scalar_one()
        status = Status(rij.status)
        koppen.append(Kop(rij.id, rij.bericht_id, rij.zender, status, rij.attempts, crashes, rij.payload_grootte))
    return tuple(koppen)


def heartbeat(conn: Connection, lease: Lease) -> bool:
    """Make the lease last again from now; False when it was lost."""
    return conn.execute(_HARTSLAG, _holder(conn, lease)).rowcount == 1


def complete(conn: Connection, lease: Lease, kop: Kop) -> bool:
    """Close a delivered bericht, forget the failures of the lane and keep the lease.

    Returns:
        False, with nothing changed, when the lease was lost or the bericht was closed before.
    """
    return _close(conn, lease, kop, pogingen=1, mislukt=0)


def give_up(conn: Connection, lease: Lease, kop: Kop, *, geantwoord: bool) -> bool:
    """Close a bericht that will not be delivered and keep the lease: the next one follows.

    Args:
        conn: connection inside a transaction.
        lease: of the lane.
        kop: which bericht.
        geantwoord: whether the other side answered; then it is an attempt, and the lane is not failing.

    Returns:
        False, with nothing changed, when the lease was lost or the bericht was closed before.
    """
    return _close(conn, lease, kop, pogingen=int(geantwoord), mislukt=0 if geantwoord else lease.failures)


def _close(conn: Connection, lease: Lease, kop: Kop, *, pogingen: int, mislukt: int) -> bool:
    wie = _holder(conn, lease) | {"aflevering": kop.aflevering_id}
    if conn.execute(_SLUIT_LANE, wie | {"mislukt": mislukt}).rowcount != 1:
        return False
    conn.execute(_SLUIT, {"aflevering": kop.aflevering_id, "nu": now_ms(conn), "pogingen": pogingen})
    return True


def retry(conn: Connection, lease: Lease, kop: Kop, mislukt: int, wait_ms: int) -> bool:
    """Count a failed attempt, let the whole lane wait, and give the lease back.

    Args:
        conn: connection inside a transaction.
        lease: of the lane.
        kop: which bericht; it stays at the head.
        mislukt: failures of the lane in a row, this one included.
        wait_ms: how long the lane is not claimed.

    Returns:
        False, with nothing changed, when the lease was lost or the bericht was closed before.
    """
    wie = _holder(conn, lease) | {"aflevering": kop.aflevering_id}
    if conn.execute(_STEL_UIT_LANE, wie | {"wachten": wait_ms, "mislukt": mislukt}).rowcount != 1:
        return False
    conn.execute(_STEL_UIT, {"aflevering": kop.aflevering_id})
    return True


def release(conn: Connection, lease: Lease) -> bool:
    """Give the lease back; False when it was no longer ours."""
    return conn.execute(_GEEF_VRIJ, {"welke": lease.lane, "token": lease.token}).rowcount == 1


def _holder(conn: Connection, lease: Lease) -> dict[str, object]:
    return {"welke": lease.lane, "token": lease.token, "nu": now_ms(conn)}


def confirm(conn: Connection, lane: str, aflevering_id: int) -> bool:
    """Close a bericht that its ontvanger collected; False when it was closed before."""
    gesloten = conn.execute(
        update(_aflevering)
        .where(_aflevering.c.id == aflevering_id, _OPEN)
        .values(open=False, done_at=now_ms(conn), attempts=_aflevering.c.attempts + 1)
    )
    if gesloten.rowcount != 1:
        return False
    lanemutaties.remove(conn, lane)
    return True


def expired_lanes(conn: Connection, aantal: int = 1000) -> tuple[str, ...]:
    """Return the lanes, not leased, that hold berichten whose term has passed, looking at the `aantal` oldest."""
    return tuple(dict.fromkeys(conn.execute(_VERLOPEN_LANES, {"nu": now_ms(conn), "aantal": aantal}).scalars()))


def expire(conn: Connection, lane: str, aantal: int) -> tuple[Verlopen, ...]:
    """Close berichten of a lane, push or pull, whose term has passed; a leased lane is left alone."""
    wanneer = {"welke": lane, "nu": now_ms(conn)}
    if conn.execute(_ALS_VRIJ, wanneer).first() is None:
        return ()
    rijen = conn.execute(_VERLOPEN, wanneer | {"aantal": aantal}).all()
    if rijen:
        sluit = [{"aflevering": rij.id, "nu": wanneer["nu"], "pogingen": 0} for rij in rijen]
        conn.execute(_SLUIT, sluit)
        lanemutaties.remove(conn, lane, len(rijen))
    return tuple(Verlopen(rij.bericht_id, rij.zender) for rij in rijen)


def waiting(conn: Connection) -> dict[str, Kanaal]:
    """Return the lanes where berichten wait, with the kanaal they wait for."""
    return {
        rij.naam: Kanaal(rij.kanaal)
        for rij in conn.execute(select(_lane.c.naam, _lane.c.kanaal).where(_lane.c.pending > 0))
    }


def switch(conn: Connection, lanes: Iterable[str], kanaal: Kanaal) -> None:
    """Let what waits in these lanes go by another kanaal: the ontvanger changed how he is connected."""
    breekpunt.name_commit(conn, "onderhoud")
    for lane in sorted(lanes):
        conn.execute(update(_lane).where(_lane.c.naam == lane).values(kanaal=kanaal.value))
