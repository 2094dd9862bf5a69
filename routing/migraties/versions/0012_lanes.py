"""Lanes that stay as fast while PostgreSQL cannot clean up: a lease is found by its token, a head by its number.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lane", sa.Column("head", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.execute(
        "UPDATE lane SET head = coalesce("
        "(SELECT min(seq) FROM aflevering WHERE aflevering.lane = lane.naam AND aflevering.open), tail)"
    )
    geleased = sa.text("lease_token IS NOT NULL")
    op.create_index("ix_lane_lease_token", "lane", ["lease_token"], sqlite_where=geleased, postgresql_where=geleased)
