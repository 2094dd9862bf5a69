"""Whether the tables are those of this release."""

from __future__ import annotations

from functools import cache

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def is_current(conn: Connection) -> bool:
    """Say whether the database has exactly the newest revision that this release knows."""
    return MigrationContext.configure(conn).get_current_revision() == _newest()


@cache
def _newest() -> str | None:
    config = Config()
    config.set_main_option("script_location", "routing:migraties")
    return ScriptDirectory.from_config(config).get_current_head()
