"""Databases with the tables already in them: the migrations run once, and each test gets a copy.

What a test does with its database is the same; only the thousandth run of the same migrations is saved. A test of the
migrations themselves asks for `leeg_postgres_url`, or a file of its own, and upgrades it.
"""

from __future__ import annotations

import functools
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

from routing.databank import parse_url
from routing.opslag import upgrade


@functools.cache
def _made() -> tempfile.TemporaryDirectory[str]:
    map_ = tempfile.TemporaryDirectory(prefix="knooppunt-sjabloon-")
    upgrade(f"sqlite:///{Path(map_.name) / 'sjabloon.db'}")
    return map_  # removed when the process ends


def make_tables(url: str) -> None:
    """Do what `routing.opslag.upgrade` does; a SQLite file that is not there yet is copied."""
    doel = parse_url(url)
    if doel.get_backend_name() == "sqlite" and doel.database and not Path(doel.database).exists():
        shutil.copyfile(Path(_made().name) / "sjabloon.db", doel.database)
    else:
        upgrade(url)


@contextmanager
def template(server: URL) -> Iterator[str]:
    """Name of a database on this server that has the tables; it lives as long as the block."""
    with database(server) as url:
        upgrade(url.render_as_string(hide_password=False))
        yield str(url.database)


@contextmanager
def database(server: URL, sjabloon: str = "template1") -> Iterator[URL]:
    """A database of its own on this server, copied from another."""
    naam = f"t_{uuid.uuid4().hex}"
    beheer = create_engine(server, isolation_level="AUTOCOMMIT")
    with beheer.connect() as conn:
        conn.execute(text(f"CREATE DATABASE {naam} TEMPLATE {sjabloon}"))
    try:
        yield server.set(database=naam)
    finally:
        with beheer.connect() as conn:
            conn.execute(text(f"DROP DATABASE {naam} WITH (FORCE)"))
        beheer.dispose()
