"""Connections to SQLite and PostgreSQL with the settings that durability asks for."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InternalError, OperationalError

from routing import klok

_SQLITE = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # NORMAL may lose the last commits when the power fails
    "PRAGMA busy_timeout=30000",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",  # what a statement may have to undo would otherwise stand in /var/tmp
    "PRAGMA journal_size_limit=67108864",  # a few large payloads do not leave a large WAL for ever
)
_GEHEUGEN = "PRAGMA cache_size=-16384"
"""For the writer: 16 MiB, so that the indexes it goes through for each bericht are not read again and again."""
_VOORBEREID = 512
"""Statements that a connection to SQLite keeps prepared: `routing.invoeging` has one for each number of rows."""
GEDULD_MS = 2000
"""How long a statement waits on PostgreSQL for a row that another holds, in ms: all of its process wait behind it."""
STILTE_MS = 10_000
"""How long a node may say nothing inside a transaction on PostgreSQL before its session is ended, in ms."""
_POSTGRES = {
    "application_name": "knooppunt",
    "connect_timeout": "10",
    # A dead peer shows within a minute.
    "keepalives_idle": "20",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    # A node that freezes inside a transaction would hold its locks for as long as it is frozen, and stop all others.
    "options": f"-c lock_timeout={GEDULD_MS} -c synchronous_commit=on"
    f" -c idle_in_transaction_session_timeout={STILTE_MS}",
}
_OP_INDEX = " -c enable_seqscan=off -c jit=off"
"""For writers, whose statements all have an index. PostgreSQL keeps plans as long as a session lasts, those of foreign
keys too: made while a table was empty they read all of it for each row, until somebody looks how large it became."""
_BEEINDIG = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND usename = current_user"
    " AND application_name = current_setting('application_name')"
    " AND wait_event = 'ClientRead' AND xact_start IS NOT NULL"
    " AND state_change < clock_timestamp()"
    " - make_interval(secs => CASE state WHEN 'active' THEN :verzending ELSE :stilte END)"
)
_SLOT_BEZET = "55P03"  # lock timeout
_ALLEEN_LEZEN = "25006"  # the server became a standby under us
_HERHAALBAAR = frozenset({"40001", "40P01"})  # serialization failure, deadlock


class OpslagFout(Exception):
    """The database could not do what was asked; the message says in Dutch why. Nothing was acknowledged."""


def parse_url(url: str) -> URL:
    """Read a database URL.

    Raises:
        OpslagFout: not a SQLite file or a PostgreSQL database.
    """
    try:
        adres = make_url(url)
    except ArgumentError as fout:
        raise OpslagFout(
            "De database-URL is niet leesbaar; verwacht sqlite:///pad/naar/bestand of postgresql://..."
        ) from fout
    soort = adres.get_backend_name()
    if soort == "postgresql":
        return adres.set(drivername="postgresql+psycopg")
    if soort != "sqlite":
        raise OpslagFout(f"Een database van soort {soort!r} kan niet; kies sqlite of postgresql.")
    if adres.database in (None, "", ":memory:") or str(adres.database).startswith("file:"):
        raise OpslagFout("Een SQLite-database moet een bestand zijn: sqlite:///pad/naar/bestand.")
    return adres


def make_engine(adres: URL, *, schrijft: bool, verbindingen: int = 1) -> Engine:
    """Make an engine for writers (transactions that lock at their start) or for readers.

    Args:
        adres: from `parse_url`.
        schrijft: True for writers; their connections are kept by who opened them, without a pool.
        verbindingen: size of the pool of readers.
    """
    pool: dict[str, Any] = {"poolclass": NullPool} if schrijft else {"pool_size": verbindingen, "max_overflow": 0}
    pool["hide_parameters"] = True  # the text of a database fault ends up in a log; values from berichten may not
    if adres.get_backend_name() == "postgresql":
        opties = {} if schrijft else {"execution_options": {"postgresql_readonly": True}}
        engine = create_engine(adres.update_query_dict(_settings(adres, schrijft=schrijft)), **pool, **opties)
        if schrijft:
            event.listen(engine, "connect", _begin_nothing)
            event.listen(engine, "begin", klok.begin)
        return engine
    engine = create_engine(adres, connect_args={"cached_statements": _VOORBEREID}, **pool)

    @event.listens_for(engine, "connect")
    def prepare(dbapi: Any, _record: object) -> None:
        dbapi.isolation_level = None  # the driver must not begin transactions by itself: see below
        for pragma in _SQLITE:
            dbapi.execute(pragma)
        dbapi.execute(_GEHEUGEN if schrijft else "PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        conn.exec_driver_sql("BEGIN IMMEDIATE" if schrijft else "BEGIN")

    return engine


def _begin_nothing(dbapi: Any, _record: object) -> None:
    """Keep the driver from beginning transactions by itself, for which it goes to the database and back."""
    dbapi.autocommit = True


def _settings(adres: URL, *, schrijft: bool) -> dict[str, str]:
    """Return ours that the URL does not give; what it sets in a session comes behind ours, since the last one wins."""
    opties = _POSTGRES["options"] + (_OP_INDEX if schrijft else "")
    eigen = adres.normalized_query.get("options", ())
    ons = {naam: waarde for naam, waarde in _POSTGRES.items() if naam not in adres.query}
    return ons | {"options": " ".join((opties, *eigen))}


def end_silent(conn: Connection, verzending_ms: int, stilte_ms: int = STILTE_MS) -> int:
    """End the sessions of this hub on PostgreSQL in which a node fell silent halfway through a transaction.

    `idle_in_transaction_session_timeout` does so between two statements. It does not while PostgreSQL waits for the
    rest of what a node began to send, a payload or the rows of one statement, nor after those rows: the driver sends a
    Flush behind them, and with any message the timeout is off until the answer to a next statement. PostgreSQL then
    waits without end, and every other node for the locks. What such a session did is rolled back.

    Args:
        conn: connection to PostgreSQL, with the role and the application name that the nodes share.
        verzending_ms: how long a node may take to send one statement, in ms: a large payload takes a while.
        stilte_ms: how long a session may do nothing between statements, in ms.

    Returns:
        How many sessions were ended.
    """
    grenzen = {"verzending": verzending_ms / 1000, "stilte": stilte_ms / 1000}
    return int(conn.execute(_BEEINDIG, grenzen).scalar_one())


def is_lost(fout: BaseException) -> bool:
    """Say whether the connection is gone, or leads to a server that no longer writes."""
    return isinstance(fout, DBAPIError) and (fout.connection_invalidated or _sqlstate(fout) == _ALLEEN_LEZEN)


def is_repeatable(fout: BaseException) -> bool:
    """Say whether the transaction was refused only because of others, so that a new try at once may succeed."""
    return _sqlstate(fout) in _HERHAALBAAR


def is_unable(fout: BaseException) -> bool:
    """Say whether the database could not do it now: full, out of memory, cancelled, at odds with others.

    On SQLite that cannot be told from a statement that is wrong.
    """
    return isinstance(fout, (OperationalError, InternalError))


def is_blocked(fout: BaseException) -> bool:
    """Say whether the transaction was refused because another held on to a row for too long."""
    return _sqlstate(fout) == _SLOT_BEZET


def describe(fout: BaseException) -> str:
    """Name what a database says was wrong, without the values it names."""
    bron: object = fout.orig if isinstance(fout, DBAPIError) else fout
    return str(getattr(bron, "sqlite_errorname", type(bron).__name__))


def _sqlstate(fout: BaseException) -> str | None:
    """Return what PostgreSQL says was wrong, None for any other fault."""
    return getattr(fout.orig, "sqlstate", None) if isinstance(fout, DBAPIError) else None


class Schrijfbeurt:
    """The turn to write in a SQLite file, for the processes of one node.

    SQLite itself lets who comes second look again and again, with ever longer pauses. Here he waits in the operating
    system, which passes the turn on when its holder ends, however he ends. Writing without a turn does no harm: SQLite
    keeps writers apart. So a turn that cannot be had is done without.
    """

    def __init__(self, adres: URL) -> None:
        try:
            self._bestand = os.open(f"{adres.database}.beurt", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            self._bestand = -1

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):
            fcntl.flock(self._bestand, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            fcntl.flock(self._bestand, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file."""
        if self._bestand >= 0:
            os.close(self._bestand)


class Slot:
    """Lock beside a SQLite file: one serving node at a time, whose foreman holds it when it has several processes.

    The operating system frees it when the process ends, however it ends.

    Raises:
        OpslagFout: another process holds it, or the folder cannot be written.
    """

    def __init__(self, adres: URL) -> None:
        pad = Path(f"{adres.database}.slot")
        try:
            self._bestand = os.open(pad, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as fout:
            raise OpslagFout(f"In de map van de database is niet te schrijven: {pad.parent}") from fout
        try:
            fcntl.flock(self._bestand, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fout:
            wie = os.pread(self._bestand, 20, 0).decode("ascii", "replace").strip() or "onbekend"
            os.close(self._bestand)
            raise OpslagFout(
                f"De database {adres.database} is al in gebruik door een ander knooppunt (proces {wie}). "
                "Stop dat eerst, of gebruik PostgreSQL voor meer dan één knooppunt."
            ) from fout
        os.ftruncate(self._bestand, 0)
        os.pwrite(self._bestand, str(os.getpid()).encode("ascii"), 0)

    def release(self) -> None:
        """Give the database free."""
        os.close(self._bestand)
