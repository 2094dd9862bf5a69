"""Changes to lanes that any operation may ask for, kept back until the end of the transaction.

The rows of a few busy lanes are where concurrent transactions meet. Made at the end, in the order of their names, these
changes cannot deadlock, hold their locks only for the length of a commit, and take one update per lane and group.
A later bericht in a lane always gets a higher number, since the row of the lane is locked while numbers are given out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite

from routing import schema
from routing.partij import Kanaal

_SLEUTEL = "knooppunt.lanemutaties"
_lane = schema.lane

_UIT = update(_lane).where(_lane.c.naam == bindparam("welke")).values(pending=_lane.c.pending - bindparam("aantal"))
_IN = {
    dialect: (nieuw := maak(_lane))
    .values(naam=bindparam("welke"), kanaal=bindparam("hoe"), pending=bindparam("aantal"), tail=bindparam("aantal"))
    .on_conflict_do_update(
        index_elements=[_lane.c.naam],
        set_={
            "kanaal": nieuw.excluded.kanaal,
            "pending": _lane.c.pending + nieuw.excluded.pending,
            "tail": _lane.c.tail + nieuw.excluded.tail,
        },
    )
    .returning(_lane.c.tail)
    for dialect, maak in (("postgresql", postgresql.insert), ("sqlite", sqlite.insert))
}
_AFLEVERING = insert(schema.aflevering)


@dataclass(slots=True)
class _Mutatie:
    """What is to happen to one lane."""

    kanaal: Kanaal | None = None
    erin: list[tuple[str, int]] = field(default_factory=list)
    eruit: int = 0


def collect(conn: Connection) -> None:
    """Start keeping changes back, at the start of each transaction on this connection; `settle` makes them."""
    conn.info[_SLEUTEL] = {}


def add(conn: Connection, lane: str, kanaal: Kanaal, bericht_id: str, expires_at: int) -> None:
    """Put a bericht at the end of a lane, which is made when it is not there yet.

    Args:
        conn: connection inside a transaction; without `collect` the change is made at once.
        lane: code of the ontvanger.
        kanaal: how the ontvanger gets his berichten from now on.
        bericht_id: which bericht.
        expires_at: moment at which delivery is given up, ms since 1970 UTC.
    """
    mutaties: dict[str, _Mutatie] | None = conn.info.get(_SLEUTEL)
    mutatie = _Mutatie() if mutaties is None else mutaties.setdefault(lane, _Mutatie())
    mutatie.kanaal = kanaal
    mutatie.erin.append((bericht_id, expires_at))
    if mutaties is None:
        _apply(conn, lane, mutatie)


def remove(conn: Connection, lane: str, aantal: int = 1) -> None:
    """Count `aantal` closed afleveringen off a lane."""
    mutaties: dict[str, _Mutatie] | None = conn.info.get(_SLEUTEL)
    mutatie = _Mutatie() if mutaties is None else mutaties.setdefault(lane, _Mutatie())
    mutatie.eruit += aantal
    if mutaties is None:
        _apply(conn, lane, mutatie)


def settle(conn: Connection, tot: str | None = None) -> None:
    """Make the changes to lanes up to and including `tot`, or all of them."""
    mutaties: dict[str, _Mutatie] = conn.info[_SLEUTEL]
    for lane in sorted(mutaties):
        if tot is None or lane <= tot:
            _apply(conn, lane, mutaties.pop(lane))


def _apply(conn: Connection, lane: str, mutatie: _Mutatie) -> None:
    if mutatie.erin:
        aantal = len(mutatie.erin)
        kanaal = mutatie.kanaal.value if mutatie.kanaal else None
        opdracht = _IN[conn.dialect.name]
        tail = conn.execute(opdracht, {"welke": lane, "hoe": kanaal, "aantal": aantal}).scalar_one()
        rijen = [
            {"lane": lane, "seq": tail - aantal + n, "bericht_id": bericht_id, "open": True, "expires_at": expires_at}
            for n, (bericht_id, expires_at) in enumerate(mutatie.erin, 1)
        ]
        conn.execute(_AFLEVERING, rijen)
    if mutatie.eruit:
        conn.execute(_UIT, {"welke": lane, "aantal": mutatie.eruit})
