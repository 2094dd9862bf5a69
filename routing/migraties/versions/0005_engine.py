"""Let periodic tasks run on one node at a time.

Revision ID: 0005
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "onderhoud",
        sa.Column("taak", sa.Text, nullable=False),
        sa.Column("next_due", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("leased_until", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("lease_token", sa.Text),
        sa.PrimaryKeyConstraint("taak", name="pk_onderhoud"),
    )
