"""The term of a bericht: what was not delivered in time leaves its lane, whatever stands in the way there."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select, text, update

from routing import lanemutaties, schema
from routing.klok import now_ms
from routing.lanes import VRIJ

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
_ALS_VRIJ = select(_lane.c.naam).where(_lane.c.naam == bindparam("welke"), VRIJ).with_for_update()
_WELKE = (
    select(_aflevering.c.id, _aflevering.c.bericht_id, _bericht.c.zender)
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
    .values(open=False, quarantaine_op=None, done_at=_nu)
)


@dataclass(frozen=True, slots=True)
class Verlopen:
    """A bericht whose delivery was given up because its term has passed."""

    bericht_id: str
    zender: str


def expired_lanes(conn: Connection, aantal: int = 1000) -> tuple[str, ...]:
    """Return the lanes, not leased, that hold berichten whose term has passed, looking at the `aantal` oldest."""
    return tuple(dict.fromkeys(conn.execute(_VERLOPEN_LANES, {"nu": now_ms(conn), "aantal": aantal}).scalars()))


def expire(conn: Connection, lane: str, aantal: int) -> tuple[Verlopen, ...]:
    """Close berichten of a lane, push or pull, whose term has passed; a leased lane is left alone."""
    nu = now_ms(conn)
    if conn.execute(_ALS_VRIJ, {"welke": lane, "nu": nu}).first() is None:
        return ()
    rijen = conn.execute(_VERLOPEN, {"welke": lane, "nu": nu, "aantal": aantal}).all()
    if rijen:
        conn.execute(_SLUIT, [{"aflevering": rij.id, "nu": nu} for rij in rijen])
        lanemutaties.remove(conn, lane, len(rijen))
    return tuple(Verlopen(rij.bericht_id, rij.zender) for rij in rijen)


def expire_quarantined(conn: Connection, aantal: int) -> tuple[Verlopen, ...]:
    """Close berichten in quarantine whose term has passed."""
    nu = now_ms(conn)
    rijen = conn.execute(_VERLOPEN_APART, {"nu": nu, "aantal": aantal}).all()
    if rijen:
        conn.execute(_SLUIT, [{"aflevering": rij.id, "nu": nu} for rij in rijen])
    return tuple(Verlopen(rij.bericht_id, rij.zender) for rij in rijen)
