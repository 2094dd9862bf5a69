"""The whole delivery engine: maintenance on one node, breaker, pause, quarantine, width and rate, retention.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
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
    op.add_column("aansluiting", sa.Column("max_gelijktijdig", sa.Integer, nullable=False, server_default=sa.text("1")))
    op.add_column("aansluiting", sa.Column("per_minuut", sa.Integer))
    op.add_column("lane", sa.Column("breed", sa.Boolean, nullable=False, server_default=sa.text("false")))
    op.add_column("lane", sa.Column("breaker_since", sa.BigInteger))
    op.add_column("lane", sa.Column("breaker_reason", sa.Text))
    op.add_column("lane", sa.Column("paused_at", sa.BigInteger))
    op.add_column("aflevering", sa.Column("offered", sa.Boolean, nullable=False, server_default=sa.text("false")))
    op.add_column("aflevering", sa.Column("quarantaine_op", sa.BigInteger))
    gezet = sa.text("quarantaine_op IS NOT NULL")
    op.create_index(
        "ix_aflevering_quarantaine_op",
        "aflevering",
        ["quarantaine_op"],
        sqlite_where=gezet,
        postgresql_where=gezet,
    )
    op.add_column("payload", sa.Column("ontvangen_op", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.execute(
        "UPDATE payload SET ontvangen_op = (SELECT ontvangen_op FROM bericht WHERE bericht.id = payload.bericht_id)"
    )
    op.create_index("ix_payload_ontvangen_op", "payload", ["ontvangen_op", "bericht_id"])
