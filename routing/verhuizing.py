"""Moving everything from one database to another, SQLite to PostgreSQL or back: all of it, checked, or nothing.

The source is locked against writing while it is read, and the target is filled in one transaction that is committed
only when every table holds the same rows on both sides. What breaks off leaves the source as it was and the target
without rows; it is done again from the start. The source is never changed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from alembic.runtime.migration import MigrationContext
from sqlalchemy import URL, Connection, Table, func, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from routing import schema
from routing.databank import OpslagFout, Slot, make_engine, parse_url
from routing.opslag import upgrade

_RIJEN: Final = 500
_RIJEN_MET_INHOUD: Final = 8  # a payload may be 25 MiB
_RUIMTE: Final = 1 << 256
_ANDEREN = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND application_name = 'knooppunt'"
)
_KIJKEN: Final = 20
_TUSSENDOOR_S: Final = 0.1  # a session that has just been closed is still seen for a moment

Voortgang = Callable[[str, int, int], None]
"""Is told how far it is: table, rows done, rows in all."""


class VerhuizingGeweigerd(Exception):
    """The move did not take place; no row was changed. The text says in Dutch why."""


@dataclass(frozen=True, slots=True)
class Tabelstand:
    """What a table holds: how many rows, and a digest of all of them that does not depend on their order."""

    tabel: str
    rijen: int
    digest: str


def move(van: str, naar: str, meld: Voortgang) -> tuple[Tabelstand, ...]:
    """Move everything from `van` to `naar`.

    Args:
        van: URL of the source, which nobody may use meanwhile.
        naar: URL of the target, without tables or with empty ones; it gets the tables of this release.
        meld: is told how far it is.

    Returns:
        What both databases hold now, per table.

    Raises:
        VerhuizingGeweigerd: it may not or cannot be done; no row was changed.
        OpslagFout: a database cannot be used, or is in use by a hub on SQLite.
    """
    bron, doel = parse_url(van), parse_url(naar)
    if bron.set(username=None, password=None) == doel.set(username=None, password=None):
        raise VerhuizingGeweigerd("Bron en doel zijn dezelfde database.")
    if bron.get_backend_name() == "sqlite" and not Path(bron.database or "").is_file():
        raise VerhuizingGeweigerd(f"De bron {bron.database} bestaat niet.")
    try:
        with ExitStack() as stapel:
            uit = _open(stapel, bron, "De bron")
            revisie = _revision(uit)
            _check_unused(doel)
            upgrade(naar)
            erin = _open(stapel, doel, "Het doel")
            if revisie != _revision(erin):
                raise VerhuizingGeweigerd(
                    f"De tabellen van de bron zijn van een andere versie ({revisie or 'geen'}); doe daar eerst "
                    "`knooppunt db upgrade`, of verhuis met de versie van het knooppunt die erbij hoort."
                )
            _check_empty(erin)
            standen = tuple(_copy(uit, erin, tabel, meld) for tabel in schema.metadata.sorted_tables)
            _set_sequences(erin)
            erin.commit()
    except OperationalError as fout:
        raise OpslagFout("Een van de databases is niet te gebruiken; kloppen de URL's, en draait de server?") from fout
    except DBAPIError as fout:
        raise VerhuizingGeweigerd(
            f"Het overzetten brak af ({type(fout.orig).__name__}); er is niets gewijzigd."
        ) from fout
    return standen


def _check_unused(doel: URL) -> None:
    """Refuse a target that is in use or holds rows while its tables are still as they were.

    What was seen here is looked at again behind the lock that the move takes; `upgrade` cannot run behind it.
    """
    if doel.get_backend_name() == "sqlite" and not Path(doel.database or "").is_file():
        return
    with ExitStack() as stapel:
        _check_empty(_open(stapel, doel, "Het doel"))


def _check_empty(conn: Connection) -> None:
    for tabel in _tables(conn):
        if _count(conn, tabel):
            raise VerhuizingGeweigerd(f"Het doel is niet leeg: in tabel {tabel.name} staan al rijen.")


def _tables(conn: Connection) -> list[Table]:
    """Return our tables that a database has; of an older release it has fewer."""
    staan = set(inspect(conn).get_table_names())
    return [tabel for tabel in schema.metadata.sorted_tables if tabel.name in staan]


def _open(stapel: ExitStack, adres: URL, wie: str) -> Connection:
    """Connect to a database that is to be ours alone, and see to it that it stays so while the connection is open."""
    if adres.get_backend_name() == "sqlite":
        stapel.callback(Slot(adres).release)
    conn = stapel.enter_context(_connection(adres))
    if conn.dialect.name == "postgresql":
        # One side waits while the other is read; that may take longer than a node may be silent.
        conn.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        _be_alone(conn, wie)
        if tabellen := ", ".join(tabel.name for tabel in _tables(conn)):
            conn.execute(text(f"LOCK TABLE {tabellen} IN SHARE ROW EXCLUSIVE MODE"))
    return conn


@contextmanager
def _connection(adres: URL) -> Iterator[Connection]:
    engine = make_engine(adres, schrijft=True)
    try:
        with engine.connect() as conn:  # SQLite takes its write lock with the first statement
            yield conn
    finally:
        engine.dispose()


def _be_alone(conn: Connection, wie: str) -> None:
    for _ in range(_KIJKEN):
        if not conn.execute(_ANDEREN).scalar_one():
            return
        time.sleep(_TUSSENDOOR_S)
    raise VerhuizingGeweigerd(f"{wie} is in gebruik door een knooppunt; stop alle nodes eerst.")


def _revision(conn: Connection) -> str | None:
    return MigrationContext.configure(conn).get_current_revision()


def _count(conn: Connection, tabel: Table) -> int:
    return conn.execute(select(func.count()).select_from(tabel)).scalar_one()


def _copy(uit: Connection, erin: Connection, tabel: Table, meld: Voortgang) -> Tabelstand:
    """Copy one table and read it back; both sides must hold the same."""
    totaal, gedaan, som = _count(uit, tabel), 0, 0
    meld(tabel.name, 0, totaal)
    with closing(_read(uit, tabel)) as groepen:
        for rijen in groepen:
            som = (som + sum(map(_digest, rijen))) % _RUIMTE
            erin.execute(insert(tabel), [dict(zip(tabel.c.keys(), rij, strict=True)) for rij in rijen])
            gedaan += len(rijen)
            meld(tabel.name, gedaan, totaal)
    terug, teruggelezen = 0, 0
    for rijen in _read(erin, tabel):
        terug = (terug + sum(map(_digest, rijen))) % _RUIMTE
        teruggelezen += len(rijen)
    if (gedaan, som) != (teruggelezen, terug) or gedaan != totaal:
        raise VerhuizingGeweigerd(
            f"Tabel {tabel.name} kwam niet gelijk over: {gedaan} rijen gelezen, {teruggelezen} teruggelezen. Er is "
            "niets gewijzigd."
        )
    return Tabelstand(tabel.name, gedaan, f"{som:064x}")


def _read(conn: Connection, tabel: Table) -> Generator[list[tuple[Any, ...]], None, None]:
    groep = _RIJEN_MET_INHOUD if tabel is schema.payload else _RIJEN
    with conn.execute(select(tabel), execution_options={"yield_per": groep}) as gelezen:
        for deel in gelezen.partitions():
            yield [tuple(rij) for rij in deel]


def _digest(rij: tuple[Any, ...]) -> int:
    """Return a number that stands for a row, whatever database it was read from."""
    som = hashlib.sha256()
    for waarde in rij:
        inhoud = b"" if waarde is None else bytes(waarde) if isinstance(waarde, bytes | memoryview) else _text(waarde)
        soort = "n" if waarde is None else "b" if isinstance(waarde, bytes | memoryview) else "t"
        som.update(f"{soort}{len(inhoud)}:".encode())
        som.update(inhoud)
    return int.from_bytes(som.digest(), "big")


def _text(waarde: str | int) -> bytes:
    return (waarde if isinstance(waarde, str) else str(int(waarde))).encode()


def _set_sequences(conn: Connection) -> None:
    """Let PostgreSQL go on numbering after the highest number; SQLite does so by itself."""
    if conn.dialect.name != "postgresql":
        return
    for tabel in schema.metadata.sorted_tables:
        if (kolom := tabel.autoincrement_column) is not None:
            reeks = func.pg_get_serial_sequence(tabel.name, kolom.name)
            conn.execute(select(func.setval(reeks, func.coalesce(func.max(kolom), 1), func.max(kolom).is_not(None))))
