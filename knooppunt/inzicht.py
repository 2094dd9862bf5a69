"""Track & trace queries, free of presentation: the CLI, the portal and the metrics read through this module alone.

Every function is synchronous, takes a `Connection` and only reads. The results hold what the log knows of a bericht
without its payload: no BSN and no other content. Moments are aware datetimes in UTC.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, and_, or_, select

from routing import schema
from routing.status import Status

_REFERENTIE_LENGTE = 36
_HOOGSTENS = 1000


class Onbekend(LookupError):
    """No bericht has this referentienummer."""


class Meerduidig(LookupError):
    """The beginning of a referentienummer, or a referentienummer that several zenders used, fits several berichten."""

    def __init__(self, melding: str, berichten: tuple[Bericht, ...]) -> None:
        super().__init__(melding)
        self.berichten = berichten


@dataclass(frozen=True, slots=True)
class Bericht:
    """One row of track & trace.

    `grootte` is in bytes and `digest` the SHA-256 in hex, both of the payload as it was received; `conversatie` is
    the referentienummer of the bericht that opened the conversation.
    """

    id: str
    referentienummer: str
    berichtcode: str
    functie: str | None
    zender: str
    ontvanger: str
    status: str
    status_op: datetime
    ontvangen_op: datetime
    cross_ref: str | None
    conversatie: str
    kanaal: str
    geldend: bool
    grootte: int
    digest: str
    fout_code: str | None
    fout_melder: str | None
    fout_omschrijving: str | None


@dataclass(frozen=True, slots=True)
class Gebeurtenis:
    """Something that happened to a bericht; `toelichting` is what the log kept with it (see `routing.logboek`)."""

    moment: datetime
    soort: str
    status: str | None
    toelichting: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Aflevering:
    """The delivery of a bericht on the lane of its ontvanger; `pogingen` counts answers and failures, not `crashes`."""

    lane: str
    open: bool
    pogingen: int
    crashes: int
    quarantaine_op: datetime | None
    verloopt_op: datetime
    gereed_op: datetime | None


@dataclass(frozen=True, slots=True)
class Stap:
    """One step of the routing decision; `uitkomst` is ``ok``, ``fout`` or ``let op``."""

    naam: str
    uitkomst: str
    uitleg: str


@dataclass(frozen=True, slots=True)
class Uitleg:
    """Why a bericht went where it went: the stored steps and the decision; empty when nothing was stored."""

    stappen: tuple[Stap, ...]
    besluit: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything track & trace knows of one bericht; `gesprek` is its conversation, oldest first, itself included."""

    bericht: Bericht
    gebeurtenissen: tuple[Gebeurtenis, ...]
    afleveringen: tuple[Aflevering, ...]
    uitleg: Uitleg
    gesprek: tuple[Bericht, ...]


@dataclass(frozen=True, slots=True)
class Zoekvraag:
    """What to search for; every filter that is filled must hold.

    `referentie` is a referentienummer or its beginning; `vanaf` and `tot` bound the moment of receipt, `tot` not
    included, and must carry a time zone. Refused tries that a later try replaced are found as well.
    """

    referentie: str | None = None
    zender: str | None = None
    ontvanger: str | None = None
    functie: str | None = None
    status: str | None = None
    vanaf: datetime | None = None
    tot: datetime | None = None
    aantal: int = field(default=50)


def search(conn: Connection, vraag: Zoekvraag) -> tuple[Bericht, ...]:
    """Return the berichten that fit, newest first, at most `vraag.aantal` (never more than 1000)."""
    b = schema.bericht.c
    keuze = _select()
    if vraag.referentie:
        keuze = keuze.where(_reference(vraag.referentie))
    for kolom, waarde in ((b.zender, vraag.zender), (b.ontvanger, vraag.ontvanger), (b.status, vraag.status)):
        if waarde:
            keuze = keuze.where(kolom == waarde)
    if vraag.functie:
        keuze = keuze.where(b.functie == vraag.functie.upper())
    if vraag.vanaf is not None:
        keuze = keuze.where(b.ontvangen_op >= _ms(vraag.vanaf))
    if vraag.tot is not None:
        keuze = keuze.where(b.ontvangen_op < _ms(vraag.tot))
    keuze = keuze.order_by(b.ontvangen_op.desc(), b.id).limit(max(1, min(vraag.aantal, _HOOGSTENS)))
    return tuple(_bericht(rij) for rij in conn.execute(keuze))


def find(conn: Connection, referentie: str, zender: str | None = None) -> Bericht:
    """Return the one bericht with this referentienummer, or the beginning of one, perhaps of one zender.

    A refused try that a later try with the same referentienummer replaced gives way to the one that counts.

    Raises:
        Onbekend: no bericht fits.
        Meerduidig: several berichten fit.
    """
    gevonden = search(conn, Zoekvraag(referentie=referentie, zender=zender, aantal=20)) if referentie.strip() else ()
    if not gevonden:
        raise Onbekend(f"Geen bericht met referentienummer {referentie or '(leeg)'}.")
    geldend = tuple(bericht for bericht in gevonden if bericht.geldend) or gevonden[:1]
    if len(geldend) > 1:
        raise Meerduidig(f"Meer dan één bericht past bij {referentie}; geef meer tekens of noem de zender.", geldend)
    return geldend[0]


def dossier(conn: Connection, bericht: Bericht) -> Dossier:
    """Return everything the log knows of `bericht`."""
    gebeurtenissen = events(conn, bericht.id)
    return Dossier(
        bericht=bericht,
        gebeurtenissen=gebeurtenissen,
        afleveringen=deliveries(conn, bericht.id),
        uitleg=explain(gebeurtenissen),
        gesprek=conversation(conn, bericht),
    )


