"""Let the hub answer for a partij that has no software of its own.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "aansluiting", sa.Column("antwoordt_hub", sa.Boolean, nullable=False, server_default=sa.text("false"))
    )
