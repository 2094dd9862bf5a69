"""Periodic tasks that run on one node at a time, whichever that is.

Every node follows every task. Who finds a task due takes its lease, by the clock of the database; the others pass. A
holder that dies or freezes loses the lease by itself, and everything he writes names his token: when another took over
meanwhile, nothing changes and `BeurtVerloren` ends his turn.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Concatenate, Final, ParamSpec, TypeVar

import structlog
from sqlalchemy import ColumnElement, Connection, Table, and_, null, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from routing import schema
from routing.foutplek import place
from routing.klok import now_ms
from routing.lanes import LEASE_MS
from routing.opslag import Opslag, OpslagGesloten

_log = structlog.get_logger(__name__)
_P = ParamSpec("_P")
_T = TypeVar("_T")
_rij = schema.onderhoud
_INVOEGEN: dict[str, Callable[[Table], postgresql.Insert | sqlite.Insert]] = {
    "postgresql": postgresql.insert,
    "sqlite": sqlite.insert,
}

_HARTSLAG_S: Final = LEASE_MS / 4000
_KIJK_S: Final = 5.0


class BeurtVerloren(Exception):
    """The lease of the task went to another node, or ended; what was asked did not take place."""


@dataclass(frozen=True, slots=True)
class Taak:
    """Something to do again and again: `doe` is called every `elke_s` seconds, on one node.

    `naam` is the key all nodes share. A turn that raises is logged and tried again after `elke_s`.
    """

    naam: str
    elke_s: float
    doe: Callable[[Beurt], Awaitable[None]]


class Beurt:
    """One turn at a task; what a turn writes, it writes through here."""

    def __init__(self, opslag: Opslag, taak: str, token: str) -> None:
        self._opslag = opslag
        self._taak = taak
        self._token = token

    async def write(self, fn: Callable[Concatenate[Connection, _P], _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Do as `Opslag.write`, if this turn still stands when it is committed; renews the lease.

        Raises:
            BeurtVerloren: it does not; nothing was written.
        """
        return await self.write_lane("", fn, *args, **kwargs)

    async def write_lane(
        self, lane: str, fn: Callable[Concatenate[Connection, _P], _T], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Do as `write`, for an operation that locks the row of `lane` (see `Opslag.write_lane`)."""

        def fenced(conn: Connection) -> _T:
            _renew(conn, self._taak, self._token)
            return fn(conn, *args, **kwargs)

        return await self._opslag.write_lane(lane, fenced)

    async def keep(self) -> None:
        """Renew the lease again and again, so that a turn that waits for something else stays ours."""
        while True:
            await asyncio.sleep(_HARTSLAG_S)
            await self._opslag.write(_renew, self._taak, self._token)


class Onderhoud:
    """Follows the periodic tasks of a hub on this node.

    Args:
        opslag: the log; the leases are in it.
        taken: what is to be done.
    """

    def __init__(self, opslag: Opslag, taken: Iterable[Taak]) -> None:
        self._opslag = opslag
        self._taken = tuple(taken)
        self._lussen: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start following; needs a running event loop."""
        self._lussen = [asyncio.create_task(self._follow(taak), name=f"onderhoud-{taak.naam}") for taak in self._taken]

    async def stop(self) -> None:
        """Break off running turns and give their leases back, so that another node goes on at once."""
        for lus in self._lussen:
            lus.cancel()
        await asyncio.gather(*self._lussen, return_exceptions=True)
        self._lussen = []

    async def run(self, taak: Taak) -> bool:
        """Take a turn at a task when it is due and nobody has it; return whether that was so.

        Raises:
            Exception: what the task raised; the next turn comes after `elke_s`.
        """
        if not await self._opslag.read(is_due, taak.naam, taak.elke_s):
            return False
        token = uuid.uuid4().hex
        if not await self._opslag.write(take, taak.naam, token, taak.elke_s):
            return False
        beurt = Beurt(self._opslag, taak.naam, token)
        wachten_s = taak.elke_s
        try:
            await _alive(taak, beurt)
        except asyncio.CancelledError:
            wachten_s = 0.0  # it was not finished: the next node need not wait
            raise
        finally:
            await asyncio.shield(asyncio.ensure_future(self._opslag.write(end, taak.naam, token, wachten_s)))
        return True

    async def _follow(self, taak: Taak) -> None:
        while True:
            try:
                await self.run(taak)
            except OpslagGesloten:
                return
            except BeurtVerloren:
                _log.warning("beurt verloren", taak=taak.naam)
            except Exception as fout:  # noqa: BLE001 - the task is tried again; the place of the fault is logged
                _log.error("onderhoud mislukt", taak=taak.naam, **place(fout))
            await asyncio.sleep(min(taak.elke_s, _KIJK_S) * random.uniform(0.5, 1.5))  # noqa: S311 - spreads nodes


async def _alive(taak: Taak, beurt: Beurt) -> None:
    """Do the task while the lease is renewed; losing it ends the task."""
    werk = asyncio.ensure_future(taak.doe(beurt))
    hartslag = asyncio.ensure_future(beurt.keep())
    try:
        await asyncio.wait((werk, hartslag), return_when=asyncio.FIRST_COMPLETED)
        if werk.done():
            await werk
        else:
            await hartslag
    finally:
        for deel in (werk, hartslag):
            deel.cancel()
        await asyncio.gather(werk, hartslag, return_exceptions=True)


def _free(nu: int, elke_s: float) -> ColumnElement[bool]:
    """Say of a row that its task is due and not leased; a clock that was set back does not count as a wait."""
    return and_(
        or_(_rij.c.leased_until <= nu, _rij.c.leased_until > nu + 2 * LEASE_MS),
        or_(_rij.c.next_due <= nu, _rij.c.next_due > nu + 2 * elke_s * 1000),
    )


def is_due(conn: Connection, taak: str, elke_s: float) -> bool:
    """Say whether a turn can be taken now; only reads, so that looking often costs little."""
    rij = select(_free(now_ms(conn), elke_s)).where(_rij.c.taak == taak)
    return conn.execute(rij).scalar() is not False  # no row: nobody ever did it


def take(conn: Connection, taak: str, token: str, elke_s: float) -> bool:
    """Take the turn for `token`; False when another has it or had it just now."""
    nu = now_ms(conn)
    conn.execute(_INVOEGEN[conn.dialect.name](_rij).values(taak=taak).on_conflict_do_nothing())
    # A holder that froze in the middle of a transaction keeps the row locked; waiting for him would hold up others.
    vrij = select(_rij.c.taak).where(_rij.c.taak == taak, _free(nu, elke_s)).with_for_update(skip_locked=True)
    if conn.execute(vrij).first() is None:
        return False
    genomen = {"leased_until": nu + LEASE_MS, "lease_token": token}
    conn.execute(update(_rij).where(_rij.c.taak == taak).values(**genomen))
    return True


def end(conn: Connection, taak: str, token: str, wachten_s: float) -> bool:
    """End the turn; the next one is due after `wachten_s` seconds. False when it was not ours any more."""
    nu = now_ms(conn)
    einde = (
        update(_rij)
        .where(_rij.c.taak == taak, _rij.c.lease_token == token)
        .values(next_due=nu + round(wachten_s * 1000), leased_until=0, lease_token=null())
    )
    return conn.execute(einde).rowcount == 1


def _renew(conn: Connection, taak: str, token: str) -> None:
    """Make the lease last again from now; its row stays locked until the commit, so nobody takes over before it."""
    nu = now_ms(conn)
    langer = (
        update(_rij)
        .where(_rij.c.taak == taak, _rij.c.lease_token == token, _rij.c.leased_until > nu)
        .values(leased_until=nu + LEASE_MS)
    )
    if conn.execute(langer).rowcount != 1:
        raise BeurtVerloren(taak)
