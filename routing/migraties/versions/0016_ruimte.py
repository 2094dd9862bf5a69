"""Room beside each bericht on PostgreSQL, so that its changes of status leave the indexes alone.

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE bericht SET (fillfactor = 70)")  # of pages that are new: nothing is rewritten
