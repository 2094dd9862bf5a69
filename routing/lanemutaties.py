"""Changes to lanes that any operation may ask for, kept back until the end of the transaction.

The rows of a few busy lanes are where concurrent transactions meet. Made together, in the order of their names, these
changes cannot deadlock, hold their locks for a short while, and take a few statements for a whole group of operations.
A later bericht in a lane always gets a higher number, since the row of the lane is locked while numbers are given out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import ARRAY, Connection, Insert, Text, any_, bindparam, insert, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from routing import rijenpakket, schema
from routing.invoeging import Invoeging
from routing.opdracht import run_many
from routing.partij import Kanaal

_SLEUTEL = "knooppunt.lanemutaties"
_lane, _a = schema.lane, schema.aflevering.c

_UIT = update(_lane).where(_lane.c.naam == bindparam("welke")).values(pending=_lane.c.pending - bindparam("aantal"))


def _lengthen(invoer: postgresql.Insert | sqlite.Insert) -> ReturningInsert[str, int]:
    """Let an insert of lanes add to those that are there, and return where each now ends."""
    erbij = invoer.excluded
    ook = invoer.on_conflict_do_update(
        index_elements=[_lane.c.naam],
        set_={
            "kanaal": erbij.kanaal,
            "pending": _lane.c.pending + erbij.pending,
            "tail": _lane.c.tail + erbij.tail,
        },
    )
    return ook.returning(_lane.c.naam, _lane.c.tail)


_IN = _lengthen(sqlite.insert(_lane))
_KOLOMMEN = ("lane", "seq", "bericht_id", "open", "mogelijk_aangekomen", "expires_at")
_AFLEVERING = Invoeging(schema.aflevering, *_KOLOMMEN)


def _both() -> Insert:
    """Make the statement that does both on PostgreSQL, for rows with the number of each in its lane."""
    kolommen = (_a.lane, _lane.c.kanaal, _a.seq, _a.bericht_id, _a.mogelijk_aangekomen, _a.expires_at)
    soorten = {kolom.name: kolom.type for kolom in kolommen}
    rij = select(*rijenpakket.unpack(soorten | {"aantal": _a.seq.type}).c).cte("rij").c
    lanes = select(rij.lane, rij.kanaal, rij.aantal, rij.aantal).where(rij.seq == 1).order_by(rij.lane)
    staart = (
        _lengthen(postgresql.insert(_lane).from_select(["naam", "kanaal", "pending", "tail"], lanes)).cte("staart").c
    )
    plek = staart.tail - rij.aantal + rij.seq
    waarden = (rij.lane, plek, rij.bericht_id, true(), rij.mogelijk_aangekomen, rij.expires_at)
    erin = select(*waarden).where(rij.lane == staart.naam)
    return insert(schema.aflevering).from_select(_KOLOMMEN, erin.order_by(rij.lane, rij.seq))


_BEIDE = _both()
_OP_SLOT = (
    select(_lane.c.naam)
    .where(_lane.c.naam == any_(bindparam("welke", type_=ARRAY(Text))))
    .order_by(_lane.c.naam)
    .with_for_update()
)


@dataclass(slots=True)
class _Mutatie:
    """What is to happen to one lane."""

    kanaal: Kanaal | None = None
    erin: list[tuple[str, bool | None, int]] = field(default_factory=list)
    eruit: int = 0


def collect(conn: Connection) -> None:
    """Start keeping changes back, at the start of each transaction on this connection; `settle` makes them."""
    conn.info[_SLEUTEL] = {}


def add(
    conn: Connection, lane: str, kanaal: Kanaal, bericht_id: str, expires_at: int, *, mogelijk_aangekomen: bool = False
) -> None:
    """Put a bericht at the end of a lane, which is made when it is not there yet.

    Args:
        conn: connection inside a transaction; without `collect` the change is made at once.
        lane: code of the ontvanger.
        kanaal: how the ontvanger gets his berichten from now on.
        bericht_id: which bericht.
        expires_at: moment at which delivery is given up, ms since 1970 UTC.
        mogelijk_aangekomen: in an earlier aflevering it may have reached this ontvanger.
    """
    mutaties: dict[str, _Mutatie] | None = conn.info.get(_SLEUTEL)
    mutatie = _Mutatie() if mutaties is None else mutaties.setdefault(lane, _Mutatie())
    mutatie.kanaal = kanaal
    # Not false: NULL lets what a node of an older release attempts on it count.
    mutatie.erin.append((bericht_id, mogelijk_aangekomen or None, expires_at))
    if mutaties is None:
        _apply(conn, {lane: mutatie})


def remove(conn: Connection, lane: str, aantal: int = 1) -> None:
    """Count `aantal` closed afleveringen off a lane."""
    mutaties: dict[str, _Mutatie] | None = conn.info.get(_SLEUTEL)
    mutatie = _Mutatie() if mutaties is None else mutaties.setdefault(lane, _Mutatie())
    mutatie.eruit += aantal
    if mutaties is None:
        _apply(conn, {lane: mutatie})


def lock(conn: Connection, lanes: Iterable[str]) -> None:
    """Lock these lanes and those that are to be changed, in the order of their names.

    Two writers that need the same lanes then wait for each other in one place only. SQLite has one writer.
    """
    if conn.dialect.name == "postgresql" and (welke := {*lanes, *conn.info[_SLEUTEL]}):
        conn.execute(_OP_SLOT, {"welke": sorted(welke)})


def settle(conn: Connection) -> None:
    """Make the changes that were kept back."""
    mutaties: dict[str, _Mutatie] = conn.info[_SLEUTEL]
    if mutaties:
        conn.info[_SLEUTEL] = {}
        _apply(conn, dict(sorted(mutaties.items())))


def _apply(conn: Connection, mutaties: Mapping[str, _Mutatie]) -> None:
    erin = {lane: mutatie for lane, mutatie in mutaties.items() if mutatie.kanaal is not None}
    if erin:
        (_append_at_once if conn.dialect.name == "postgresql" else _append)(conn, erin)
    eruit = [{"welke": lane, "aantal": mutatie.eruit} for lane, mutatie in mutaties.items() if mutatie.eruit]
    if eruit:
        run_many(conn, _UIT, eruit)


def _append(conn: Connection, mutaties: Mapping[str, _Mutatie]) -> None:
    lanes = [
        {"naam": lane, "kanaal": mutatie.kanaal, "pending": len(mutatie.erin), "tail": len(mutatie.erin)}
        for lane, mutatie in mutaties.items()
    ]
    staarten: dict[str, int] = {rij.naam: rij.tail for rij in conn.execute(_IN, lanes)}
    rijen = [
        (lane, staarten[lane] - len(mutatie.erin) + n, bericht_id, True, mogelijk_aangekomen, expires_at)
        for lane, mutatie in mutaties.items()
        for n, (bericht_id, mogelijk_aangekomen, expires_at) in enumerate(mutatie.erin, 1)
    ]
    _AFLEVERING.insert(conn, rijen)


def _append_at_once(conn: Connection, mutaties: Mapping[str, _Mutatie]) -> None:
    rijen = [
        {
            "lane": lane,
            "kanaal": mutatie.kanaal,
            "aantal": len(mutatie.erin),
            "seq": n,
            "bericht_id": bericht_id,
            "mogelijk_aangekomen": mogelijk_aangekomen,
            "expires_at": expires_at,
        }
        for lane, mutatie in mutaties.items()
        for n, (bericht_id, mogelijk_aangekomen, expires_at) in enumerate(mutatie.erin, 1)
    ]
    conn.execute(_BEIDE, {rijenpakket.NAAM: rijenpakket.pack(rijen)})