def events(conn: Connection, bericht_id: str) -> tuple[Gebeurtenis, ...]:
    """Return the gebeurtenissen of one bericht, oldest first."""
    g = schema.gebeurtenis.c
    keuze = select(g.moment, g.soort, g.status, g.toelichting).where(g.bericht_id == bericht_id).order_by(g.id)
    return tuple(
        Gebeurtenis(_moment(rij.moment), rij.soort, rij.status, json.loads(rij.toelichting))
        for rij in conn.execute(keuze)
    )


def deliveries(conn: Connection, bericht_id: str) -> tuple[Aflevering, ...]:
    """Return the afleveringen of one bericht, oldest first; a resend adds one."""
    a = schema.aflevering.c
    kolommen = (a.lane, a.open, a.attempts, a.crashes, a.quarantaine_op, a.expires_at, a.done_at)
    keuze = select(*kolommen).where(a.bericht_id == bericht_id).order_by(a.id)
    return tuple(
        Aflevering(
            lane=rij.lane,
            open=bool(rij.open),
            pogingen=rij.attempts,
            crashes=rij.crashes,
            quarantaine_op=None if rij.quarantaine_op is None else _moment(rij.quarantaine_op),
            verloopt_op=_moment(rij.expires_at),
            gereed_op=None if rij.done_at is None else _moment(rij.done_at),
        )
        for rij in conn.execute(keuze)
    )


def explain(gebeurtenissen: tuple[Gebeurtenis, ...]) -> Uitleg:
    """Return the routing decision that the intake stored (the last one, when there are several)."""
    for gebeurtenis in reversed(gebeurtenissen):
        if gebeurtenis.soort == "route":
            stappen = tuple(
                Stap(str(stap.get("naam", "")), str(stap.get("uitkomst", "")), str(stap.get("uitleg", "")))
                for stap in gebeurtenis.toelichting.get("stappen", ())
            )
            return Uitleg(stappen, str(gebeurtenis.toelichting.get("besluit", "")))
    return Uitleg((), "")


def conversation(conn: Connection, bericht: Bericht) -> tuple[Bericht, ...]:
    """Return heenbericht, retour and Fo01 that belong together, oldest first, at most 1000.

    A bericht belongs when it shares the conversatie, when it answers this one, or when this one answers it.
    """
    b = schema.bericht.c
    verband = [b.conversatie == bericht.conversatie, b.cross_ref == bericht.referentienummer]
    if bericht.cross_ref:
        verband.append(b.referentienummer == bericht.cross_ref)
    keuze = _select().where(or_(*verband)).order_by(b.ontvangen_op, b.id).limit(_HOOGSTENS)
    return tuple(_bericht(rij) for rij in conn.execute(keuze))


def by_ids(conn: Connection, ids: Collection[str]) -> tuple[Bericht, ...]:
    """Return these berichten, oldest first."""
    b = schema.bericht.c
    rijen = conn.execute(_select().where(b.id.in_(ids)).order_by(b.ontvangen_op, b.id))
    return tuple(_bericht(rij) for rij in rijen)


def visible_to(conn: Connection, referentie: str, partijen: AbstractSet[str]) -> tuple[Bericht, ...]:
    """Return the berichten with exactly this referentienummer that certain partijen may know of.

    A zender knows all of its own, an ontvanger what was not refused before it could reach it. A refused try that a
    later one replaced gives way to it.
    """
    b = schema.bericht.c
    keuze = _select().where(b.referentienummer == referentie, is_visible(schema.bericht, partijen))
    gevonden = tuple(_bericht(rij) for rij in conn.execute(keuze.order_by(b.ontvangen_op.desc(), b.id)))
    geldend = {bericht.zender for bericht in gevonden if bericht.geldend}
    return tuple(bericht for bericht in gevonden if bericht.geldend or bericht.zender not in geldend)


def is_visible(bericht: FromClause, partijen: AbstractSet[str]) -> ColumnElement[bool]:
    """Return the condition under which `partijen` may know of a row of `bericht`: the one place that says so."""
    b = bericht.c
    return or_(b.zender.in_(partijen), and_(b.ontvanger.in_(partijen), b.status != Status.AFGEKEURD.value))


def _select() -> Select[Any]:
    b = schema.bericht.c
    return select(
        b.id,
        b.referentienummer,
        b.berichtcode,
        b.functie,
        b.zender,
        b.ontvanger,
        b.status,
        b.status_op,
        b.ontvangen_op,
        b.cross_ref,
        b.conversatie,
        b.kanaal,
        b.geldend,
        b.payload_grootte.label("grootte"),
        b.payload_digest.label("digest"),
        b.fout_code,
        b.fout_melder,
        b.fout_omschrijving,
    )


def _reference(tekst: str) -> Any:
    kolom = schema.bericht.c.referentienummer
    schoon = tekst.strip()
    # a whole one is looked up through the index; only a beginning costs a scan
    return kolom == schoon if len(schoon) >= _REFERENTIE_LENGTE else kolom.startswith(schoon, autoescape=True)


def _bericht(rij: Row[Any]) -> Bericht:
    waarden = dict(rij._mapping)  # noqa: SLF001 - the documented way to read a row by name in SQLAlchemy
    waarden["status_op"] = _moment(waarden["status_op"])
    waarden["ontvangen_op"] = _moment(waarden["ontvangen_op"])
    waarden["geldend"] = bool(waarden["geldend"])
    return Bericht(**waarden)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, tz=UTC)


def _ms(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("a period needs a time zone")
    return round(moment.timestamp() * 1000)
