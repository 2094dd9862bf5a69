"""The calendar of releases that an operator imports, and the berichten that wait for a release to open.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_RIJNUMMER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "releasemoment",
        sa.Column("partij", sa.Text, nullable=False),
        sa.Column("standaard", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("moment", sa.Text, nullable=False),
        sa.Column("tijd", sa.BigInteger),
        sa.PrimaryKeyConstraint("partij", "standaard", "release", "moment", name="pk_releasemoment"),
    )
    op.create_table(
        "aangehouden",
        sa.Column("id", _RIJNUMMER, nullable=False, autoincrement=True),
        sa.Column("bericht_id", sa.Text, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("kanaal", sa.Text, nullable=False),
        sa.Column("partij", sa.Text, nullable=False),
        sa.Column("standaard", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("stroom", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_aangehouden"),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name="fk_aangehouden_bericht_id"),
        sa.UniqueConstraint("bericht_id", name="uq_aangehouden_bericht_id"),
    )
    op.create_index("ix_aangehouden_lane", "aangehouden", ["lane", "id"])
    op.create_index(
        "ix_aangehouden_wacht", "aangehouden", ["lane", "partij", "standaard", "release", "stroom", "kanaal"]
    )
