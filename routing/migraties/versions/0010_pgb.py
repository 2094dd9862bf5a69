"""The dates on which gemeenten go from the SVB to the PGB 2.0 system of VWS.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pgb_overstap",
        sa.Column("gemeente", sa.Text, nullable=False),
        sa.Column("datum", sa.Text, nullable=False),
        sa.Column("tkb_tot", sa.Text),
        sa.PrimaryKeyConstraint("gemeente", name="pk_pgb_overstap"),
    )
