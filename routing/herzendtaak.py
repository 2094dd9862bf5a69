"""Resending many berichten as a durable job: chosen and counted first, then offered again at a chosen rate.

The preview freezes the list: each bericht with the aflevering that was broken off. The job offers a bericht again only
while that aflevering is still its last one, in the same transaction that ticks it off; so a second job, a second
operator, a refresh or a crash cannot offer it twice. The row of the job is locked while a batch is made, so any number
of nodes may work on it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)

from routing import schema
from routing.herzending import NietMogelijk, resend
from routing.klok import now_ms
from routing.register import Register
from routing.status import Status
from routing.vastlegging import Termijnen

HOOGSTENS: Final = 6000
"""Berichten per minute that a job may offer again at most."""
_PARTIJ: Final = 100  # berichten in one transaction at most

_b, _a, _h, _hb = schema.bericht.c, schema.aflevering.c, schema.herzending.c, schema.herzending_bericht.c
_WACHT = text("herzending_bericht.gedaan_op IS NULL")  # literal, as in the partial index
_AFGEBROKEN = (Status.BEZORGING_AFGEBROKEN, Status.VERVALLEN)


class Toestand(StrEnum):
    """Where a job is; the value is what users read."""

    VOORBEREID = "voorbereid"
    LOOPT = "loopt"
    GESTOPT = "gestopt"
    KLAAR = "klaar"


class NietToegestaan(ValueError):
    """The job cannot do what was asked; the text says in Dutch why."""


@dataclass(frozen=True, slots=True)
class Selectie:
    """Which berichten to offer again; every filter that is filled must hold.

    `vanaf` and `tot` bound the moment of receipt, in ms since 1970 UTC, `tot` not included. Without a status, both
    those that were broken off and those that expired.
    """

    status: str | None = None
    ontvanger: str | None = None
    zender: str | None = None
    foutcode: str | None = None
    vanaf: int | None = None
    tot: int | None = None


@dataclass(frozen=True, slots=True)
class Deel:
    """What a job holds for one ontvanger; `oudste` and `nieuwste` are moments of receipt in ms."""

    ontvanger: str
    aantal: int
    oudste: int
    nieuwste: int


@dataclass(frozen=True, slots=True)
class Stand:
    """How far a job is: `aangeboden` were offered again, `overgeslagen` left alone, `wachtend` still to do."""

    nummer: int
    toestand: Toestand
    per_minuut: int
    selectie: Mapping[str, object]
    gemaakt_op: int
    gemaakt_door: str
    gewijzigd_op: int
    gewijzigd_door: str
    wachtend: int
    aangeboden: int
    overgeslagen: int
    redenen: Mapping[str, int]


def prepare(conn: Connection, selectie: Selectie, wie: str) -> int:
    """Make a job of what fits the selection now, and return its number; nothing is offered yet.

    Args:
        conn: connection inside a transaction.
        selectie: which berichten.
        wie: who asked for it.

    Raises:
        NietToegestaan: nothing fits.
    """
    nu = now_ms(conn)
    nummer: int = conn.execute(
        insert(schema.herzending)
        .values(
            selectie=json.dumps({veld: waarde for veld, waarde in asdict(selectie).items() if waarde is not None}),
            toestand=Toestand.VOORBEREID.value,
            gemaakt_op=nu,
            gemaakt_door=wie,
            gewijzigd_op=nu,
            gewijzigd_door=wie,
        )
        .returning(_h.id)
    ).scalar_one()
    gekozen = _choose(selectie).subquery()
    lijst = select(
        literal(nummer), func.row_number().over(order_by=(gekozen.c.ontvangen_op, gekozen.c.id)), gekozen.c.id,
        gekozen.c.aflevering_id,
    )  # fmt: skip
    kolommen = ["herzending_id", "volgnummer", "bericht_id", "aflevering_id"]
    conn.execute(insert(schema.herzending_bericht).from_select(kolommen, lijst))
    if not conn.execute(select(exists().where(_hb.herzending_id == nummer))).scalar():
        raise NietToegestaan("Geen enkel bericht voldoet; er is niets om opnieuw aan te bieden.")
    return nummer


def _choose(selectie: Selectie) -> Select[tuple[str, int, int]]:
    laatste = select(func.max(_a.id)).where(_a.bericht_id == _b.id).scalar_subquery()
    status = [selectie.status] if selectie.status else [s.value for s in _AFGEBROKEN]
    waar: list[ColumnElement[bool]] = [_b.geldend, _b.status.in_(status)]
    for kolom, waarde in ((_b.ontvanger, selectie.ontvanger), (_b.zender, selectie.zender)):
        if waarde is not None:
            waar.append(kolom == waarde)
    if selectie.foutcode is not None:
        waar.append(_b.fout_code == selectie.foutcode)
    if selectie.vanaf is not None:
        waar.append(_b.ontvangen_op >= selectie.vanaf)
    if selectie.tot is not None:
        waar.append(_b.ontvangen_op < selectie.tot)
    return select(_b.id, _b.ontvangen_op, func.coalesce(laatste, 0).label("aflevering_id")).where(*waar)


def preview(conn: Connection, nummer: int) -> tuple[Deel, ...]:
    """Return what a job holds, per ontvanger."""
    return tuple(
        Deel(rij.ontvanger, rij.aantal, rij.oudste, rij.nieuwste)
        for rij in conn.execute(
            select(
                _b.ontvanger,
                func.count().label("aantal"),
                func.min(_b.ontvangen_op).label("oudste"),
                func.max(_b.ontvangen_op).label("nieuwste"),
            )
            .join_from(schema.herzending_bericht, schema.bericht, _hb.bericht_id == _b.id)
            .where(_hb.herzending_id == nummer)
            .group_by(_b.ontvanger)
            .order_by(_b.ontvanger)
        )
    )


def start(conn: Connection, nummer: int, per_minuut: int, wie: str) -> None:
    """Let a job run, for the first time or after a stop; starting one that runs changes its rate only.

    Raises:
        NietToegestaan: there is no such job, or it is ready.
    """
    _change(
        conn,
        nummer,
        Toestand.LOOPT,
        wie,
        vanuit=(Toestand.VOORBEREID, Toestand.GESTOPT, Toestand.LOOPT),
        per_minuut=per_minuut,
    )


def stop(conn: Connection, nummer: int, wie: str) -> None:
    """Stop a job; what was offered again stays so, the rest waits for `start`.

    Raises:
        NietToegestaan: there is no such job, or it does not run.
    """
    _change(conn, nummer, Toestand.GESTOPT, wie, vanuit=(Toestand.LOOPT, Toestand.GESTOPT))


def _change(
    conn: Connection,
    nummer: int,
    naar: Toestand,
    wie: str,
    *,
    vanuit: tuple[Toestand, ...],
    per_minuut: int | None = None,
) -> None:
    waarden: dict[str, object] = {"toestand": naar.value, "gewijzigd_op": now_ms(conn), "gewijzigd_door": wie}
    if per_minuut is not None:
        waarden["per_minuut"] = per_minuut
    gelukt = conn.execute(
        update(schema.herzending).where(_h.id == nummer, _h.toestand.in_([t.value for t in vanuit])).values(**waarden)
    )
    if gelukt.rowcount:
        return
    toestand = conn.execute(select(_h.toestand).where(_h.id == nummer)).scalar()
    if toestand is None:
        raise NietToegestaan(f"Herzending {nummer} bestaat niet; `knooppunt herzending toon` noemt ze alle.")
    raise NietToegestaan(f"Herzending {nummer} is {toestand}.")


def running(conn: Connection) -> tuple[int, ...]:
    """Return the jobs that run."""
    return tuple(conn.execute(select(_h.id).where(_h.toestand == Toestand.LOOPT.value).order_by(_h.id)).scalars())


def _due(nu: int) -> ColumnElement[bool]:
    return or_(_h.next_due <= nu, _h.next_due > nu + 120_000)  # never more than a minute ahead: the clock was set back


def advance(conn: Connection, nummer: int, termijnen: Termijnen, register: Register) -> tuple[str, ...]:
    """Offer the next berichten of a job again, as many as its rate allows now, and tick them off.

    Args:
        conn: connection inside a transaction of `Opslag.write`.
        nummer: which job.
        termijnen: how long delivery goes on.
        register: who is connected.

    Returns:
        The ontvangers whose lanes have something new.
    """
    nu = now_ms(conn)
    taak = conn.execute(
        select(_h.per_minuut, _h.gewijzigd_door)
        .where(_h.id == nummer, _h.toestand == Toestand.LOOPT.value, _due(nu))
        .with_for_update(skip_locked=True)
    ).first()
    if taak is None:
        return ()  # another node is at it, or it was stopped meanwhile
    aantal = min(max(1, taak.per_minuut // 60), _PARTIJ)
    rijen = conn.execute(
        select(_hb.volgnummer, _hb.bericht_id, _hb.aflevering_id, _b.ontvanger)
        .join(schema.bericht, _b.id == _hb.bericht_id)
        .where(_hb.herzending_id == nummer, _WACHT)
        .order_by(_hb.volgnummer)
        .limit(aantal)
    ).all()
    lanes = set()
    gedaan = []
    for rij in rijen:
        reden = _offer(conn, rij, termijnen, f"herzending {nummer} ({taak.gewijzigd_door})", register)
        gedaan.append({"welk": rij.volgnummer, "reden": reden})
        if reden is None:
            lanes.add(rij.ontvanger)
    if gedaan:
        afvinken = (
            update(schema.herzending_bericht)
            .where(_hb.herzending_id == nummer, _hb.volgnummer == bindparam("welk"))
            .values(gedaan_op=nu, reden=bindparam("reden"))
        )
        conn.execute(afvinken, gedaan)
    klaar = len(rijen) < aantal
    conn.execute(
        update(schema.herzending)
        .where(_h.id == nummer)
        .values(
            next_due=nu + round(len(rijen) * 60_000 / taak.per_minuut),
            toestand=(Toestand.KLAAR if klaar else Toestand.LOOPT).value,
            gewijzigd_op=nu if klaar else _h.gewijzigd_op,
        )
    )
    return tuple(sorted(lanes))


def _offer(
    conn: Connection, rij: Row[int, str, int, str], termijnen: Termijnen, wie: str, register: Register
) -> str | None:
    try:
        resend(conn, rij.bericht_id, termijnen, wie, register=register, na_aflevering=rij.aflevering_id)
    except NietMogelijk as fout:
        return str(fout)
    return None


def read_stand(conn: Connection, nummer: int | None = None) -> tuple[Stand, ...]:
    """Return how far jobs are, newest first; with a number that one, or nothing when it does not exist."""
    tellingen = select(
        _hb.herzending_id, _hb.gedaan_op.is_not(None).label("gedaan"), _hb.reden, func.count().label("aantal")
    ).group_by(_hb.herzending_id, _hb.gedaan_op.is_not(None), _hb.reden)
    keuze = select(*schema.herzending.c).order_by(_h.id.desc())
    if nummer is not None:
        tellingen, keuze = tellingen.where(_hb.herzending_id == nummer), keuze.where(_h.id == nummer)
    per_taak: dict[int, list[tuple[bool, str | None, int]]] = {}
    for rij in conn.execute(tellingen):
        per_taak.setdefault(rij.herzending_id, []).append((bool(rij.gedaan), rij.reden, rij.aantal))
    return tuple(_stand(rij, per_taak.get(rij.id, [])) for rij in conn.execute(keuze))


def _stand(
    rij: Row[int, str, str, int, int, int, str, int, str], tellingen: list[tuple[bool, str | None, int]]
) -> Stand:
    redenen = {reden: aantal for gedaan, reden, aantal in tellingen if gedaan and reden is not None}
    return Stand(
        nummer=rij.id,
        toestand=Toestand(rij.toestand),
        per_minuut=rij.per_minuut,
        selectie=json.loads(rij.selectie),
        gemaakt_op=rij.gemaakt_op,
        gemaakt_door=rij.gemaakt_door,
        gewijzigd_op=rij.gewijzigd_op,
        gewijzigd_door=rij.gewijzigd_door,
        wachtend=sum(aantal for gedaan, _, aantal in tellingen if not gedaan),
        aangeboden=sum(aantal for gedaan, reden, aantal in tellingen if gedaan and reden is None),
        overgeslagen=sum(redenen.values()),
        redenen=redenen,
    )
