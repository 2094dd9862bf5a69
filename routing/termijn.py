"""The term of a bericht: what was not delivered in time leaves its lane, whatever stands in the way there."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, null, select, text, update

from routing import lanemutaties, schema
from routing.klok import now_ms
from routing.lanes import VRIJ

_Rij = Row[*tuple[Any, ...]]
_lane, _aflevering, _bericht = schema.lane, schema.aflevering, schema.bericht
_OPEN = text("aflevering.open")
_APART = text("aflevering.quarantaine_op IS NOT NULL")
_nu = bindparam("nu", type_=_lane.c.next_due.type)

_VERLOPEN_LANES = (
    select(_aflevering.c.lane)
    .join(_lane, _lane.c.naam == _aflevering.c.lane)
    .where(_OPEN, _aflevering.c.expires_at <= _nu, VRIJ)
    .order_by(_aflevering.c.expires_at)
    .limit(bindparam("aantal"))
)
_ALS_VRIJ = (
    select(_lane.c.lease_token, _lane.c.breed, _lane.c.head)
    .where(_lane.c.naam == bindparam("welke"), VRIJ)
    .with_for_update()
)
_VOORAAN = (
    select(_aflevering.c.id)
    .where(_aflevering.c.lane == bindparam("welke"), _aflevering.c.seq >= bindparam("vanaf"), _OPEN)
    .order_by(_aflevering.c.seq)
    .limit(1)
)
_LEASE_VOORBIJ = update(_lane).where(_lane.c.naam == bindparam("welke")).values(lease_token=null(), leased_until=0)
_WELKE = (
    select(_aflevering.c.id, _aflevering.c.bericht_id, _aflevering.c.crashes, _aflevering.c.offered, _bericht.c.zender)
    .join(_bericht, _bericht.c.id == _aflevering.c.bericht_id)
    .where(_aflevering.c.expires_at <= _nu)
    .limit(bindparam("aantal"))
    .with_for_update(skip_locked=True, of=_aflevering)
)
_VERLOPEN = _WELKE.where(_aflevering.c.lane == bindparam("welke"), _OPEN).order_by(_aflevering.c.seq)
_VERLOPEN_APART = _WELKE.where(_APART).order_by(_aflevering.c.quarantaine_op)
_SLUIT = (
    update(_aflevering)
    .where(_aflevering.c.id == bindparam("aflevering"))
    .values(open=False, quarantaine_op=None, done_at=_nu, crashes=bindparam("keer"))
)


@dataclass(frozen=True, slots=True)
class Verlopen:
    """A bericht whose delivery was given up because its term has passed.

    `crashes` counts the leases that ended under it; `gevallen` says that the last one was counted only now.
    """

    bericht_id: str
    zender: str
    crashes: int
    gevallen: bool


def expired_lanes(conn: Connection, aantal: int = 1000) -> tuple[str, ...]:
    """Return the lanes, not leased, that hold berichten whose term has passed, looking at the `aantal` oldest."""
    return tuple(dict.fromkeys(conn.execute(_VERLOPEN_LANES, {"nu": now_ms(conn), "aantal": aantal}).scalars()))


def expire(conn: Connection, lane: str, aantal: int) -> tuple[Verlopen, ...]:
    """Close berichten of a lane, push or pull, whose term has passed; a leased lane is left alone.

    What was on its way when a lease ended takes its crash along, so that the next claim counts it for no other.
    """
    nu = now_ms(conn)
    stand = conn.execute(_ALS_VRIJ, {"welke": lane, "nu": nu}).first()
    if stand is None:
        return ()
    rijen = conn.execute(_VERLOPEN, {"welke": lane, "nu": nu, "aantal": aantal}).all()
    if not rijen:
        return ()
    onderweg: set[int] = set()
    if stand.lease_token is not None and stand.breed:
        onderweg = {rij.id for rij in rijen if rij.offered}
    elif stand.lease_token is not None:
        vooraan = conn.execute(_VOORAAN, {"welke": lane, "vanaf": stand.head}).scalar()
        onderweg = {rij.id for rij in rijen if rij.id == vooraan}
        if onderweg:
            conn.execute(_LEASE_VOORBIJ, {"welke": lane})
    verlopen = _close(conn, nu, rijen, onderweg)
    lanemutaties.remove(conn, lane, len(rijen))
    return verlopen


def expire_quarantined(conn: Connection, aantal: int) -> tuple[Verlopen, ...]:
    """Close berichten in quarantine whose term has passed."""
    nu = now_ms(conn)
    return _close(conn, nu, conn.execute(_VERLOPEN_APART, {"nu": nu, "aantal": aantal}).all(), frozenset())


def _close(conn: Connection, nu: int, rijen: Sequence[_Rij], onderweg: AbstractSet[int]) -> tuple[Verlopen, ...]:
    """Close these afleveringen, and count a crash for those that were on their way."""
    verlopen = [
        Verlopen(rij.bericht_id, rij.zender, rij.crashes + (rij.id in onderweg), rij.id in onderweg) for rij in rijen
    ]
    if rijen:
        dicht = [{"aflevering": r.id, "nu": nu, "keer": v.crashes} for r, v in zip(rijen, verlopen, strict=True)]
        conn.execute(_SLUIT, dicht)
    return tuple(verlopen)
