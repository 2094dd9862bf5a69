"""Rules across berichten: how far a partij wants its berichten checked, and which berichten touch the same case.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_RIJNUMMER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("aansluiting", sa.Column("regelniveau", sa.Integer, nullable=False, server_default=sa.text("1")))
    op.create_table(
        "dossier",
        sa.Column("id", _RIJNUMMER, nullable=False, autoincrement=True),
        sa.Column("bericht_id", sa.Text, nullable=False),
        sa.Column("sleutel_id", sa.Text, nullable=False),
        sa.Column("soort", sa.Text, nullable=False),
        sa.Column("kenmerk", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dossier"),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name="fk_dossier_bericht_id"),
    )
    op.create_index("ix_dossier_kenmerk", "dossier", ["kenmerk"])
    op.create_index("ix_dossier_bericht_id", "dossier", ["bericht_id", "soort"])
