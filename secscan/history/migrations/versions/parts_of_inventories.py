"""Runs over a part of an inventory are told apart; changes are found by their moment, and faster by what they changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """What was remembered before counts as whole: nothing says otherwise."""
    op.add_column("runs", sa.Column("partial", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index("ix_transitions_at", "transitions", ["at", "state_id"])
    op.drop_index("ix_transitions_state", "transitions")
    op.create_index("ix_transitions_state", "transitions", ["state_id", "id", "run_id"])
