"""How it stands with lanes and with quarantine; presentation-free, as `knooppunt.inzicht`. Moments are in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, text

from routing import schema
from routing.klok import now_ms

_l, _a, _b = schema.lane.c, schema.aflevering.c, schema.bericht.c
_APART = text("aflevering.quarantaine_op IS NOT NULL")
_HOOGSTENS = 1000


@dataclass(frozen=True, slots=True)
class Pauze:
    """Who paused a lane, why, since when and until when; `tot` is None when it does not end by itself."""

    door: str
    reden: str
    sinds: datetime
    tot: datetime | None


@dataclass(frozen=True, slots=True)
class Onderbreker:
    """Since when the breaker of a lane is open, and the failure that opened it last."""

    sinds: datetime
    reden: str


@dataclass(frozen=True, slots=True)
class Lane:
    """The queue of one ontvanger.

    `toestand` is one word or a few, the first that holds: ``gepauzeerd``, ``onderbroken`` (breaker open),
    ``bezig`` (someone delivers now), ``wacht`` (until `volgende_op`), ``gereed``, ``wordt opgehaald`` (pull) or
    ``leeg``. `oudste_op` is when the bericht at its head came in.
    """

    naam: str
    kanaal: str
    toestand: str
    wachtend: int
    oudste_op: datetime | None
    mislukt: int
    volgende_op: datetime | None
    in_quarantaine: int
    pauze: Pauze | None
    onderbreker: Onderbreker | None


@dataclass(frozen=True, slots=True)
class Gevallen:
    """A bericht in quarantine; `crashes` is how often the hub stopped while it was on its way."""

    bericht_id: str
    referentienummer: str
    functie: str | None
    zender: str
    lane: str
    crashes: int
    sinds: datetime
    verloopt_op: datetime


def lanes(conn: Connection, naam: str | None = None) -> tuple[Lane, ...]:
    """Return the lane with this name, or at most 1000 lanes where something waits or is the matter, by name."""
    telling = conn.execute(select(_a.lane, func.count()).where(_APART).group_by(_a.lane))
    apart: dict[str, int] = {rij[0]: rij[1] for rij in telling}
    kop = (
        select(_b.ontvangen_op)
        .join_from(schema.aflevering, schema.bericht, _a.bericht_id == _b.id)
        .where(_a.lane == _l.naam, text("aflevering.open"))
        .order_by(_a.seq)
        .limit(1)
        .scalar_subquery()
    )
    keuze = select(schema.lane, kop.label("oudste")).order_by(_l.naam).limit(_HOOGSTENS)
    if naam is not None:
        keuze = keuze.where(_l.naam == naam)
    else:
        iets = (_l.pending > 0, _l.paused_by.is_not(None), _l.breaker_since.is_not(None), _l.naam.in_(sorted(apart)))
        keuze = keuze.where(or_(*iets))
    nu = now_ms(conn)
    gevonden = (_lane(rij, nu, apart.get(rij.naam, 0)) for rij in conn.execute(keuze))
    return tuple(lane for lane in gevonden if naam is not None or _matters(lane))


def quarantined(conn: Connection, bericht_id: str | None = None) -> tuple[Gevallen, ...]:
    """Return what is in quarantine, longest first, at most 1000; or of one bericht."""
    keuze = (
        select(_b.id, _b.referentienummer, _b.functie, _b.zender, _a.lane, _a.crashes, _a.quarantaine_op, _a.expires_at)
        .join_from(schema.aflevering, schema.bericht, _a.bericht_id == _b.id)
        .where(_APART)
        .order_by(_a.quarantaine_op)
        .limit(_HOOGSTENS)
    )
    if bericht_id is not None:
        keuze = keuze.where(_b.id == bericht_id)
    return tuple(
        Gevallen(*rij[:6], sinds=_moment(rij.quarantaine_op), verloopt_op=_moment(rij.expires_at))
        for rij in conn.execute(keuze)
    )


def _matters(lane: Lane) -> bool:
    return bool(lane.wachtend or lane.pauze or lane.onderbreker or lane.in_quarantaine)


def _lane(rij: Row[*tuple[Any, ...]], nu: int, in_quarantaine: int) -> Lane:
    pauze = None
    if rij.paused_by is not None and (rij.paused_until is None or rij.paused_until > nu):
        tot = None if rij.paused_until is None else _moment(rij.paused_until)
        pauze = Pauze(rij.paused_by, rij.paused_reason or "", _moment(rij.paused_at or 0), tot)
    onderbreker = None
    if rij.breaker_since is not None:
        onderbreker = Onderbreker(_moment(rij.breaker_since), rij.breaker_reason or "")
    wacht = rij.pending > 0 and rij.next_due > nu
    toestanden = (
        ("gepauzeerd", pauze is not None),
        ("wordt opgehaald", rij.kanaal == "pull" and rij.pending > 0),
        ("onderbroken", onderbreker is not None),
        ("bezig", rij.leased_until > nu),
        ("wacht", wacht),
        ("gereed", rij.pending > 0),
    )
    return Lane(
        naam=rij.naam,
        kanaal=rij.kanaal,
        toestand=next((woord for woord, geldt in toestanden if geldt), "leeg"),
        wachtend=rij.pending,
        oudste_op=None if rij.oudste is None else _moment(rij.oudste),
        mislukt=rij.failures,
        volgende_op=_moment(rij.next_due) if wacht else None,
        in_quarantaine=in_quarantaine,
        pauze=pauze,
        onderbreker=onderbreker,
    )


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, tz=UTC)
