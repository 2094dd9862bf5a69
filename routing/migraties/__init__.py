"""The tables, step by step: Alembic revisions, run by `routing.opslag.upgrade`."""
