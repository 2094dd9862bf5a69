"""Whether an attempt at delivery may have reached its ontvanger, which the number of attempts does not say.

What older releases attempted keeps NULL, and is read as they read it.

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("aflevering", sa.Column("mogelijk_aangekomen", sa.Boolean))
