"""What a history on a server lets its user do, and what a question about it tells of that."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import make_url

from secscan.errors import HistoryError
from secscan.history.schema import inspect_database
from secscan.history.store import History


@pytest.fixture
def granted(postgresql: str) -> Iterator[tuple[str, str, psycopg.Connection[tuple[object, ...]]]]:
    """An empty database for its owner and for somebody who may nothing yet, and the owner's connection to it."""
    folder, name = postgresql.rpartition("host=")[2], f"secscan_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(host=folder, user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload] # a name of our own making
        connection.execute(f"CREATE ROLE {name} LOGIN")  # type: ignore[call-overload] # as above
    owners = postgresql.format(name=name)
    theirs = make_url(owners).set(username=name).render_as_string(hide_password=False)
    with psycopg.connect(host=folder, user="postgres", dbname=name, autocommit=True) as connection:
        yield owners, theirs, connection
        connection.execute(f"DROP OWNED BY {name}")  # type: ignore[call-overload] # as above
        connection.execute(f"DROP ROLE {name}")  # type: ignore[call-overload] # as above


def test_a_user_who_may_make_no_tables_is_told_before_the_first_run(granted):
    owners, theirs, connection = granted
    connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    assert inspect_database(theirs) == "missing", "for a question"
    assert [inspect_database(url, to_write=True) for url in (owners, theirs)] == ["missing", "refused"]
    with pytest.raises(HistoryError, match="permission denied"):
        History(theirs)
    connection.execute(f"GRANT CREATE ON SCHEMA public TO {make_url(theirs).username}")
    assert inspect_database(theirs, to_write=True) == "missing"


def test_a_user_who_may_only_read_the_tables_is_told(granted):
    owners, theirs, connection = granted
    History(owners).close()
    connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {make_url(theirs).username}")
    assert inspect_database(theirs) == "current", "for a question"
    assert [inspect_database(url, to_write=True) for url in (owners, theirs)] == ["current", "refused"]
    connection.execute(f"GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {make_url(theirs).username}")
    assert inspect_database(theirs, to_write=True) == "current"
