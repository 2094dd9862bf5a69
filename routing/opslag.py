"""The durable log as the rest of the hub uses it: synchronous functions on a connection, behind an async face.

Writers commit in groups: what waits at the same moment goes into one transaction and one fsync, and a caller hears of
it only after that commit. A process has one writer: more of them only make smaller groups.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import operator
import queue
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from routing import breekpunt, lanemutaties, logboek, uitstel
from routing.databank import (
    OpslagFout,
    Schrijfbeurt,
    Slot,
    describe,
    is_blocked,
    is_lost,
    is_repeatable,
    is_unable,
    make_engine,
    parse_url,
)
from routing.klok import Klok, attach, now_ms

_log = structlog.get_logger(__name__)
_P = ParamSpec("_P")
_T = TypeVar("_T")
_R = TypeVar("_R")

ACHTERAAN: Final = "\U0010ffff"
"""Slot of an operation that takes lanes without waiting for them: it comes last in its group."""

_DRUK = 4
_ADEM_S = 0.02
"""After a group of `_DRUK` operations or more a writer lets others join for as long as that took, at most so long: a
transaction costs what its statements cost, whatever their number of rows. Who is alone waits for nobody."""
_HERKANSINGEN = 5
_KORT_MS, _KORTST_MS = 500, 20
"""How long the operations of a group that met a row which another holds wait for it, now one by one: together, and each
of those that come after that."""
_MIGRATIEGEDULD = "SET LOCAL lock_timeout = '5s'"  # for each table that has to change
_PEILING_S = 1.0


_MIGRATIESLOT = text("SELECT pg_advisory_xact_lock(7215640811)")  # any number, as long as all nodes use the same


class CommitOnzeker(OpslagFout):
    """The connection was lost during the commit: it is unknown whether it took place."""


class OpslagGesloten(OpslagFout):
    """The log was closed before the operation could be taken up."""


@dataclass(slots=True, eq=False)
class _Bewerking:
    """One operation on its way through a writer, and who waits for it."""

    fn: Callable[..., Any]
    args: tuple[Any, ...]
    slot: str
    loop: asyncio.AbstractEventLoop
    wachter: asyncio.Future[Any]
    samen: bool = False
    resultaat: Any = field(default=None)
    fout: BaseException | None = field(default=None)


class Opslag:
    """The durable log.

    Args:
        url: ``sqlite:///file`` or ``postgresql://...``.
        exclusief: hold the lock beside a SQLite file, as a serving hub must; a command that writes for a moment beside
            a running hub passes False and relies on SQLite's own waiting. No meaning for PostgreSQL.
        schrijvers: writer threads on PostgreSQL (SQLite has one); more than one is for tests, in which they meet.
        lezers: reader threads, each with a connection.
        groep: largest number of operations in one transaction.
        herstel_s: seconds during which a lost PostgreSQL is sought again before operations fail.
        klok: clock of this log; tests travel in time with it.

    Raises:
        OpslagFout: the URL is no good, or another process serves this SQLite file.
    """

    def __init__(
        self,
        url: str,
        *,
        exclusief: bool = True,
        samen: bool = False,
        schrijvers: int = 1,
        lezers: int = 4,
        groep: int = 64,
        herstel_s: float = 30.0,
        klok: Klok | None = None,
    ) -> None:
        adres = parse_url(url)
        sqlite = adres.get_backend_name() == "sqlite"
        self._slot = Slot(adres) if sqlite and exclusief else None
        self._beurt = Schrijfbeurt(adres) if sqlite and samen else None
        self._klok = klok or Klok()
        self._schrijfengine = make_engine(adres, schrijft=True)
        self._leesengine = make_engine(adres, schrijft=False, verbindingen=lezers)
        self._lezers = ThreadPoolExecutor(lezers, "opslag-lezer")
        self._rij: queue.SimpleQueue[_Bewerking | None] = queue.SimpleQueue()
        self._ingeleverd: deque[_Bewerking] = deque()
        self._lus: asyncio.AbstractEventLoop | None = None  # that will pass on what was handed in
        self._gesloten = False
        self._peilt = asyncio.Lock()
        self._peiling = (-math.inf, 0)  # our monotonic clock in s, that of the database in ms
        self._schrijvers = [
            _Schrijver(
                self._schrijfengine,
                self._rij,
                self._klok,
                groep=groep,
                herstel_s=herstel_s,
                beurt=self._beurt or contextlib.nullcontext(),
            )
            for _ in range(1 if sqlite else schrijvers)
        ]
        for schrijver in self._schrijvers:
            schrijver.start()

    async def write(self, fn: Callable[Concatenate[Connection, _P], _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run `fn(conn, ...)` in a transaction and return its result once it is durable.

        `fn` shares its transaction with others and may be run again, so it must have no effect outside the database.
        Cancelling the caller does not stop the operation.

        Raises:
            CommitOnzeker: it is unknown whether the operation took place.
            OpslagFout: the database is away or busy; the operation did not take place.
            Exception: what `fn` raised; the operation did not take place.
        """
        return await self._hand_in("", functools.partial(fn, **kwargs) if kwargs else fn, args)

    def write_together(
        self, fn: Callable[[Connection, list[_T]], Sequence[_R]], wat: _T, /, lane: str = ""
    ) -> asyncio.Future[_R]:
        """Do as `write`, for an operation that does the work of many at once.

        `fn` gets what all who wait at the same moment handed in, in that order, and returns as many results. Most of
        what an operation costs is the number of its statements. With `lane` it works on that lane, as in `write_lane`.
        It is handed in at once; who waits for the future may shield it, without a task.
        """
        return cast("asyncio.Future[_R]", self._hand_in(lane, fn, (wat,), samen=True))

    async def write_lane(
        self, lane: str, fn: Callable[Concatenate[Connection, _P], _T], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Do as `write`, for an operation that itself locks the row of `lane` (or, with `ACHTERAAN`, of any free one).

        A group locks the lanes of all its operations in one order, so that two writers never wait for each other.
        """
        return await self._hand_in(lane, functools.partial(fn, **kwargs) if kwargs else fn, args)

    def _hand_in(
        self, slot: str, fn: Callable[..., _T], args: tuple[Any, ...], *, samen: bool = False
    ) -> asyncio.Future[_T]:
        if self._gesloten:
            raise OpslagGesloten("De opslag is gesloten.")
        loop = asyncio.get_running_loop()
        wachter: asyncio.Future[_T] = loop.create_future()
        if not self._ingeleverd or self._lus is not loop:  # another one may have been closed before its turn came
            self._lus = loop
            loop.call_soon(self._pass_on)
        self._ingeleverd.append(_Bewerking(fn, args, slot, loop, wachter, samen))
        return wachter

    def _pass_on(self) -> None:
        """Give the writers what was handed in during one turn of the event loop, so that it shares a transaction."""
        with contextlib.suppress(IndexError):  # it is empty, perhaps because of another loop
            while True:
                self._rij.put(self._ingeleverd.popleft())

    def waiting(self) -> int:
        """Return how many operations wait for a writer: how far behind this node is."""
        return self._rij.qsize() + len(self._ingeleverd)

    async def read(self, fn: Callable[Concatenate[Connection, _P], _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run `fn(conn, ...)` on a connection that only reads, and return its result.

        Raises:
            OpslagFout: the database is away or busy.
            Exception: what `fn` raised.
        """
        if self._gesloten:
            raise OpslagGesloten("De opslag is gesloten.")
        lees = functools.partial(fn, **kwargs) if kwargs else fn
        return await asyncio.get_running_loop().run_in_executor(self._lezers, self._read, lees, args)

    async def moment(self) -> datetime:
        """Return the moment by the clock of the database, which is asked once a second; in between ours counts on.

        Raises:
            OpslagFout: the database is away or busy.
        """
        if time.monotonic() - self._peiling[0] > _PEILING_S:
            async with self._peilt:  # one asks, for all who want to know
                if time.monotonic() - self._peiling[0] > _PEILING_S:
                    gelezen = await self.read(now_ms) - self._klok.verschuiving_ms
                    self._peiling = time.monotonic(), gelezen  # never ahead of the database, however long reading took
        gepeild, gelezen = self._peiling
        verstreken_ms = (time.monotonic() - gepeild) * 1000
        return datetime.fromtimestamp((gelezen + verstreken_ms + self._klok.verschuiving_ms) / 1000, UTC)

    def _read(self, fn: Callable[..., _T], args: tuple[Any, ...]) -> _T:
        for herkansing in (True, False):
            try:
                with self._leesengine.connect() as conn:
                    attach(conn, self._klok)
                    return fn(conn, *args)
            except DBAPIError as fout:
                if is_lost(fout) and herkansing:
                    continue  # the pool kept a connection that died; reading twice does no harm
                if is_lost(fout) or isinstance(fout, OperationalError):
                    raise OpslagFout("De database is niet te lezen.") from fout
                raise
        raise AssertionError  # the loop always returns or raises

    async def close(self) -> None:
        """Finish what was handed in, then release the database. May be called twice."""
        if self._gesloten:
            return
        self._gesloten = True
        self._pass_on()
        for _ in self._schrijvers:
            self._rij.put(None)
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        for schrijver in self._schrijvers:
            schrijver.join()
        self._lezers.shutdown()
        self._schrijfengine.dispose()
        self._leesengine.dispose()
        if self._beurt is not None:
            self._beurt.close()
        if self._slot is not None:
            self._slot.release()


class _Schrijver(threading.Thread):
    """Takes what waits, runs it in one transaction, commits, and tells who waits."""

    def __init__(
        self,
        engine: Engine,
        rij: queue.SimpleQueue[_Bewerking | None],
        klok: Klok,
        *,
        groep: int,
        herstel_s: float,
        beurt: contextlib.AbstractContextManager[object],
    ) -> None:
        super().__init__(name="opslag-schrijver", daemon=True)
        self._beurt = beurt
        self._engine = engine
        self._rij = rij
        self._klok = klok
        self._groep = groep
        self._herstel_s = herstel_s
        self._conn: Connection | None = None

    def run(self) -> None:
        """Work until the end mark comes out of the queue."""
        open_ = True
        adem_s = 0.0
        while open_:
            groep: list[_Bewerking] = []
            bewerking = self._rij.get()
            if adem_s and self._rij.qsize() < self._groep:
                time.sleep(adem_s)
            with self._beurt:  # what comes in while it is awaited shares the transaction
                while bewerking is not None:
                    groep.append(bewerking)
                    if len(groep) == self._groep:
                        break
                    try:
                        bewerking = self._rij.get_nowait()
                    except queue.Empty:
                        break
                else:
                    open_ = False
                begin = time.monotonic()
                if groep:
                    self._perform(groep)
            _tell(groep)
            adem_s = min(time.monotonic() - begin, _ADEM_S) if len(groep) >= _DRUK else 0.0
        self._drop()

    def _perform(self, groep: list[_Bewerking], *, tot: float | None = None) -> None:
        """Run a group; when an operation fails, run all again one by one, so that only the guilty one fails."""
        try:
            self._transact(groep, tot=tot)
        except BaseException as fout:  # noqa: BLE001 - whatever an operation raises belongs to its caller, not to us
            if len(groep) == 1 or isinstance(fout, OpslagFout):
                for bewerking in groep:
                    bewerking.fout = fout
                return
            tot = time.monotonic() + _KORT_MS / 1000 if is_blocked(fout) else None
            for bewerking in groep:
                self._perform([bewerking], tot=tot)
                _tell([bewerking])  # the next one may have to wait

    def _transact(self, groep: list[_Bewerking], *, tot: float | None = None) -> None:
        """Run a group in one transaction; with `tot`, wait until that moment at most for what another holds.

        Raises:
            OpslagFout: the database is away or busy, or the outcome of the commit is unknown.
            Exception: what an operation raised; the transaction is rolled back.
        """
        uiterste = time.monotonic() + self._herstel_s
        for herkansing in range(_HERKANSINGEN + 1):
            conn = self._begin(uiterste)
            try:
                if tot is not None:
                    geduld_ms = max(int((tot - time.monotonic()) * 1000), _KORTST_MS)
                    conn.exec_driver_sql(f"SET LOCAL lock_timeout = {geduld_ms}")
                self._run(conn, groep)
            except BaseException as fout:
                self._roll_back(conn, fout)
                if is_lost(fout) and time.monotonic() < uiterste and herkansing < _HERKANSINGEN:
                    continue
                if is_repeatable(fout) and herkansing < _HERKANSINGEN:
                    time.sleep(random.uniform(0, 0.02 * 2**herkansing))  # noqa: S311 - spreads retries, hides nothing
                    continue
                if is_blocked(fout) and len(groep) == 1:
                    raise OpslagFout("Een ander houdt te lang bezet wat hiervoor nodig is.") from fout
                if is_lost(fout) or (is_unable(fout) and len(groep) == 1):
                    _log.error("database kan niet schrijven", fout=describe(fout))
                    raise OpslagFout("De database kan dit nu niet vastleggen.") from fout
                raise
            breekpunt.reach_commit("voor", conn)
            try:
                conn.commit()
            except Exception as fout:
                self._drop()
                raise CommitOnzeker("Het is onzeker of de database de wijziging heeft vastgelegd.") from fout
            breekpunt.reach_commit("na", conn)
            return

    def _begin(self, uiterste: float) -> Connection:
        """Return a connection with an open transaction, seeking a lost database until `uiterste`."""
        wachten = 0.05
        while True:
            try:
                if self._conn is None:
                    self._conn = self._engine.connect()
                self._conn.begin()
            except Exception as fout:
                self._drop()
                if self._engine.dialect.name == "sqlite" or time.monotonic() + wachten > uiterste:
                    _log.error("database onbereikbaar", fout=type(fout).__name__)
                    raise OpslagFout("De database is nu niet te beschrijven.") from fout
                time.sleep(wachten)
                wachten = min(2 * wachten, 2.0)
            else:
                return self._conn

    def _run(self, conn: Connection, groep: list[_Bewerking]) -> None:
        attach(conn, self._klok)
        breekpunt.begin(conn)
        uitstel.collect(conn)
        lanemutaties.collect(conn)
        logboek.collect(conn)
        op_volgorde = sorted(groep, key=operator.attrgetter("slot"))
        vrij = [bewerking for bewerking in op_volgorde if not bewerking.slot]
        _run_together(conn, [bewerking for bewerking in vrij if bewerking.samen])
        _run_each(conn, [bewerking for bewerking in vrij if not bewerking.samen])
        op_slot = [bewerking for bewerking in op_volgorde if "" < bewerking.slot < ACHTERAAN]
        lanemutaties.lock(conn, (bewerking.slot for bewerking in op_slot))
        lanemutaties.settle(conn)
        uitstel.settle(conn)
        _run_each(conn, [bewerking for bewerking in op_slot if not bewerking.samen])
        uitstel.settle(conn)
        _run_together(conn, [bewerking for bewerking in op_slot if bewerking.samen])
        _settle(conn)
        for bewerking in op_volgorde:
            if bewerking.slot == ACHTERAAN:  # it looks at what those before it left behind
                _run_each(conn, [bewerking])
                _settle(conn)

    def _roll_back(self, conn: Connection, fout: BaseException) -> None:
        try:
            conn.rollback()
        except Exception:  # noqa: BLE001 - a connection that cannot even roll back is of no use any more
            self._drop()
        if is_lost(fout):
            self._drop()

    def _drop(self) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            try:
                conn.close()
            except Exception:  # noqa: BLE001 - it was lost already
                _log.debug("verloren verbinding niet netjes gesloten")


def _run_together(conn: Connection, groep: list[_Bewerking]) -> None:
    per_fn: dict[Callable[..., Any], list[_Bewerking]] = {}
    for bewerking in groep:
        per_fn.setdefault(bewerking.fn, []).append(bewerking)
    for fn, deel in per_fn.items():
        resultaten = fn(conn, [bewerking.args[0] for bewerking in deel])
        for bewerking, resultaat in zip(deel, resultaten, strict=True):
            bewerking.resultaat = resultaat


def _run_each(conn: Connection, groep: list[_Bewerking]) -> None:
    vorige: Callable[..., Any] | None = None
    for bewerking in groep:
        if bewerking.fn != vorige:
            uitstel.settle(conn)
        vorige = bewerking.fn
        bewerking.resultaat = bewerking.fn(conn, *bewerking.args)


def _settle(conn: Connection) -> None:
    uitstel.settle(conn)
    logboek.settle(conn)
    lanemutaties.settle(conn)


def _tell(groep: list[_Bewerking]) -> None:
    """Hand results to those who wait, with one wake-up per event loop."""
    per_loop: dict[asyncio.AbstractEventLoop, list[_Bewerking]] = {}
    for bewerking in groep:
        per_loop.setdefault(bewerking.loop, []).append(bewerking)
    for loop, deel in per_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, deel)
        except RuntimeError:
            _log.debug("niemand wacht meer op de uitkomst", aantal=len(deel))  # the loop is closed


