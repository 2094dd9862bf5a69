"""Operations: incidents, the outbox of notifications, resending in bulk, and what a partij may hand in per minute.

Revision ID: 0007
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_RIJNUMMER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _partial(index: str, tabel: str, kolommen: list[str], waar: str, *, unique: bool = False) -> None:
    voorwaarde = sa.text(waar)
    op.create_index(index, tabel, kolommen, unique=unique, sqlite_where=voorwaarde, postgresql_where=voorwaarde)


def upgrade() -> None:
    op.add_column("aansluiting", sa.Column("quota_berichten", sa.Integer))
    op.add_column("aansluiting", sa.Column("quota_mib", sa.Integer))
    op.create_table(
        "incident",
        sa.Column("id", _RIJNUMMER, nullable=False, autoincrement=True),
        sa.Column("kenmerk", sa.Text, nullable=False),
        sa.Column("oorzaak", sa.Text, nullable=False),
        sa.Column("onderwerp", sa.Text, nullable=False),
        sa.Column("feiten", sa.Text, nullable=False),
        sa.Column("geopend_op", sa.BigInteger, nullable=False),
        sa.Column("gesloten_op", sa.BigInteger),
        sa.Column("gesloten_omdat", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_incident"),
    )
    _partial("uq_incident_open", "incident", ["oorzaak", "onderwerp"], "gesloten_op IS NULL", unique=True)
    op.create_index("ix_incident_geopend_op", "incident", ["geopend_op"])
    op.create_table(
        "notificatie",
        sa.Column("id", _RIJNUMMER, nullable=False, autoincrement=True),
        sa.Column("bestemming", sa.Text, nullable=False),
        sa.Column("kenmerk", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("gemaakt_op", sa.BigInteger, nullable=False),
        sa.Column("next_due", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("klaar_op", sa.BigInteger),
        sa.Column("uitkomst", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_notificatie"),
        sa.UniqueConstraint("bestemming", "kenmerk", name="uq_notificatie_bestemming"),
    )
    _partial("ix_notificatie_wachtend", "notificatie", ["bestemming", "id"], "klaar_op IS NULL")
    op.create_index("ix_notificatie_klaar_op", "notificatie", ["klaar_op"])
    op.create_table(
        "herzending",
        sa.Column("id", _RIJNUMMER, nullable=False, autoincrement=True),
        sa.Column("selectie", sa.Text, nullable=False),
        sa.Column("toestand", sa.Text, nullable=False),
        sa.Column("per_minuut", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("next_due", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("gemaakt_op", sa.BigInteger, nullable=False),
        sa.Column("gemaakt_door", sa.Text, nullable=False),
        sa.Column("gewijzigd_op", sa.BigInteger, nullable=False),
        sa.Column("gewijzigd_door", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_herzending"),
    )
    op.create_table(
        "herzending_bericht",
        sa.Column("herzending_id", sa.BigInteger, nullable=False),
        sa.Column("volgnummer", sa.BigInteger, nullable=False),
        sa.Column("bericht_id", sa.Text, nullable=False),
        sa.Column("aflevering_id", sa.BigInteger, nullable=False),
        sa.Column("gedaan_op", sa.BigInteger),
        sa.Column("reden", sa.Text),
        sa.PrimaryKeyConstraint("herzending_id", "volgnummer", name="pk_herzending_bericht"),
        sa.UniqueConstraint("herzending_id", "bericht_id", name="uq_herzending_bericht_herzending_id"),
        sa.ForeignKeyConstraint(["herzending_id"], ["herzending.id"], name="fk_herzending_bericht_herzending_id"),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name="fk_herzending_bericht_bericht_id"),
    )
    _partial(
        "ix_herzending_bericht_wachtend", "herzending_bericht", ["herzending_id", "volgnummer"], "gedaan_op IS NULL"
    )
    op.create_index("ix_herzending_bericht_bericht_id", "herzending_bericht", ["bericht_id"])
