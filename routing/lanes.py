"""Lanes: the berichten for one ontvanger, delivered in order by whoever holds the lease of the lane.

A worker claims a lane, not a bericht; only who holds the lease of a lane may change what stands in it. A claim costs as
much as there are lanes that are ready, however many berichten wait behind them. Everything that a holder does names
his token: when the lease went to another meanwhile, nothing changes and the function says so.

An ontvanger may ask for several berichten at the same time (a wide lease): then what is on its way is marked, so that a
crash is counted for those and for no other.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import takewhile
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    Row,
    any_,
    bindparam,
    case,
    exists,
    func,
    null,
    or_,
    select,
    text,
    update,
)

from routing import bundel, lanemutaties, schema, uitstel
from routing.klok import now_ms
from routing.opdracht import run_many
from routing.partij import Kanaal
from routing.status import Status

LEASE_MS: Final = int(os.environ.get("KNOOPPUNT_LEASE_MS", "60000"))
"""How long a lease lasts without a heartbeat, in ms of the database clock.

The variable is there for tests, which would otherwise wait for a minute each time a node dies; all nodes need the same.
"""

BEURT_BYTES: Final = 1024 * 1024
"""Payload bytes that one claim may take; a larger bericht comes alone."""

QUARANTAINE: Final = 3
"""Crashes under one bericht after which it is no longer offered: it may be what kills us."""

_Rij = Row[*tuple[Any, ...]]
_lane, _aflevering, _bericht = schema.lane, schema.aflevering, schema.bericht
_alle = _lane.alias("alle")
_OPEN = text("aflevering.open")  # literal, as in the partial indexes: a bound value would not match them
# Where the place is known already: a partial index of what is open would be tempting when little is, and is full of
# what no longer is for as long as PostgreSQL cannot clean up.
_NIET_DICHT = text("aflevering.open IS NOT FALSE")
AANGEKOMEN: Final = """(aflevering.crashes > 0 OR aflevering.offered
  OR coalesce(aflevering.mogelijk_aangekomen, aflevering.open AND aflevering.attempts > 0))"""
"""SQL: an attempt may have reached the ontvanger. It did not end, or nothing said clearly that he did not take it.

