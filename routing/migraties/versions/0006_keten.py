"""Chain watch: which berichten hang together, and which of them may still wait for an answer.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_RIJNUMMER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_OPEN = sa.text("open")
_OVER = sa.text("over IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "ketenschakel",
        sa.Column("id", _RIJNUMMER, nullable=False, autoincrement=True),
        sa.Column("bericht_id", sa.Text, nullable=False),
        sa.Column("soort", sa.Text, nullable=False),
        sa.Column("kenmerk", sa.LargeBinary, nullable=False),
        sa.Column("rol", sa.Text, nullable=False),
        sa.Column("over", sa.Text),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("moment", sa.BigInteger, nullable=False),
        sa.Column("zender", sa.Text, nullable=False),
        sa.Column("ontvanger", sa.Text, nullable=False),
        sa.Column("dagtekening", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_ketenschakel"),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name="fk_ketenschakel_bericht_id"),
    )
    op.create_index("ix_ketenschakel_kenmerk", "ketenschakel", ["kenmerk"])
    op.create_index("ix_ketenschakel_bericht_id", "ketenschakel", ["bericht_id"])
    op.create_index("ix_ketenschakel_over", "ketenschakel", ["over"], sqlite_where=_OVER, postgresql_where=_OVER)
    for kolom in ("moment", "zender", "ontvanger"):
        op.create_index(
            f"ix_ketenschakel_open_{kolom}",
            "ketenschakel",
            [kolom, "id"],
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        )
