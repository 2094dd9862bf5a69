"""Wlz: the copy of the register, and apart from it the lists of clients with their signals.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_RIJNUMMER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "wlz_ronde",
        sa.Column("id", _RIJNUMMER, nullable=False, autoincrement=True),
        sa.Column("begonnen_op", sa.BigInteger, nullable=False),
        sa.Column("klaar_op", sa.BigInteger),
        sa.Column("sleutel_id", sa.Text, nullable=False),
        sa.Column("indicaties", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("id", name="pk_wlz_ronde"),
    )
    op.create_table(
        "wlz_indicatie",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("ronde", sa.BigInteger, nullable=False),
        sa.Column("kenmerk", sa.LargeBinary, nullable=False),
        *_seal(),
        sa.PrimaryKeyConstraint("id", name="pk_wlz_indicatie"),
        sa.ForeignKeyConstraint(["ronde"], ["wlz_ronde.id"], name="fk_wlz_indicatie_ronde"),
    )
    op.create_index("ix_wlz_indicatie_kenmerk", "wlz_indicatie", ["ronde", "kenmerk"])
    op.create_table(
        "wlz_client",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("gemeente", sa.Text, nullable=False),
        sa.Column("kenmerk", sa.LargeBinary, nullable=False),
        sa.Column("referentie", sa.LargeBinary, nullable=False),
        *_seal(),
        sa.Column("toegevoegd_op", sa.BigInteger, nullable=False),
        sa.Column("ronde", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("id", name="pk_wlz_client"),
        sa.UniqueConstraint("gemeente", "kenmerk", name="uq_wlz_client_gemeente"),
        sa.UniqueConstraint("gemeente", "referentie", name="uq_wlz_client_referentie"),
    )
    op.create_index("ix_wlz_client_ronde", "wlz_client", ["ronde", "id"])
    op.create_table(
        "wlz_gevolgd",
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("indicatie", sa.LargeBinary, nullable=False),
        sa.Column("loopt", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("client_id", "indicatie", name="pk_wlz_gevolgd"),
        sa.ForeignKeyConstraint(["client_id"], ["wlz_client.id"], name="fk_wlz_gevolgd_client_id"),
    )
    op.create_table(
        "wlz_signaal",
        sa.Column("id", _RIJNUMMER, nullable=False, autoincrement=True),
        sa.Column("gemeente", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("kenmerk", sa.Text, nullable=False),
        sa.Column("gemaakt_op", sa.BigInteger, nullable=False),
        *_seal(),
        sa.PrimaryKeyConstraint("id", name="pk_wlz_signaal"),
        sa.UniqueConstraint("kenmerk", name="uq_wlz_signaal_kenmerk"),
        sa.ForeignKeyConstraint(["client_id"], ["wlz_client.id"], name="fk_wlz_signaal_client_id"),
    )
    op.create_index("ix_wlz_signaal_gemeente", "wlz_signaal", ["gemeente", "id"])
    op.create_index("ix_wlz_signaal_client_id", "wlz_signaal", ["client_id"])
    op.create_index("ix_wlz_signaal_gemaakt_op", "wlz_signaal", ["gemaakt_op"])


def _seal() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("sleutel_id", sa.Text, nullable=False),
        sa.Column("datasleutel", sa.LargeBinary, nullable=False),
        sa.Column("inhoud", sa.LargeBinary, nullable=False),
    )
