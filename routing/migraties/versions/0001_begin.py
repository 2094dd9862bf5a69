"""The first tables: register, log and delivery.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_RIJNUMMER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _register()
    _log()
    _delivery()


def _register() -> None:
    op.create_table(
        "partij",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("soort", sa.Text, nullable=False),
        sa.Column("naam", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_partij"),
    )
    op.create_table(
        "aansluiting",
        sa.Column("partij", sa.Text, nullable=False),
        sa.Column("kanaal", sa.Text, nullable=False),
        sa.Column("protocol", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("fout_generatie", sa.Text, nullable=False, server_default=sa.text("'B'")),
        sa.PrimaryKeyConstraint("partij", name="pk_aansluiting"),
        sa.ForeignKeyConstraint(["partij"], ["partij.code"], name="fk_aansluiting_partij"),
        sa.CheckConstraint("kanaal <> 'push' OR url IS NOT NULL", name="ck_aansluiting_push_heeft_url"),
    )
    op.create_table(
        "identiteit",
        sa.Column("partij", sa.Text, nullable=False),
        sa.Column("kenmerk", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("partij", "kenmerk", name="pk_identiteit"),
        sa.ForeignKeyConstraint(["partij"], ["aansluiting.partij"], name="fk_identiteit_partij"),
    )
    op.create_table(
        "machtiging",
        sa.Column("partij", sa.Text, nullable=False),
        sa.Column("richting", sa.Text, nullable=False),
        sa.Column("berichtsoort", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("partij", "richting", "berichtsoort", name="pk_machtiging"),
        sa.ForeignKeyConstraint(["partij"], ["partij.code"], name="fk_machtiging_partij"),
    )
    op.create_table(
        "register_versie",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("versie", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_register_versie"),
    )


def _log() -> None:
    op.create_table(
        "bericht",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("zender", sa.Text, nullable=False),
        sa.Column("ontvanger", sa.Text, nullable=False),
        sa.Column("berichtcode", sa.Text, nullable=False),
        sa.Column("functie", sa.Text),
        sa.Column("referentienummer", sa.Text, nullable=False),
        sa.Column("cross_ref", sa.Text),
        sa.Column("conversatie", sa.Text, nullable=False),
        sa.Column("geldend", sa.Boolean, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("status_op", sa.BigInteger, nullable=False),
        sa.Column("ontvangen_op", sa.BigInteger, nullable=False),
        sa.Column("kanaal", sa.Text, nullable=False),
        sa.Column("envelop", sa.Text, nullable=False),
        sa.Column("envelop_digest", sa.Text, nullable=False),
        sa.Column("payload_digest", sa.Text, nullable=False),
        sa.Column("payload_grootte", sa.BigInteger, nullable=False),
        sa.Column("ontvangst_referentie", sa.Text, nullable=False),
        sa.Column("ontvangst_tijdstip", sa.Text, nullable=False),
        sa.Column("fout_code", sa.Text),
        sa.Column("fout_melder", sa.Text),
        sa.Column("fout_omschrijving", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_bericht"),
    )
    op.create_index(
        "uq_bericht_zender_referentienummer",
        "bericht",
        ["zender", "referentienummer"],
        unique=True,
        sqlite_where=sa.text("geldend"),
        postgresql_where=sa.text("geldend"),
    )
    for kolom in ("referentienummer", "conversatie", "cross_ref", "ontvangen_op"):
        op.create_index(f"ix_bericht_{kolom}", "bericht", [kolom])
    op.create_table(
        "payload",
        sa.Column("bericht_id", sa.Text, nullable=False),
        sa.Column("sleutel_id", sa.Text, nullable=False),
        sa.Column("datasleutel", sa.LargeBinary, nullable=False),
        sa.Column("inhoud", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("bericht_id", name="pk_payload"),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name="fk_payload_bericht_id"),
    )
    op.create_table(
        "gebeurtenis",
        sa.Column("id", _RIJNUMMER, nullable=False, autoincrement=True),
        sa.Column("bericht_id", sa.Text, nullable=False),
        sa.Column("moment", sa.BigInteger, nullable=False),
        sa.Column("soort", sa.Text, nullable=False),
        sa.Column("status", sa.Text),
        sa.Column("toelichting", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gebeurtenis"),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name="fk_gebeurtenis_bericht_id"),
    )
    op.create_index("ix_gebeurtenis_bericht_id", "gebeurtenis", ["bericht_id", "id"])


def _delivery() -> None:
    op.create_table(
        "lane",
        sa.Column("naam", sa.Text, nullable=False),
        sa.Column("kanaal", sa.Text, nullable=False),
        sa.Column("pending", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("tail", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("next_due", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("leased_until", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("lease_token", sa.Text),
        sa.Column("turn", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("paused_by", sa.Text),
        sa.Column("paused_reason", sa.Text),
        sa.Column("paused_until", sa.BigInteger),
        sa.PrimaryKeyConstraint("naam", name="pk_lane"),
    )
    _partial("ix_lane_claim", "lane", ["turn", "next_due"], "pending > 0 AND kanaal = 'push'")
    _partial("ix_lane_turn", "lane", ["turn"], "turn > 0")
    op.create_table(
        "aflevering",
        sa.Column("id", _RIJNUMMER, nullable=False, autoincrement=True),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("bericht_id", sa.Text, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("crashes", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("done_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_aflevering"),
        sa.ForeignKeyConstraint(["lane"], ["lane.naam"], name="fk_aflevering_lane"),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name="fk_aflevering_bericht_id"),
        sa.UniqueConstraint("lane", "seq", name="uq_aflevering_lane"),
    )
    _partial("ix_aflevering_open", "aflevering", ["lane", "seq"], "open")
    op.create_index("ix_aflevering_bericht_id", "aflevering", ["bericht_id"])
    _partial("ix_aflevering_expires_at", "aflevering", ["expires_at"], "open")


def _partial(naam: str, tabel: str, kolommen: list[str], waar: str) -> None:
    op.create_index(naam, tabel, kolommen, sqlite_where=sa.text(waar), postgresql_where=sa.text(waar))
