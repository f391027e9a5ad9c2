"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None
_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Runs, hosts, checks and their versions; assessments; the state of every check and each change of it."""
    op.create_table(
        "runs",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("baseline", sa.String(80), nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("started_at", sa.Float, nullable=False),
        sa.Column("finished_at", sa.Float),
        sa.Column("targets", sa.Integer, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint("name", name="uq_runs_name"),
    )
    op.create_index("ix_runs_started_at", "runs", ["started_at"])
    for table, length in (("hosts", None), ("checks", 80)):
        op.create_table(
            table,
            sa.Column("id", _KEY, nullable=False),
            sa.Column("name", sa.String(length) if length else sa.Text, nullable=False),
            sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
            sa.UniqueConstraint("name", name=f"uq_{table}_name"),
        )
    op.create_table(
        "versions",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_versions"),
        sa.UniqueConstraint("digest", name="uq_versions_digest"),
    )
    op.create_table(
        "assessments",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("run_id", _KEY, nullable=False),
        sa.Column("host_id", _KEY, nullable=False),
        sa.Column("started_at", sa.Float, nullable=False),
        sa.Column("finished_at", sa.Float, nullable=False),
        sa.Column("unreachable", sa.Text, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("bundle_sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_assessments"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_assessments_run_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["host_id"], ["hosts.id"], name="fk_assessments_host_id"),
        sa.UniqueConstraint("run_id", "host_id", name="uq_assessments_run_id"),
    )
    op.create_table(
        "states",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("host_id", _KEY, nullable=False),
        sa.Column("baseline", sa.String(80), nullable=False),
        sa.Column("check_id", _KEY, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("disposition", sa.String(16), nullable=False),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("version_id", _KEY, nullable=False),
        sa.Column("first_seen", sa.Float, nullable=False),
        sa.Column("since", sa.Float, nullable=False),
        sa.Column("changed_at", sa.Float, nullable=False),
        sa.Column("reopened", sa.Integer, nullable=False),
        sa.Column("mended", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_states"),
        sa.ForeignKeyConstraint(["host_id"], ["hosts.id"], name="fk_states_host_id"),
        sa.ForeignKeyConstraint(["check_id"], ["checks.id"], name="fk_states_check_id"),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_states_version_id"),
        sa.UniqueConstraint("host_id", "baseline", "check_id", "subject", name="uq_states_host_id"),
    )
    op.create_index("ix_states_outcome", "states", ["outcome"])
    op.create_table(
        "transitions",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("state_id", _KEY, nullable=False),
        sa.Column("run_id", _KEY, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("disposition", sa.String(16), nullable=False),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("version_id", _KEY, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_transitions"),
        sa.ForeignKeyConstraint(["state_id"], ["states.id"], name="fk_transitions_state_id", ondelete="CASCADE"),
    )
    op.create_index("ix_transitions_run_id", "transitions", ["run_id"])
    op.create_index("ix_transitions_state", "transitions", ["state_id", "id"])
