"""Queries of the chain watch, free of presentation: the CLI, the API and the metrics read through this module alone.

Every function is synchronous, takes a `Connection` and only reads. What is waited for follows from the stored schakels
by `routing.ketenbewaking.verwachting` and from nothing else, so a list and a timeline never disagree.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from istandaarden.schakels import Rol, Schakelsoort
from knooppunt import inzicht
from knooppunt.ketenlezing import find_case
from routing import schema
from routing.ketenbewaking.kalender import Kalender, day_of, start_of
from routing.ketenbewaking.schakelstand import refused_by_key, select_links, turns_on
from routing.ketenbewaking.termijnen import TERMIJNEN, Eenheid
from routing.ketenbewaking.verwachting import ALTIJD, Feit, Verwachting, expectations
from routing.klok import now_ms

_GREEP = 500  # values in one question; SQLite takes some thousands at most

_s = schema.ketenschakel.c


@dataclass(frozen=True, slots=True)
class Wacht:
    """One term of one bericht, and what became of it.

    `volgnummer` is where a next `Openvraag` goes on, `wat` is what is waited for, `regel` the rule of iStandaarden and
    `termijn` its length in words. `vanaf`, `uiterlijk` and `klaar_op` are Dutch days; `door` is the referentienummer of
    what ended it. `werkdagen_te_laat` counts up to today, or to the day on which it ended.
    """

    volgnummer: int
    referentienummer: str
    functie: str
    zender: str
    ontvanger: str
    status: str
    wat: str
    regel: str
    termijn: str
    vanaf: date
    uiterlijk: date
    afloop: str
    klaar_op: date | None
    door: str | None
    te_laat: bool
    werkdagen_te_laat: int


@dataclass(frozen=True, slots=True)
class Openvraag:
    """Which open terms to give: of berichten from or to `partijen` (None: of all), after `na`, at most `aantal`."""

    partijen: AbstractSet[str] | None = None
    alleen_te_laat: bool = False
    na: int = 0
    aantal: int = field(default=500)


@dataclass(frozen=True, slots=True)
class Schakelpunt:
    """A bericht in a timeline, with the terms that it began and what the hub noted about terms it missed itself."""

    bericht: inzicht.Bericht
    wacht: tuple[Wacht, ...]
    opmerkingen: tuple[str, ...]


def open_terms(conn: Connection, kalender: Kalender, vraag: Openvraag) -> tuple[Wacht, ...]:
    """Give what is still waited for, in the order in which the berichten came."""
    gevonden: list[Wacht] = []
    for wacht in _walk(conn, kalender, vraag):
        gevonden.append(wacht)
        if len(gevonden) >= vraag.aantal:
            break
    return tuple(gevonden)


def count_late(conn: Connection, kalender: Kalender) -> Counter[tuple[str, str]]:
    """Count the open terms that were missed, by functie and rule."""
    te_laat = _walk(conn, kalender, Openvraag(alleen_te_laat=True))
    return Counter((wacht.functie, wacht.regel) for wacht in te_laat)


def timeline(
    conn: Connection, kalender: Kalender, bericht: inzicht.Bericht, partijen: AbstractSet[str] | None = None
) -> tuple[Schakelpunt, ...]:
    """Give every bericht of the case of one, oldest first, each with the terms that it began.

    Args:
        conn: any connection.
        kalender: which days are working days.
        bericht: where to begin; it belongs to its own case, whatever its status.
        partijen: only what these may see; the case is followed through those berichten alone. None: everything.
    """
    ids = find_case(conn, bericht.id, partijen)
    berichten = inzicht.by_ids(conn, ids)
    per_bericht: defaultdict[str, list[Wacht]] = defaultdict(list)
    vragen = conn.execute(select_links().where(_s.bericht_id.in_(ids), _s.rol == Rol.VRAAG.value).order_by(_s.id)).all()
    for rij, wacht in _expand(conn, kalender, vragen):
        per_bericht[rij.bericht_id].append(wacht)
    opmerkingen = _remarks(conn, ids)
    return tuple(Schakelpunt(b, tuple(per_bericht[b.id]), tuple(opmerkingen[b.id])) for b in berichten)


def _remarks(conn: Connection, ids: Collection[str]) -> defaultdict[str, list[str]]:
    """Give what the hub noted when a bericht itself came too late."""
    gevonden: defaultdict[str, list[str]] = defaultdict(list)
    g = schema.gebeurtenis.c
    keuze = select(g.bericht_id, g.toelichting).where(g.bericht_id.in_(ids), g.soort == "termijn").order_by(g.id)
    for rij in conn.execute(keuze):
        gevonden[rij.bericht_id].append(str(json.loads(rij.toelichting).get("toelichting", "")))
    return gevonden


def _walk(conn: Connection, kalender: Kalender, vraag: Openvraag) -> Iterator[Wacht]:
    keuze = select_links().where(_s.open)
    if vraag.partijen is not None:
        keuze = keuze.where(or_(_s.zender.in_(vraag.partijen), _s.ontvanger.in_(vraag.partijen)))
    if vraag.alleen_te_laat:
        grens = _latest_late(kalender, day_of(now_ms(conn)))
        keuze = keuze.where(or_(_s.moment < start_of(grens + timedelta(days=1)), _s.dagtekening <= grens.isoformat()))
    na, greep = vraag.na, min(vraag.aantal, _GREEP)
    while rijen := conn.execute(keuze.where(_s.id > na).order_by(_s.id).limit(greep)).all():
        for _, wacht in _expand(conn, kalender, rijen):
            if wacht.klaar_op is None and (wacht.te_laat or not vraag.alleen_te_laat):
                yield wacht
        na = rijen[-1].id


def _latest_late(kalender: Kalender, vandaag: date) -> date:
    """Give the latest day whose shortest term has passed: what began after it cannot be late."""
    kortste = min(t.aantal for t in TERMIJNEN if t.eenheid is Eenheid.WERKDAGEN)
    dag = vandaag
    while kalender.add_workdays(dag, kortste) >= vandaag:
        dag -= timedelta(days=1)
    return dag


def _expand(conn: Connection, kalender: Kalender, vragen: Sequence[Row[Any]]) -> Iterator[tuple[Row[Any], Wacht]]:
    """Give for each schakel that asks its terms, judged by everything that passed on the same key."""
    vandaag = day_of(now_ms(conn))
    op_kenmerk: defaultdict[bytes, list[Row[Any]]] = defaultdict(list)
    op_bericht: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    beurten: dict[int, range] = {}
    afgekeurd: dict[str, int] = {}
    for begin in range(0, len(vragen), _GREEP):
        deel = vragen[begin : begin + _GREEP]
        kenmerken, ids = {bytes(rij.kenmerk) for rij in deel}, {rij.bericht_id for rij in deel}
        antwoord = _s.rol.not_in([Rol.VRAAG.value, Rol.DEEL.value])
        for rij in conn.execute(select_links().where(_s.kenmerk.in_(kenmerken), antwoord)):
            op_kenmerk[bytes(rij.kenmerk)].append(rij)
        for rij in conn.execute(select_links().where(_s.over.in_(ids))):
            op_bericht[rij.over].append(rij)
        beurten |= turns_on(conn, {k for k in kenmerken if any(rij.over is None for rij in op_kenmerk[k])})
        besluiten = {rij.bericht_id for k in kenmerken for rij in op_kenmerk[k] if rij.soort == Schakelsoort.VERZOEK}
        afgekeurd |= refused_by_key(conn, ids | besluiten)
    for vraag in vragen:
        link = Schakelsoort(vraag.soort)
        rijen = {rij.id: rij for rij in op_kenmerk[bytes(vraag.kenmerk)]}
        if link is Schakelsoort.UITWISSELING:
            rijen |= {rij.id: rij for rij in op_bericht[vraag.bericht_id]}
        referenties = {rij.bericht_id: rij.referentienummer for rij in rijen.values()}
        feit = replace(_fact(vraag, afgekeurd), beurt=beurten.get(vraag.id, ALTIJD))
        antwoorden = (_fact(rij, afgekeurd) for rij in rijen.values())
        for v in expectations(feit, link, antwoorden, kalender):
            yield vraag, _wacht(vraag, v, referenties, kalender, vandaag)


def _wacht(rij: Row[Any], v: Verwachting, referenties: dict[str, str], kalender: Kalender, vandaag: date) -> Wacht:
    te_laat = v.is_late(vandaag)
    return Wacht(
        volgnummer=rij.id,
        referentienummer=rij.referentienummer,
        functie=rij.functie,
        zender=rij.zender,
        ontvanger=rij.ontvanger,
        status=rij.status,
        wat=v.termijn.expected(rij.functie),
        regel=v.termijn.regel,
        termijn=f"{v.termijn.aantal} {v.termijn.eenheid}",
        vanaf=v.vanaf,
        uiterlijk=v.uiterlijk,
        afloop=v.afloop.value,
        klaar_op=v.klaar_op,
        door=referenties.get(v.door) if v.door else None,
        te_laat=te_laat,
        werkdagen_te_laat=kalender.count_workdays(v.uiterlijk, v.klaar_op or vandaag) if te_laat else 0,
    )


def _fact(rij: Row[Any], op_kenmerk: Mapping[str, int]) -> Feit:
    vraagt = rij.rol == Rol.VRAAG
    redenen = (rij.afgekeurd_over, op_kenmerk.get(rij.bericht_id))
    afgekeurd = min((ms for ms in redenen if ms is not None), default=None)
    begin = rij.moment if not vraagt or rij.opnieuw_op is None else max(rij.moment, rij.opnieuw_op)
    return Feit(
        bericht_id=rij.bericht_id,
        functie=rij.functie or "",
        rol=Rol(rij.rol),
        dag=day_of(begin),
        volgorde=rij.id,
        dagtekening=date.fromisoformat(rij.dagtekening) if vraagt and rij.dagtekening else None,
        fout_op=None if rij.fout_op is None else day_of(rij.fout_op),
        afgekeurd_op=None if afgekeurd is None else day_of(afgekeurd),
        over=rij.over,
    )
