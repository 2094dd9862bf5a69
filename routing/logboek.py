"""The history of a bericht: gebeurtenissen, and the status that follows from them.

Inside an operation of `Opslag` gebeurtenissen are kept back and written together at the end of the transaction, for all
operations of the group at once: most of what an operation costs is the number of its statements. Delivery, which knows
the status it starts from, does the same with the status.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, FromClause, ScalarSelect, bindparam, false, func, or_, select, update

from routing import schema
from routing.fouten import Fout
from routing.invoeging import Invoeging
from routing.klok import now_ms
from routing.opdracht import run_many
from routing.status import OngeldigeOvergang, Status, predecessors

_SLEUTEL = "knooppunt.logboek"
_bericht = schema.bericht

_OVERGANG = {
    naar: update(_bericht)
    # Not IN: that is filled in anew for each execution, and not at all for many rows at once.
    .where(_bericht.c.id == bindparam("welk"), or_(false(), *(_bericht.c.status == van for van in predecessors(naar))))
    .values(status=naar.value, status_op=bindparam("nu"))
    for naar in Status
}
_NOTEER = Invoeging(schema.gebeurtenis, "bericht_id", "moment", "soort", "status", "toelichting")
_SCHRIJVER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=str)


@dataclass(slots=True)
class _Klad:
    """What a transaction still has to write."""

    gebeurtenissen: list[tuple[object, ...]] = field(default_factory=list)
    overgangen: list[tuple[str, Status]] = field(default_factory=list)


OPNIEUW: Final = "opnieuw aangeboden"
"""Soort of the gebeurtenis with which a bericht goes on after its delivery was broken off."""
VRIJGEGEVEN: Final = "vrijgegeven"
"""The same, after it was held."""
UIT_QUARANTAINE: Final = "uit quarantaine"
"""The same, after it was in quarantine."""


def offered_again_at(bericht: FromClause) -> ScalarSelect[Any]:
    """Select the moment (ms) at which a row of `bericht` was last offered again; NULL when it never was.

    A Fo01 from before that moment was about an earlier journey, and says nothing of this one.
    """
    g = schema.gebeurtenis.alias()
    keuze = select(func.max(g.c.moment)).where(g.c.bericht_id == bericht.c.id, g.c.soort == OPNIEUW)
    return keuze.correlate(bericht).scalar_subquery()


def queued_at(bericht: FromClause) -> ColumnElement[int]:
    """Select the moment (ms) at which a row of `bericht` was last put in a lane: when it came in, or later."""
    g = schema.gebeurtenis.alias()
    later = g.c.soort.in_([OPNIEUW, VRIJGEGEVEN, UIT_QUARANTAINE])
    keuze = select(func.max(g.c.moment)).where(g.c.bericht_id == bericht.c.id, later)
    return func.coalesce(keuze.correlate(bericht).scalar_subquery(), bericht.c.ontvangen_op)


def collect(conn: Connection) -> None:
    """Start keeping back, at the start of each transaction on this connection; `settle` writes."""
    conn.info[_SLEUTEL] = _Klad()


def settle(conn: Connection) -> None:
    """Write what was kept back.

    Raises:
        OngeldigeOvergang: the transition table does not allow one of the changes of status.
        LookupError: one of the berichten does not exist.
    """
    klad: _Klad = conn.info[_SLEUTEL]
    _settle_status(conn, klad)
    if klad.gebeurtenissen:
        gebeurtenissen, klad.gebeurtenissen = klad.gebeurtenissen, []
        _NOTEER.insert(conn, gebeurtenissen)


def _settle_status(conn: Connection, klad: _Klad) -> None:
    overgangen, klad.overgangen = klad.overgangen, []
    # Two changes of one bericht go in two rounds; within a round the order makes no difference.
    keer: Counter[str] = Counter()
    rondes: dict[tuple[int, Status], list[str]] = {}
    for bericht_id, naar in overgangen:
        rondes.setdefault((keer[bericht_id], naar), []).append(bericht_id)
        keer[bericht_id] += 1
    for (_, naar), bericht_ids in sorted(rondes.items(), key=lambda ronde: ronde[0][0]):
        _change(conn, bericht_ids, naar)


def write_facts(feiten: Mapping[str, object]) -> str:
    """Write the facts of a gebeurtenis as its table keeps them, for who writes the same ones again and again."""
    return _SCHRIJVER.encode(feiten)


def record(
    conn: Connection, bericht_id: str, soort: str, status: Status | None, toelichting: Mapping[str, object] | str
) -> None:
    """Write one gebeurtenis.

    Args:
        conn: connection inside a transaction.
        bericht_id: of which bericht.
        soort: Dutch name of what happened.
        status: the status it led to, or None.
        toelichting: facts as JSON values, without personal data; or what `write_facts` made of them.
    """
    feiten = toelichting if isinstance(toelichting, str) else write_facts(toelichting)
    rij = (bericht_id, now_ms(conn), soort, status.value if status else None, feiten)
    klad: _Klad | None = conn.info.get(_SLEUTEL)
    if klad is None:
        _NOTEER.insert(conn, [rij])
    else:
        klad.gebeurtenissen.append(rij)


def set_status(
    conn: Connection,
    bericht_id: str,
    naar: Status,
    soort: str = "status",
    toelichting: Mapping[str, object] | None = None,
) -> None:
    """Give a bericht another status and write the gebeurtenis; the current row decides whether it may.

    Args:
        conn: connection inside a transaction.
        bericht_id: of which bericht.
        naar: the new status.
        soort: Dutch name of what happened.
        toelichting: facts as JSON values, without personal data.

    Raises:
        OngeldigeOvergang: the transition table does not allow it.
        LookupError: there is no such bericht.
    """
    klad: _Klad | None = conn.info.get(_SLEUTEL)
    if klad is not None:
        _settle_status(conn, klad)  # in the order in which they were asked
    _change(conn, [bericht_id], naar)
    record(conn, bericht_id, soort, naar, toelichting or {})


def set_status_at_end(
    conn: Connection, bericht_id: str, naar: Status, soort: str, toelichting: Mapping[str, object]
) -> None:
    """Do as `set_status`, together with others at the end of the transaction.

    A change that the table does not allow comes to light there too, and fails the operation.
    """
    klad: _Klad | None = conn.info.get(_SLEUTEL)
    if klad is None:
        set_status(conn, bericht_id, naar, soort, toelichting)
        return
    klad.overgangen.append((bericht_id, naar))
    record(conn, bericht_id, soort, naar, toelichting)


def _change(conn: Connection, bericht_ids: Iterable[str], naar: Status) -> None:
    nu = now_ms(conn)
    wie = [{"welk": bericht_id, "nu": nu} for bericht_id in sorted(bericht_ids)]
    if run_many(conn, _OVERGANG[naar], wie).rowcount == len(wie):
        return
    for een in wie:
        van = conn.execute(select(_bericht.c.status).where(_bericht.c.id == een["welk"])).scalar()
        if van is None:
            raise LookupError(f"bericht {een['welk']} bestaat niet")
        if van != naar or len(wie) == 1:
            raise OngeldigeOvergang(Status(van), naar)
    raise OngeldigeOvergang(naar, naar)


def set_fault(conn: Connection, bericht_id: str, fout: Fout) -> None:
    """Keep with a bericht why it was not delivered."""
    conn.execute(
        update(_bericht)
        .where(_bericht.c.id == bericht_id)
        .values(fout_code=fout.code, fout_melder=fout.melder, fout_omschrijving=fout.omschrijving)
    )
