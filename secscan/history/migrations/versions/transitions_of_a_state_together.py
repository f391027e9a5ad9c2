"""What became of a state lies together and in its order, so that runs far apart are compared by a few pages; more is indexed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "3"
down_revision = "2"
_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_COUNT = sa.text("UPDATE states SET moves = (SELECT count(*) FROM transitions WHERE transitions.state_id = states.id)")
_COPY = sa.text("""
    INSERT INTO numbered (state_id, number, run_id, at, outcome, disposition, fingerprint, severity, version_id)
    SELECT state_id, row_number() OVER (PARTITION BY state_id ORDER BY id) - 1,
        run_id, at, outcome, disposition, fingerprint, severity, version_id
    FROM transitions ORDER BY state_id, id
    """)
_NUMBER = sa.text("""
    UPDATE transitions SET number = counted.number
    FROM (SELECT id, row_number() OVER (PARTITION BY state_id ORDER BY id) - 1 AS number FROM transitions) AS counted
    WHERE counted.id = transitions.id
    """)


def upgrade() -> None:
    """Transitions are numbered for each state, and a state knows how many it has."""
    op.add_column("states", sa.Column("moves", sa.Integer, nullable=False, server_default="0"))
    op.execute(_COUNT)
    if op.get_bind().dialect.name == "sqlite":
        _make_anew()
    else:
        _change()
    op.create_index("ix_transitions_run_id", "transitions", ["run_id"])
    op.create_index("ix_transitions_at", "transitions", ["at"])
    op.drop_index("ix_states_outcome", "states")
    op.create_index("ix_states_outcome", "states", ["outcome", "baseline", "host_id"])
    op.create_index("ix_assessments_host", "assessments", ["host_id", "run_id"])
    op.create_index("ix_assessments_bundle", "assessments", ["bundle_sha256", "run_id"])


def _make_anew() -> None:
    """SQLite cannot change what a table is ordered by."""
    op.create_table(
        "numbered",
        sa.Column("state_id", _KEY, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("run_id", _KEY, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("disposition", sa.String(16), nullable=False),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("version_id", _KEY, nullable=False),
        sa.PrimaryKeyConstraint("state_id", "number", name="pk_transitions"),
        sa.ForeignKeyConstraint(["state_id"], ["states.id"], name="fk_transitions_state_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.execute(_COPY)
    op.drop_table("transitions")
    op.rename_table("numbered", "transitions")


def _change() -> None:
    for index in ("ix_transitions_run_id", "ix_transitions_at", "ix_transitions_state"):
        op.drop_index(index, "transitions")
    op.add_column("transitions", sa.Column("number", sa.Integer, nullable=False, server_default="0"))
    op.execute(_NUMBER)
    op.drop_constraint("pk_transitions", "transitions")
    op.drop_column("transitions", "id")
    op.create_primary_key("pk_transitions", "transitions", ["state_id", "number"])
    op.alter_column("transitions", "number", server_default=None)
