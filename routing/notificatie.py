"""The outbox of events for the outside world: written with what they tell about, sent later, in order per bestemming.

An event is a CloudEvent in the NL GOV profile (Logius, version 1.1): `source` a URN in the namespace nld, `type` a
reversed domain name, `id` an identifier that stays with what happened, `time` the moment the hub logged it. It is
written here once and sent byte for byte the same on every attempt, so that a receiver recognises a repetition.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from routing import schema
from routing.klok import now_ms

TERMIJN_MS: Final = 5 * 24 * 3600 * 1000
"""How long an event is tried; the same five days as a bericht."""
BEWAAR_MS: Final = 30 * 24 * 3600 * 1000
"""How long what became of an event can be looked up."""

_n = schema.notificatie.c
_WACHT = text("notificatie.klaar_op IS NULL")  # literal, as in the partial index
_INVOEGEN = {
    dialect: insert(schema.notificatie).on_conflict_do_nothing(index_elements=[_n.bestemming, _n.kenmerk])
    for dialect, insert in (("postgresql", postgresql.insert), ("sqlite", sqlite.insert))
}


@dataclass(frozen=True, slots=True)
class Event:
    """A CloudEvent as it will be sent: `kenmerk` is its id, `inhoud` the JSON."""

    kenmerk: str
    inhoud: str


@dataclass(frozen=True, slots=True)
class Notificatie:
    """An event that waits for one bestemming.

    `pogingen` counts the attempts that were made, `oud_ms` is how long ago it was made, and `aan_de_beurt` says whether
    it may be sent now: false after a failure, until its wait is over.
    """

    id: int
    kenmerk: str
    inhoud: str
    pogingen: int
    oud_ms: int
    aan_de_beurt: bool


def iso(ms: int) -> str:
    """Write a moment in ms as RFC 3339, UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def make_event(
    *, bron: str, soort: str, kenmerk: str, onderwerp: str, moment_ms: int, data: Mapping[str, object]
) -> Event:
    """Make a CloudEvent (structured mode, JSON).

    Args:
        bron: URN of this hub.
        soort: reversed domain name of what happened.
        kenmerk: identifies what happened; unique within `bron`.
        onderwerp: what it happened to.
        moment_ms: when the hub logged it.
        data: the content; never personal data, for a webhook is not a way for berichten.
    """
    inhoud = {
        "specversion": "1.0",
        "id": kenmerk,
        "source": bron,
        "type": soort,
        "subject": onderwerp,
        "time": iso(moment_ms),
        "datacontenttype": "application/json",
        "data": dict(data),
    }
    return Event(kenmerk, json.dumps(inhoud, ensure_ascii=False, sort_keys=True))


def enqueue(conn: Connection, bestemming: str, event: Event) -> None:
    """Put an event in the outbox, once: a second one with the same id changes nothing."""
    rij = {"bestemming": bestemming, "kenmerk": event.kenmerk, "event": event.inhoud, "gemaakt_op": now_ms(conn)}
    conn.execute(_INVOEGEN[conn.dialect.name], rij)


def withdraw(conn: Connection, bestemming: str, kenmerken: Sequence[str]) -> None:
    """Delete events, sent or not: nothing of what they tell about may be kept any longer."""
    conn.execute(schema.notificatie.delete().where(_n.bestemming == bestemming, _n.kenmerk.in_(kenmerken)))


def head(conn: Connection, bestemming: str) -> Notificatie | None:
    """Return what this bestemming gets next, or None when nothing waits: later events wait for earlier ones."""
    rij = conn.execute(
        select(_n.id, _n.kenmerk, _n.event, _n.attempts, _n.gemaakt_op, _n.next_due)
        .where(_n.bestemming == bestemming, _WACHT)
        .order_by(_n.id)
        .limit(1)
    ).first()
    if rij is None:
        return None
    nu = now_ms(conn)
    return Notificatie(rij.id, rij.kenmerk, rij.event, rij.attempts, nu - rij.gemaakt_op, rij.next_due <= nu)


def settle(conn: Connection, welke: Notificatie, uitkomst: str, wait_ms: int | None) -> None:
    """Write how an attempt went: try again after `wait_ms`, or with None no more."""
    nu = now_ms(conn)
    wanneer = {"klaar_op": nu} if wait_ms is None else {"next_due": nu + wait_ms}
    conn.execute(
        update(schema.notificatie)
        .where(_n.id == welke.id, _WACHT)
        .values(attempts=_n.attempts + 1, uitkomst=uitkomst, **wanneer)
    )


def expire(conn: Connection) -> Mapping[str, int]:
    """Give up what waited longer than its term; returns how many, by bestemming."""
    nu = now_ms(conn)
    verlopen = (
        update(schema.notificatie)
        .where(_WACHT, _n.gemaakt_op <= nu - TERMIJN_MS)
        .values(klaar_op=nu, uitkomst="Opgegeven: de termijn is verstreken.")
        .returning(_n.bestemming)
    )
    return Counter(conn.execute(verlopen).scalars())


def prune(conn: Connection, aantal: int = 500) -> int:
    """Delete events that were settled long ago, at most `aantal`; returns how many."""
    oud = select(_n.id).where(_n.klaar_op < now_ms(conn) - BEWAAR_MS).limit(aantal)
    return conn.execute(schema.notificatie.delete().where(_n.id.in_(oud))).rowcount


def waiting(conn: Connection) -> int:
    """Return how many events wait."""
    return conn.execute(select(func.count()).select_from(schema.notificatie).where(_WACHT)).scalar_one()