def _resolve(groep: list[_Bewerking]) -> None:
    for bewerking in groep:
        if bewerking.wachter.done():
            continue  # the caller was cancelled; the operation stands
        if bewerking.fout is not None:
            bewerking.wachter.set_exception(bewerking.fout)
        else:
            bewerking.wachter.set_result(bewerking.resultaat)


def upgrade(url: str) -> None:
    """Bring the tables up to the newest revision; safe when several nodes start at the same moment.

    Raises:
        OpslagFout: the database is away, holds tables of a newer knooppunt, is served by another process while it has
            to be changed (SQLite), or another session holds on to a table that has to be changed (PostgreSQL).
    """
    adres = parse_url(url)
    config = Config()
    config.set_main_option("script_location", "routing:migraties")
    nieuwste = ScriptDirectory.from_config(config).get_current_head()
    engine = make_engine(adres, schrijft=True)
    slot: Slot | None = None
    try:
        with engine.connect() as conn:
            if MigrationContext.configure(conn).get_current_revision() == nieuwste:
                return
        slot = Slot(adres) if engine.dialect.name == "sqlite" else None
        with engine.begin() as conn:
            if slot is None:
                conn.exec_driver_sql("SET LOCAL lock_timeout = 0")  # who migrates now takes as long as he needs
                conn.execute(_MIGRATIESLOT)
                conn.exec_driver_sql(_MIGRATIEGEDULD)
            config.attributes["connection"] = conn
            command.upgrade(config, "head")
    except CommandError as fout:
        raise OpslagFout("De database is van een nieuwere versie van het knooppunt.") from fout
    except OperationalError as fout:
        if is_repeatable(fout) or is_blocked(fout):
            raise OpslagFout(
                "Een ander (een knooppunt, een back-up, een open sessie) houdt een tabel bezet die moet veranderen. "
                "Er is niets veranderd; probeer het opnieuw."
            ) from fout
        raise OpslagFout("De database is niet te openen; klopt de URL en draait de database?") from fout
    finally:
        if slot is not None:
            slot.release()
        engine.dispose()
