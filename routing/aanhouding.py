"""Berichten that wait for a release to open for their ontvanger: outside his lane, so that they hold up nothing.

They leave in the order of intake, into the lane or back to the zender. A bericht of a release of which others still
wait for the same ontvanger joins them, open or not, so that it never overtakes them. Who takes berichten out locks the
oldest one of the lane first: of several nodes that try at the same moment one does the work, and the rest leave it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, func, insert, or_, select

from istandaarden.releases import Openstelling, Stroom, Uitgave
from routing import lanes, logboek, schema
from routing.bezorging import Foutmelding
from routing.fouten import Fout
from routing.partij import Aansluiting, Kanaal
from routing.releasekalender import to_uitgave
from routing.status import Status

_a, _b = schema.aangehouden.c, schema.bericht.c

_IETS = select(_a.id).limit(1)
_EERDER = (  # made once: the intake asks it for every bericht
    select(_a.id)
    .where(
        _a.lane == bindparam("ontvanger"),
        _a.partij == bindparam("ontvanger"),
        _a.standaard == bindparam("welke"),
        _a.release == bindparam("nummer"),
    )
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Wacht:
    """What a bericht waits for: that a release opens for a partij. `reden` is a Dutch sentence, `tot` the moment."""

    partij: str
    uitgave: Uitgave
    reden: str
    tot: datetime | None


@dataclass(frozen=True, slots=True)
class Groep:
    """Berichten in one lane that wait for the same."""

    lane: str
    kanaal: Kanaal
    partij: str
    uitgave: Uitgave
    aantal: int


def who_must_wait(conn: Connection, vragen: Iterable[tuple[str, Uitgave, Openstelling | None]]) -> list[Wacht | None]:
    """Say what new berichten have to wait for; None for one that may go into the lane of its ontvanger.

    Args:
        conn: connection inside the transaction that stores them.
        vragen: of each, in order: the code of the ontvanger, of which release it is, and what the calendar says when
            that is not open for him yet.
    """
    wachten: list[Wacht | None] = []
    bezet: dict[tuple[str, str, str], bool] = {}
    iets = conn.execute(_IETS).first() is not None
    for lane, uitgave, nog_dicht in vragen:
        plek = (lane, uitgave.standaard, uitgave.release)
        if nog_dicht is not None:
            bezet[plek] = True
            wachten.append(Wacht(lane, uitgave, nog_dicht.uitleg, nog_dicht.vanaf))
            continue
        if iets and plek not in bezet:
            wie = {"ontvanger": lane, "welke": uitgave.standaard, "nummer": uitgave.release}
            bezet[plek] = conn.execute(_EERDER, wie).first() is not None
        reden = f"Wat eerder voor {lane} is aangehouden, gaat voor."
        wachten.append(Wacht(lane, uitgave, reden, None) if bezet.get(plek) else None)
    return wachten


def hold(conn: Connection, bericht_id: str, aansluiting: Aansluiting, wacht: Wacht) -> None:
    """Keep a stored bericht with status Wordt verwerkt until what it waits for has come.

    Args:
        conn: connection inside the transaction that stores it.
        bericht_id: which bericht.
        aansluiting: of whom it is for.
        wacht: what it waits for.
    """
    uitgave = wacht.uitgave
    conn.execute(
        insert(schema.aangehouden).values(
            bericht_id=bericht_id,
            lane=aansluiting.partij,
            kanaal=aansluiting.kanaal.value,
            partij=wacht.partij,
            standaard=uitgave.standaard,
            release=uitgave.release,
            stroom=uitgave.stroom.value,
        )
    )
    feiten = {"toelichting": wacht.reden, "release": uitgave.release}
    if wacht.tot is not None:
        feiten["tot"] = wacht.tot.isoformat()
    logboek.record(conn, bericht_id, "aangehouden", None, feiten)


def waiting(conn: Connection) -> list[Groep]:
    """Return what is held, by lane and by what it waits for."""
    soort = (_a.lane, _a.partij, _a.standaard, _a.release, _a.stroom)
    rijen = conn.execute(
        select(*soort, func.max(_a.kanaal).label("kanaal"), func.count().label("aantal"))
        .group_by(*soort)
        .order_by(*soort)
    )
    return [
        Groep(
            rij.lane,
            Kanaal(rij.kanaal),
            rij.partij,
            to_uitgave(rij.standaard, rij.release, Stroom(rij.stroom)),
            rij.aantal,
        )
        for rij in rijen
    ]


def release(conn: Connection, groepen: Iterable[Groep], kanaal: Kanaal, ttl_ms: int, aantal: int) -> int:
    """Put the oldest berichten of some groepen of one lane into that lane, and return how many.

    Args:
        conn: connection inside a transaction.
        groepen: of one lane, of which the release is open by now.
        kanaal: how the ontvanger is connected now.
        ttl_ms: how long delivery goes on, in ms from now.
        aantal: how many at most.
    """
    rijen = _take_out(conn, groepen, aantal)
    for rij in rijen:
        lanes.enqueue(conn, rij.lane, kanaal, rij.bericht_id, ttl_ms)
        feiten = {"toelichting": f"Release {rij.release} is open voor {rij.partij}."}
        if kanaal is Kanaal.PULL:
            logboek.set_status_at_end(conn, rij.bericht_id, Status.WORDT_AANGEBODEN, logboek.VRIJGEGEVEN, feiten)
        else:
            logboek.record(conn, rij.bericht_id, logboek.VRIJGEGEVEN, None, feiten)
    return len(rijen)


def refuse(
    conn: Connection,
    groepen: Iterable[Groep],
    fault_for: Callable[[str], Fout],
    report_failure: Foutmelding,
    aantal: int,
) -> int:
    """Refuse the oldest berichten of some groepen of one lane and tell their zenders; returns how many.

    A retour that the hub made in the name of a partij is dropped without a word to that partij: the bericht that it
    answers waits for the same, and the zender of that hears of it.

    Args:
        conn: connection inside a transaction.
        groepen: of one lane, of which the release will not open any more.
        fault_for: gives the fault for a zender.
        report_failure: makes the Fo01.
        aantal: how many at most.
    """
    rijen = _take_out(conn, groepen, aantal)
    for rij in rijen:
        fout = fault_for(rij.zender)
        feiten = {"toelichting": fout.toelichting, "code": fout.code}
        logboek.set_fault(conn, rij.bericht_id, fout)
        logboek.set_status_at_end(conn, rij.bericht_id, Status.AFGEKEURD, "niet vrijgegeven", feiten)
        if rij.herkomst != "hub":
            report_failure(conn, rij.bericht_id, fout)
    return len(rijen)


def _take_out(conn: Connection, groepen: Iterable[Groep], aantal: int) -> list[Row[Any]]:
    """Take the oldest berichten of groepen of one lane; nothing when another is busy with this lane."""
    groepen = tuple(groepen)
    lane = groepen[0].lane
    oudste = select(func.min(_a.id)).where(_a.lane == lane).scalar_subquery()
    if conn.execute(select(_a.id).where(_a.id == oudste).with_for_update(skip_locked=True)).first() is None:
        return []
    keuze: Select[Any] = (
        select(_a.id, _a.lane, _a.bericht_id, _a.partij, _a.release, _b.zender, _b.kanaal.label("herkomst"))
        .join(schema.bericht, _b.id == _a.bericht_id)
        .where(_a.lane == lane, or_(*(_same(groep) for groep in groepen)))
        .order_by(_a.id)
        .limit(aantal)
    )
    rijen = list(conn.execute(keuze))
    if rijen:
        conn.execute(delete(schema.aangehouden).where(_a.id.in_([rij.id for rij in rijen])))
    return rijen


def _same(groep: Groep) -> Any:
    uitgave = groep.uitgave
    return and_(
        _a.partij == groep.partij,
        _a.standaard == uitgave.standaard,
        _a.release == uitgave.release,
        _a.stroom == uitgave.stroom.value,
    )