Of attempts that only an older release recorded nothing is known. While a bericht is offered on, each may have; of what
was closed the last one was an answer.
"""
_nu = bindparam("nu", type_=_lane.c.next_due.type)
_wachten = bindparam("wachten", type_=_lane.c.next_due.type)
_DIE = _aflevering.c.id == bindparam("aflevering")

VRIJ = or_(_lane.c.leased_until <= _nu, _lane.c.leased_until > _nu + 2 * LEASE_MS)
"""Nobody holds the lane. A lease never ends more than `LEASE_MS` from now, so one that seems to was written before the
clock was set back."""
_LOOPT_DOOR = or_(_lane.c.paused_by.is_(None), _lane.c.paused_until <= _nu)
"""Not paused; a pause whose end date has passed has ended by itself."""
# By token alone: while a session somewhere is idle in a transaction, PostgreSQL keeps every version of the row of a
# lane, and all of them have its name. Only those of this lease have its token.
_DIE_LEASE = _lane.c.lease_token == bindparam("token")
_NOG_OPEN = exists().where(_DIE, _NIET_DICHT)
# Without a wait the moment stays what it was: one by a clock that is set back later would be a wait after all.
_NIET_EERDER = case(
    (or_(_wachten == 0, _lane.c.next_due > _nu + _wachten), _lane.c.next_due),
    else_=_nu + _wachten,
)

_GEREED = (
    select(
        _lane.c.naam,
        _lane.c.lease_token,
        _lane.c.breed,
        _lane.c.head,
        _lane.c.failures,
        _lane.c.breaker_since,
        select(func.coalesce(func.max(_alle.c.turn), 0))
        .where(text("alle.turn > 0"))
        .scalar_subquery()
        .label("hoogste"),
    )
    .where(text("lane.pending > 0 AND lane.kanaal = 'push'"), _lane.c.next_due <= _nu, VRIJ, _LOOPT_DOOR)
    .order_by(_lane.c.turn)
    .limit(bindparam("aantal"))
    .with_for_update(skip_locked=True, of=_lane)
)
_NEEM = (
    update(_lane)
    .where(_lane.c.naam == bindparam("welke"))
    .values(
        lease_token=bindparam("token"),
        leased_until=_nu + LEASE_MS,
        turn=bindparam("beurt"),
        head=bindparam("vooraan"),
        breed=bindparam("is_breed"),
    )
)
# One statement for the heads of all lanes that are claimed. `vanaf` says per lane where its first open one can be. The
# LIMIT 1 keeps PostgreSQL from beginning with all of `bericht`, which looked best while that was empty.
_KOP = f"""a.lane, a.id, a.seq, a.bericht_id, a.attempts, a.crashes, a.offered, a.expires_at,
  {AANGEKOMEN.replace("aflevering.", "a.")} AS mogelijk_aangekomen, b.zender, b.status, b.payload_grootte"""
_EERSTE = "WHERE lane = {lane} AND seq >= {vanaf} AND open IS NOT FALSE ORDER BY seq LIMIT :aantal"
_KOPPEN = {
    "postgresql": text(
        f"SELECT {_KOP} FROM json_each_text(CAST(:vanaf AS JSON)) AS w CROSS JOIN LATERAL (SELECT * FROM aflevering "  # noqa: S608 - made of constants
        + _EERSTE.format(lane="w.key", vanaf="CAST(w.value AS BIGINT)")
        + ") AS a CROSS JOIN LATERAL (SELECT zender, status, payload_grootte FROM bericht WHERE id = a.bericht_id"
        " LIMIT 1) AS b ORDER BY a.seq"
    ),
    "sqlite": text(
        f"SELECT {_KOP} FROM json_each(:vanaf) AS w CROSS JOIN aflevering AS a CROSS JOIN bericht AS b WHERE a.id IN "  # noqa: S608 - same
        "(SELECT id FROM aflevering " + _EERSTE.format(lane="w.key", vanaf="w.value") + ") AND b.id = a.bericht_id"
    ),
}
_GEVALLEN = update(_aflevering).where(_DIE).values(crashes=_aflevering.c.crashes + 1, offered=False)
_APART = update(_aflevering).where(_DIE).values(open=False, quarantaine_op=_nu)
_MARKEER = update(_aflevering).where(_DIE).values(offered=True)
_ONTMARKEER = update(_aflevering).where(_DIE).values(offered=False)
_BREEK_AF = _ONTMARKEER.where(_NIET_DICHT).values(mogelijk_aangekomen=True)
_HARTSLAG = update(_lane).where(_DIE_LEASE).values(leased_until=_nu + LEASE_MS)


def _one_of(kolom: Column[Any], naam: str) -> dict[str, ColumnElement[bool]]:
    """Per dialect: the column has one of the values of a parameter. PostgreSQL prepares a text that never changes."""
    return {
        "postgresql": kolom == any_(bindparam(naam, type_=ARRAY(kolom.type))),
        "sqlite": kolom.in_(bindparam(naam, expanding=True)),
    }


_HOUDERS = {
    dialect: select(_lane.c.lease_token, _lane.c.paused_by, _lane.c.paused_until).where(een_van).with_for_update()
    for dialect, een_van in _one_of(_lane.c.lease_token, "tokens").items()
}
_NOG_NIET_DICHT = {
    dialect: select(_aflevering.c.id).where(een_van, _NIET_DICHT)
    for dialect, een_van in _one_of(_aflevering.c.id, "ids").items()
}
_AF = update(_lane).where(_DIE_LEASE).values(pending=_lane.c.pending - bindparam("dicht"))
# Who answers, is there: that ends the row of failures and closes the breaker.
_AF_NA_ANTWOORD = _AF.values(failures=0, breaker_since=null(), breaker_reason=null())
_HOUD: dict[str, Any] = {"leased_until": _nu + LEASE_MS}
_GEEF_TERUG: dict[str, Any] = {"lease_token": null(), "leased_until": 0, "next_due": _NIET_EERDER}
_SLUIT_LANE = {  # by whether there was an answer, and whether the lease is given back
    (geantwoord, terug): af.values(_GEEF_TERUG if terug else _HOUD)
    for geantwoord, af in ((True, _AF_NA_ANTWOORD), (False, _AF))
    for terug in (True, False)
}
_SLUIT = (
    update(_aflevering)
    .where(_DIE)
    .values(
        open=False,
        offered=False,
        done_at=_nu,
        attempts=_aflevering.c.attempts + bindparam("pogingen"),
        mogelijk_aangekomen=bindparam("aangekomen"),
    )
)
_UITSTEL = (
    update(_lane)
    .where(_DIE_LEASE, _NOG_OPEN)
    .values(
        next_due=_NIET_EERDER,
        failures=bindparam("mislukt"),
        breaker_since=func.coalesce(_lane.c.breaker_since, bindparam("breuk_op", type_=_lane.c.breaker_since.type)),
        breaker_reason=func.coalesce(bindparam("breuk", type_=_lane.c.breaker_reason.type), _lane.c.breaker_reason),
    )
)
_STEL_UIT_LANE = {
    True: _UITSTEL.values(lease_token=null(), leased_until=0),
    False: _UITSTEL.values(leased_until=_nu + LEASE_MS),
}
_STEL_UIT = (
    update(_aflevering)
    .where(_DIE)
    .values(
        attempts=_aflevering.c.attempts + 1,
        offered=False,
        mogelijk_aangekomen=bindparam("aangekomen"),
    )
)
_GEEF_VRIJ = update(_lane).where(_DIE_LEASE).values(_GEEF_TERUG)
_GEEF_BREED_VRIJ = {
    dialect: _GEEF_VRIJ.where(~exists().where(een_van, _aflevering.c.offered, _NIET_DICHT))
    for dialect, een_van in _one_of(_aflevering.c.id, "ids").items()
}
_HERTEL = (
    update(_lane)
    .where(_lane.c.naam == bindparam("welke"))
    .values(
        pending=select(func.count()).where(_aflevering.c.lane == _lane.c.naam, _OPEN).scalar_subquery(),
        lease_token=null(),
        leased_until=0,
    )
)


@dataclass(frozen=True, slots=True)
class Kop:
    """A bericht at the head of a claimed lane, or behind it. `grootte` is the size of its payload in bytes.

    `attempts` counts what the other side answered or failed, `crashes` the leases that ended under it;
    `mogelijk_aangekomen` says that one of all those may have reached the ontvanger, `vervallen` that its term had
    passed when it was claimed.
    """

    aflevering_id: int
    bericht_id: str
    zender: str
    status: Status
    attempts: int
    crashes: int
    mogelijk_aangekomen: bool
    grootte: int
    vervallen: bool = False


@dataclass(frozen=True, slots=True)
class Lease:
    """A claimed lane. `failures` counts the failures in a row of the lane, `breedte` how many may be on their way.

    `proef`: the breaker is open and this is the one bericht that tries whether the ontvanger is back.
    """

    lane: str
    token: str
    failures: int
    breedte: int
    proef: bool
    koppen: tuple[Kop, ...]


@dataclass(frozen=True, slots=True)
class Beurten:
    """What a claim took, and under which berichten an earlier holder died, with their crashes counted.

    Those with `QUARANTAINE` crashes have left their lane.
    """

    leases: tuple[Lease, ...]
    gevallen: tuple[Kop, ...]


@dataclass(frozen=True, slots=True)
class Einde:
    """A claimed bericht that is to be closed.

    `geantwoord`: whether the other side answered; then it is an attempt, and the lane is not failing. `terug_ms`: give
    the lease back, and let the lane wait at least so long; None keeps it. `mogelijk_aangekomen`: this attempt may have
    reached the ontvanger.
    """

    lease: Lease
    kop: Kop
    geantwoord: bool = True
    terug_ms: int | None = None
    mogelijk_aangekomen: bool = False


class Vervolg(Enum):
    """What may happen after a bericht was closed."""

    VERLOREN = "the lease was lost, or the bericht closed before: nothing changed"
    PAUZE = "it is closed; nothing more is to be offered now"
    DOOR = "it is closed; the next one may follow"


def enqueue(
    conn: Connection, lane: str, kanaal: Kanaal, bericht_id: str, ttl_ms: int, *, mogelijk_aangekomen: bool = False
) -> None:
    """Put a stored bericht at the end of the lane of its ontvanger; it becomes visible with the commit.

    Args:
        conn: connection inside a transaction.
        lane: code of the ontvanger.
        kanaal: push, for the workers, or pull, for the ontvanger to collect.
        bericht_id: which bericht.
        ttl_ms: how long delivery goes on, in ms from now.
        mogelijk_aangekomen: in an earlier aflevering it may have reached this ontvanger.
    """
    lanemutaties.add(conn, lane, kanaal, bericht_id, now_ms(conn) + ttl_ms, mogelijk_aangekomen=mogelijk_aangekomen)


def claim(conn: Connection, lanes: int, koppen: int, breedte: Callable[[str], int] = lambda _lane: 1) -> Beurten:
    """Take the leases of push lanes that are ready, longest waiting first.

    A lane whose lease ended without being given back counts a crash for what was on its way. A bericht with a crash
    behind it comes alone, and so does the one with which an open breaker is tried. Does not wait for other workers:
    run it with ``write_lane(ACHTERAAN, ...)``.

    Args:
        conn: connection inside a transaction.
        lanes: how many lanes at most.
        koppen: how many berichten per lane at most, and no more than `BEURT_BYTES` of payload unless it is one.
        breedte: gives how many berichten the ontvanger of a lane takes at the same time.
    """
    nu = now_ms(conn)
    leases: list[Lease] = []
    gevallen: list[Kop] = []
    genomen: list[dict[str, object]] = []
    onderweg: list[Kop] = []
    leeg: list[dict[str, object]] = []
    gereed = conn.execute(_GEREED, {"nu": nu, "aantal": lanes}).all()
    per_lane = _heads(conn, gereed, koppen)
    for beurt, rij in enumerate(gereed, 1):
        rijen = per_lane[rij.naam]
        gevonden = [_kop(een, nu, gevallen=_was_offered(rij, een, rijen)) for een in rijen]
        gevallen += [kop for kop, een in zip(gevonden, rijen, strict=True) if kop.crashes > een.crashes]
        heel = [kop for kop in gevonden if kop.crashes < QUARANTAINE]
        if not heel:
            leeg.append({"welke": rij.naam})
            continue
        if len(heel) < len(gevonden):
            lanemutaties.remove(conn, rij.naam, len(gevonden) - len(heel))
        proef = rij.breaker_since is not None
        samen = heel[:1] if proef or heel[0].crashes else _together(heel)
        breed = min(breedte(rij.naam), len(samen))
        if breed > 1:
            onderweg += samen[:breed]
        token = uuid.uuid4().hex
        neem = {"welke": rij.naam, "token": token, "nu": nu, "beurt": rij.hoogste + beurt, "is_breed": breed > 1}
        genomen.append(neem | {"vooraan": rijen[0].seq})
        leases.append(Lease(rij.naam, token, rij.failures, breed, proef, tuple(samen)))
    apart = [kop for kop in gevallen if kop.crashes >= QUARANTAINE]
    bundel.run(conn, [(_GEVALLEN, _each(gevallen)), (_APART, _each(apart, nu=nu))])
    if leeg:
        run_many(conn, _HERTEL, leeg)  # a wrong count would be claimed for ever; it counts what was not set aside
    bundel.run(conn, [(_MARKEER, _each(onderweg)), (_NEEM, genomen)])
    return Beurten(tuple(leases), tuple(gevallen))


def _heads(conn: Connection, gereed: Sequence[_Rij], koppen: int) -> dict[str, list[_Rij]]:
    """Read what is at the head of lanes, in order, with as many behind it as asked."""
    per_lane: dict[str, list[_Rij]] = {rij.naam: [] for rij in gereed}
    if gereed:
        vanaf = json.dumps({rij.naam: rij.head for rij in gereed})
        for een in conn.execute(_KOPPEN[conn.dialect.name], {"vanaf": vanaf, "aantal": koppen}):
            per_lane[een.lane].append(een)
    return {lane: sorted(rijen, key=attrgetter("seq")) for lane, rijen in per_lane.items()}


def _was_offered(lane: _Rij, een: _Rij, rijen: Sequence[_Rij]) -> bool:
    """Say whether a bericht was on its way under a lease that ended without being given back."""
    return lane.lease_token is not None and (een.offered if lane.breed else een is rijen[0])


def _each(koppen: Sequence[Kop], **waarden: object) -> list[dict[str, object]]:
    return [{"aflevering": kop.aflevering_id, **waarden} for kop in koppen]


def _kop(rij: _Rij, nu: int, *, gevallen: bool) -> Kop:
    return Kop(
        rij.id,
        rij.bericht_id,
        rij.zender,
        Status(rij.status),
        rij.attempts,
        rij.crashes + gevallen,
        bool(rij.mogelijk_aangekomen or gevallen),
        rij.payload_grootte,
        rij.expires_at <= nu,
    )


def _together(koppen: Sequence[Kop]) -> list[Kop]:
    """Return the berichten that one lease may take, from the head on."""
    samen: list[Kop] = []
    bytes_ = 0
    for kop in takewhile(lambda kop: not kop.crashes, koppen):
        bytes_ += kop.grootte
        if samen and bytes_ > BEURT_BYTES:
            break
        samen.append(kop)
    return samen


def heartbeat(conn: Connection, lease: Lease) -> bool:
    """Make the lease last again from now; False when it was lost."""
    return conn.execute(_HARTSLAG, _holder(conn, lease)).rowcount == 1


def close(conn: Connection, eindes: Sequence[Einde]) -> list[Vervolg]:
    """Close berichten that were delivered or given up, of any number of lanes, with the same few statements.

    Returns:
        Per bericht what may happen next; PAUZE as well when its lease was given back.
    """
    nu = now_ms(conn)
    dialect = conn.dialect.name
    tokens = {"tokens": [einde.lease.token for einde in eindes], "nu": nu}
    houders = {rij.lease_token: rij for rij in conn.execute(_HOUDERS[dialect], tokens)}
    ids = [einde.kop.aflevering_id for einde in eindes]
    open_ = set(conn.execute(_NOG_NIET_DICHT[dialect], {"ids": ids}).scalars())
    lanes: dict[tuple[bool, bool], dict[str, dict[str, Any]]] = {}
    dicht: list[dict[str, object]] = []
    vervolgen: list[Vervolg] = []
    for einde in eindes:
        lane = houders.get(einde.lease.token)
        if lane is None or einde.kop.aflevering_id not in open_:
            vervolgen.append(Vervolg.VERLOREN)
            continue
        open_.remove(einde.kop.aflevering_id)
        per_lease = lanes.setdefault((einde.geantwoord, einde.terug_ms is not None), {})
        wie = {"token": einde.lease.token, "nu": nu, "wachten": einde.terug_ms, "dicht": 0}
        per_lease.setdefault(einde.lease.token, wie)["dicht"] += 1  # of a wide lease there may be several
        welke = {"aflevering": einde.kop.aflevering_id, "nu": nu, "pogingen": int(einde.geantwoord)}
        dicht.append({**welke, "aangekomen": einde.kop.mogelijk_aangekomen or einde.mogelijk_aangekomen})
        gepauzeerd = lane.paused_by is not None and (lane.paused_until is None or lane.paused_until > nu)
        vervolgen.append(Vervolg.PAUZE if gepauzeerd or einde.terug_ms is not None else Vervolg.DOOR)
    per_lane = [(_SLUIT_LANE[hoe], list(waarden.values())) for hoe, waarden in lanes.items()]
    bundel.run(conn, [*per_lane, (_SLUIT, dicht)])
    return vervolgen


def complete(conn: Connection, lease: Lease, kop: Kop) -> Vervolg:
    """Close a delivered bericht, forget the failures of the lane, close its breaker, and keep the lease."""
    return close(conn, [Einde(lease, kop)])[0]


def give_up(conn: Connection, lease: Lease, kop: Kop, *, geantwoord: bool) -> Vervolg:
    """Close a bericht that will not be delivered and keep the lease: the next one follows."""
    return close(conn, [Einde(lease, kop, geantwoord)])[0]


def retry(
    conn: Connection,
    lease: Lease,
    kop: Kop,
    mislukt: int,
    wait_ms: int,
    *,
    breuk: str | None = None,
    geef_terug: bool = True,
    mogelijk_aangekomen: bool = False,
) -> bool:
    """Count a failed attempt and let the whole lane wait.

    Args:
        conn: connection inside a transaction.
        lease: of the lane.
        kop: which bericht; it stays at the head.
        mislukt: failures of the lane in a row, this one included.
        wait_ms: how long the lane is not claimed.
        breuk: why the breaker opens, when it does.
        geef_terug: give the lease back; not while others are on their way under it.
        mogelijk_aangekomen: this attempt may have reached the ontvanger.

    Returns:
        False, with nothing changed, when the lease was lost or the bericht was closed before.
    """
    wie = _holder(conn, lease) | {"aflevering": kop.aflevering_id, "mislukt": mislukt, "wachten": wait_ms}
    wie |= {"breuk": breuk, "breuk_op": None if breuk is None else wie["nu"]}
    if conn.execute(_STEL_UIT_LANE[geef_terug], wie).rowcount != 1:
        return False
    aangekomen = kop.mogelijk_aangekomen or mogelijk_aangekomen
    conn.execute(_STEL_UIT, {"aflevering": kop.aflevering_id, "aangekomen": aangekomen})
    return True


def mark(conn: Connection, kop: Kop) -> None:
    """Note, under a wide lease, that a bericht is on its way."""
    conn.execute(_MARKEER, {"aflevering": kop.aflevering_id})


def unmark(conn: Connection, lease: Lease, kop: Kop, *, begonnen: bool = False) -> bool:
    """Note that a bericht is not on its way after all, or, `begonnen`, not any more; False when the lease was lost."""
    if not heartbeat(conn, lease):
        return False
    conn.execute(_BREEK_AF if begonnen else _ONTMARKEER, {"aflevering": kop.aflevering_id})
    return True


def release(conn: Connection, lease: Lease, wait_ms: int = 0) -> bool:
    """Give the lease back and let the lane wait at least `wait_ms`; False when it was no longer ours.

    A wide one also stays ours, until it ends, while a bericht is marked as on its way: nobody wrote how that went, and
    who claims the lane then must count it.
    """
    wie = _holder(conn, lease) | {"wachten": wait_ms}
    if lease.breedte == 1:
        return conn.execute(_GEEF_VRIJ, wie).rowcount == 1
    wie["ids"] = [kop.aflevering_id for kop in lease.koppen]
    return conn.execute(_GEEF_BREED_VRIJ[conn.dialect.name], wie).rowcount == 1


def release_later(conn: Connection, lease: Lease, wait_ms: int = 0) -> None:
    """Do as `release`, for a lease of width one, together with others of the group."""
    wie = _holder(conn, lease) | {"wachten": wait_ms}
    uitstel.later(conn, _GEEF_VRIJ, wie)


def _holder(conn: Connection, lease: Lease) -> dict[str, object]:
    return {"token": lease.token, "nu": now_ms(conn)}


def confirm(conn: Connection, lane: str, aflevering_id: int) -> bool:
    """Close a bericht that its ontvanger collected; False when it was closed before."""
    gesloten = conn.execute(
        update(_aflevering)
        .where(_aflevering.c.id == aflevering_id, _OPEN)
        .values(open=False, done_at=now_ms(conn), attempts=_aflevering.c.attempts + 1)
    )
    if gesloten.rowcount != 1:
        return False
    lanemutaties.remove(conn, lane)
    return True
