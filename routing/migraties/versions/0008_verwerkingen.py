"""The processing log: lines about data subjects, and who asked for what reason; and lookups with their answers.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_RIJNUMMER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_ALLEEN_TOEVOEGEN = ("verwerking", "verantwoording")


def upgrade() -> None:
    op.create_table(
        "verwerking",
        sa.Column("id", _RIJNUMMER, nullable=False, autoincrement=True),
        sa.Column("trace_id", sa.Text, nullable=False),
        sa.Column("operation_id", sa.Text, nullable=False),
        sa.Column("parent_operation_id", sa.Text),
        sa.Column("foreign_trace_id", sa.Text),
        sa.Column("foreign_operation_id", sa.Text),
        sa.Column("foreign_entity", sa.Text),
        sa.Column("status_code", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("start_time", sa.BigInteger, nullable=False),
        sa.Column("end_time", sa.BigInteger, nullable=False),
        sa.Column("processing_activity_id", sa.Text, nullable=False),
        sa.Column("sleutel_id", sa.Text),
        sa.Column("data_subject_id", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_verwerking"),
        sa.UniqueConstraint("operation_id", name="uq_verwerking_operation_id"),
    )
    op.create_index("ix_verwerking_data_subject_id", "verwerking", ["data_subject_id"])
    op.create_index("ix_verwerking_end_time", "verwerking", ["end_time"])
    op.create_table(
        "verantwoording",
        sa.Column("id", _RIJNUMMER, nullable=False, autoincrement=True),
        sa.Column("trace_id", sa.Text, nullable=False),
        sa.Column("operation_id", sa.Text, nullable=False),
        sa.Column("moment", sa.BigInteger, nullable=False),
        sa.Column("partij", sa.Text, nullable=False),
        sa.Column("identiteit", sa.Text, nullable=False),
        sa.Column("persoon", sa.Text),
        sa.Column("kanaal", sa.Text, nullable=False),
        sa.Column("dienst", sa.Text, nullable=False),
        sa.Column("wet", sa.Text, nullable=False),
        sa.Column("doel", sa.Text, nullable=False),
        sa.Column("zaakkenmerk", sa.Text, nullable=False),
        sa.Column("reden", sa.Text, nullable=False),
        sa.Column("besluit", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_verantwoording"),
        sa.UniqueConstraint("trace_id", name="uq_verantwoording_trace_id"),
    )
    op.create_index("ix_verantwoording_moment", "verantwoording", ["moment"])
    op.create_index("ix_verantwoording_partij", "verantwoording", ["partij", "moment"])
    _forbid_changes()
    op.create_table(
        "opvraging",
        sa.Column("id", _RIJNUMMER, nullable=False, autoincrement=True),
        sa.Column("partij", sa.Text, nullable=False),
        sa.Column("dienst", sa.Text, nullable=False),
        sa.Column("vraag_id", sa.Text, nullable=False),
        sa.Column("vraag_sleutel", sa.Text, nullable=False),
        sa.Column("vraag_kenmerk", sa.LargeBinary, nullable=False),
        sa.Column("trace_id", sa.Text, nullable=False),
        sa.Column("begonnen_op", sa.BigInteger, nullable=False),
        sa.Column("uitkomst", sa.Text),
        sa.Column("sleutel_id", sa.Text),
        sa.Column("datasleutel", sa.LargeBinary),
        sa.Column("inhoud", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_opvraging"),
        sa.UniqueConstraint("partij", "dienst", "vraag_id", name="uq_opvraging_partij"),
    )
    op.create_index("ix_opvraging_partij", "opvraging", ["partij", "dienst", "begonnen_op"])
    op.create_index("ix_opvraging_begonnen_op", "opvraging", ["begonnen_op"])
    _create_batches()


def _create_batches() -> None:
    op.create_table(
        "batch",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("partij", sa.Text, nullable=False),
        sa.Column("dienst", sa.Text, nullable=False),
        sa.Column("kenmerk", sa.LargeBinary, nullable=False),
        sa.Column("trace_id", sa.Text, nullable=False),
        sa.Column("operation_id", sa.Text, nullable=False),
        sa.Column("begonnen_op", sa.BigInteger, nullable=False),
        sa.Column("gelezen", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_batch"),
        sa.UniqueConstraint("partij", "dienst", "kenmerk", name="uq_batch_partij"),
    )
    op.create_index("ix_batch_begonnen_op", "batch", ["begonnen_op"])
    op.create_table(
        "batchvraag",
        sa.Column("batch_id", sa.Text, nullable=False),
        sa.Column("kenmerk", sa.LargeBinary, nullable=False),
        sa.Column("klaar", sa.Boolean, nullable=False),
        sa.Column("sleutel_id", sa.Text, nullable=False),
        sa.Column("datasleutel", sa.LargeBinary, nullable=False),
        sa.Column("inhoud", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "kenmerk", name="pk_batchvraag"),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_batchvraag_batch_id"),
    )
    nog_open = sa.text("NOT klaar")
    op.create_index(
        "ix_batchvraag_open",
        "batchvraag",
        ["batch_id", "kenmerk"],
        sqlite_where=nog_open,
        postgresql_where=nog_open,
    )
    op.create_table(
        "batchregel",
        sa.Column("batch_id", sa.Text, nullable=False),
        sa.Column("nummer", sa.Integer, nullable=False),
        sa.Column("vraag", sa.LargeBinary),
        sa.Column("sleutel_id", sa.Text, nullable=False),
        sa.Column("datasleutel", sa.LargeBinary, nullable=False),
        sa.Column("inhoud", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "nummer", name="pk_batchregel"),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_batchregel_batch_id"),
    )


def _forbid_changes() -> None:
    """Let the database itself refuse to change a line."""
    if op.get_bind().dialect.name == "sqlite":
        for tabel in _ALLEEN_TOEVOEGEN:
            op.execute(
                f"CREATE TRIGGER {tabel}_onveranderlijk BEFORE UPDATE ON {tabel} "
                "BEGIN SELECT RAISE(ABORT, 'een logregel verandert niet'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION logregel_onveranderlijk() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'een logregel verandert niet'; END $$"
    )
    for tabel in _ALLEEN_TOEVOEGEN:
        op.execute(
            f"CREATE TRIGGER {tabel}_onveranderlijk BEFORE UPDATE ON {tabel} "
            "FOR EACH ROW EXECUTE FUNCTION logregel_onveranderlijk()"
        )
