"""Old code on new tables: what a release wrote before an upgrade of the tables, it can write after it.

That is what lets old and new nodes run side by side while a cluster is upgraded (docs/cluster.md). Each revision is
tried against the one before it: a row with the old columns only must still fit.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from routing.databank import make_engine, parse_url


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "routing:migraties")
    return config


REVISIES = [r.revision for r in reversed(list(ScriptDirectory.from_config(_config()).walk_revisions()))]
Rij = Mapping[str, object]


def _bring_to(engine: sa.Engine, revisie: str) -> None:
    config = _config()
    with engine.begin() as conn:
        config.attributes["connection"] = conn
        command.upgrade(config, revisie)


def _row(tabel: sa.Table) -> Rij:
    """A row in which every text is the same, so that each reference between tables leads somewhere."""
    rij: dict[str, object] = {}
    for kolom in tabel.columns:
        if isinstance(kolom.type, sa.Boolean):
            rij[kolom.name] = True
        elif isinstance(kolom.type, sa.Integer):
            rij[kolom.name] = 1
        else:
            rij[kolom.name] = b"x" if isinstance(kolom.type, sa.LargeBinary) else "x"
    return rij


def _fits(conn: sa.Connection, tabel: sa.Table) -> bool:
    try:
        with conn.begin_nested():
            conn.execute(tabel.insert().values(_row(tabel)))
    except sa.exc.IntegrityError:
        return False
    return True


@pytest.mark.parametrize(("oud", "nieuw"), list(itertools.pairwise(REVISIES)))
def test_what_old_code_writes_fits_the_new_tables(lege_database_url: str, oud: str, nieuw: str):
    engine = make_engine(parse_url(lege_database_url), schrijft=True)
    _bring_to(engine, oud)
    tabellen = sa.MetaData()
    tabellen.reflect(engine)
    namen = [t.name for t in tabellen.sorted_tables if t.name != "alembic_version"]
    with engine.connect() as conn:  # rolled back: only to know which of these rows fitted before
        passend = {naam for naam in namen if _fits(conn, tabellen.tables[naam])}
        conn.rollback()
    assert {"partij", "bericht", "payload", "gebeurtenis", "lane", "aflevering"} <= passend
    _bring_to(engine, nieuw)
    with engine.connect() as conn:
        geweigerd = {naam for naam in namen if naam in passend and not _fits(conn, tabellen.tables[naam])}
        gelezen = {naam for naam in passend if conn.execute(sa.select(tabellen.tables[naam])).first() is not None}
    engine.dispose()
    assert (geweigerd, gelezen) == (set(), passend)
