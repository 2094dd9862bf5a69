"""Whether this release can work with the tables as they are."""

from __future__ import annotations

from functools import cache

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def fits(conn: Connection) -> bool:
    """Say whether the tables have what this release needs.

    They have when they are at the newest revision it knows, and also at one it does not know: that is of a newer
    release, and a release only adds to what the one before it uses (docs/cluster.md, "Upgrading while running"). Tables
    without a revision, or with an older one, have not.
    """
    stand = MigrationContext.configure(conn).get_current_revision()
    nieuwste, bekend = _revisions()
    return stand is not None and (stand == nieuwste or stand not in bekend)


@cache
def _revisions() -> tuple[str | None, frozenset[str]]:
    config = Config()
    config.set_main_option("script_location", "routing:migraties")
    map_ = ScriptDirectory.from_config(config)
    return map_.get_current_head(), frozenset(revisie.revision for revisie in map_.walk_revisions())
