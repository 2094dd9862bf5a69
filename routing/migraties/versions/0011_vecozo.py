"""Follow what VECOZO took over to pass on, and let an aansluiting have a WSDL.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("aansluiting", sa.Column("wsdl", sa.Text))
    op.create_table(
        "doorgifte",
        sa.Column("bericht_id", sa.Text, nullable=False),
        sa.Column("stand", sa.Text),
        sa.Column("gevraagd", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("next_due", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("bericht_id", name="pk_doorgifte"),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name="fk_doorgifte_bericht_id"),
    )
    op.create_index("ix_doorgifte_next_due", "doorgifte", ["next_due"])
