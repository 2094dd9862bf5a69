"""Batches with limits: when the next portion may be asked, and how many BSNs the register did not know.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for naam, soort in (("geteld", sa.Integer), ("onbekend", sa.Integer), ("verder_op", sa.BigInteger)):
        op.add_column("batch", sa.Column(naam, soort, nullable=False, server_default=sa.text("0")))
