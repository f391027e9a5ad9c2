"""The tables of the history, for SQLite and PostgreSQL alike. Changed only together with a migration (see migrations/)."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

REVISION = "3"  # the last step of migrations/
_KEY = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts in INTEGER PRIMARY KEY columns only
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

runs = Table(
    "runs",
    metadata,
    Column("id", _KEY, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("baseline", String(80), nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("started_at", Float, nullable=False, index=True),
    Column("finished_at", Float),  # NULL: under way, or broken off
    Column("targets", Integer, nullable=False),
    Column("folder", Text, nullable=False),  # where documents and evidence are; empty when they are not kept
    Column("partial", Boolean, nullable=False, server_default=false()),  # asked only some hosts of its inventory
)
hosts = Table("hosts", metadata, Column("id", _KEY, primary_key=True), Column("name", Text, nullable=False, unique=True))
checks = Table("checks", metadata, Column("id", _KEY, primary_key=True), Column("name", String(80), nullable=False, unique=True))
versions = Table(
    "versions", metadata, Column("id", _KEY, primary_key=True), Column("digest", String(64), nullable=False, unique=True)
)
assessments = Table(
    "assessments",
    metadata,
    Column("id", _KEY, primary_key=True),
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("host_id", ForeignKey("hosts.id"), nullable=False),
    Column("started_at", Float, nullable=False),
    Column("finished_at", Float, nullable=False),
    Column("unreachable", Text, nullable=False),  # why; empty when the host was reached
    Column("counts", Text, nullable=False),  # outcomes with their numbers, as JSON
    Column("bundle_sha256", String(64), nullable=False),
    UniqueConstraint("run_id", "host_id"),
    Index("ix_assessments_host", "host_id", "run_id"),
    Index("ix_assessments_bundle", "bundle_sha256", "run_id"),
)
states = Table(
    "states",
    metadata,
    Column("id", _KEY, primary_key=True),
    Column("host_id", ForeignKey("hosts.id"), nullable=False),
    Column("baseline", String(80), nullable=False),  # several may be scanned by turns, and none removes the checks of another
    Column("check_id", ForeignKey("checks.id"), nullable=False),
    Column("subject", Text, nullable=False),  # empty when it is the host itself
    Column("outcome", String(16), nullable=False),  # `removed` when the check is asked no more
    Column("disposition", String(16), nullable=False),
    Column("fingerprint", String(16), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("version_id", ForeignKey("versions.id"), nullable=False),
    Column("first_seen", Float, nullable=False),
    Column("since", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("reopened", Integer, nullable=False),
    Column("mended", Boolean, nullable=False),
    Column("moves", Integer, nullable=False, server_default="0"),  # how many transitions it has
    UniqueConstraint("host_id", "baseline", "check_id", "subject"),
    Index("ix_states_outcome", "outcome", "baseline", "host_id"),
)
transitions = Table(
    "transitions",
    metadata,
    Column("state_id", ForeignKey("states.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # of a state's transitions in their order, from 0
    Column("run_id", _KEY, nullable=False, index=True),  # no foreign key: a run that retention dropped leaves its changes
    Column("at", Float, nullable=False, index=True),
    Column("outcome", String(16), nullable=False),
    Column("disposition", String(16), nullable=False),
    Column("fingerprint", String(16), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("version_id", _KEY, nullable=False),
    sqlite_with_rowid=False,  # what became of a state lies together, and indexes have its number and that of the transition
)
