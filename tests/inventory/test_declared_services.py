"""Services and backup repositories of an inventory, and every way to declare them wrongly."""

from __future__ import annotations

import math

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from secscan.errors import InputError
from secscan.inventory import read_inventory
from secscan.inventory.schema import inventory_schema
from secscan.inventory.services import find_circles
from secscan.model.service import DataSet, Repository, Service

WHOLE = """\
sites: [{id: geneva}, {id: valencia}]
hosts:
  - {name: db1, site: geneva}
  - {name: vault, site: valencia}
repositories:
  - {id: far, host: vault, path: /srv/restic/erp, tool: restic, immutable: true}
  - {id: pg, host: db1, path: main repo1, tool: pgbackrest, site: valencia, immutable: 14d}
services:
  - {name: directory, owner: Chief of identity, criticality: high, rpo: 24h, rto: 4h}
  - name: erp
    owner: Chief of finance systems
    criticality: critical
    rpo: 4h
    rto: 1h30m
    sites: [geneva]
    depends_on: [directory]
    data_sets:
      - {id: ledger, host: db1, database: main, backups: [pg]}
      - {id: files, host: db1, paths: [/srv/erp, /etc], backups: [far]}
"""


@pytest.fixture
def read(tmp_path):
    def read(text: str):
        path = tmp_path / "inventory.yml"
        path.write_text(text)
        return read_inventory(path)

    return read


def problems(read, text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(InputError) as caught:
        read(text)
    return [(problem.line, problem.column, problem.message) for problem in caught.value.problems]


def test_services_and_repositories_are_read_as_they_are_declared(read):
    inventory = read(WHOLE)
    assert inventory.repositories == (
        Repository("far", "vault", "/srv/restic/erp", "restic", "valencia", math.inf),
        Repository("pg", "db1", "main repo1", "pgbackrest", "valencia", 14 * 86400.0, placed=True),
    )
    ledger = DataSet("ledger", "db1", database="main", backups=("pg",))
    files = DataSet("files", "db1", ("/srv/erp", "/etc"), backups=("far",))
    assert inventory.services == (
        Service("directory", "Chief of identity", "high", 86400.0, 14400.0),
        Service("erp", "Chief of finance systems", "critical", 14400.0, 5400.0, (ledger, files), ("directory",), ("geneva",)),
    )


def test_the_schema_accepts_what_the_reader_accepts():
    jsonschema.Draft202012Validator(inventory_schema()).validate(yaml.safe_load(WHOLE))


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("host: vault, path", "host: volt, path", 6, "unknown host 'volt' (did you mean 'vault'?)"),
        ("database: main, backups: [pg]", "database: main, backups: [pq]", 17, "unknown repository 'pq'"),
        ("id: ledger, host: db1", "id: ledger, host: db2", 17, "unknown host 'db2' (did you mean 'db1'?)"),
        ("    rpo: 4h\n", "", 10, "service 'erp' has no 'rpo'"),
        ("    rto: 1h30m\n", "", 10, "service 'erp' has no 'rto'"),
        ("    owner: Chief of finance systems\n", "", 10, "service 'erp' has no 'owner'"),
        ("    rpo: 4h\n", "    rpo: soon\n", 13, "'soon' is not an objective"),
        ("    rpo: 4h\n", "    rpo: 0s\n", 13, "'0s' is not an objective"),
        ("depends_on: [directory]", "depends_on: [direktory]", 16, "unknown service 'direktory' (did you mean 'directory'?)"),
        ("    sites: [geneva]", "    sites: [genf]", 15, "unknown site 'genf'"),
        ("database: main,", "database: main, paths: [/x],", 18, "either 'paths' or a 'database'"),
        ("paths: [/srv/erp, /etc]", "paths: [srv/erp]", 19, "path 'srv/erp' is refused"),
        ("tool: restic", "tool: resting", 6, "unknown tool 'resting' (did you mean 'restic'?)"),
        ("id: files", "id: ledger", 19, "duplicate data set 'ledger'"),
        ("id: pg", "id: far", 7, "duplicate repository 'far'"),
        ("name: erp", "name: directory", 10, "duplicate service 'directory'"),
        ("immutable: true", "immutable: maybe", 6, "'maybe' is not an objective"),
    ],
)
def test_a_wrong_declaration_is_told_at_its_place(read, old, new, line, message):
    assert old in WHOLE
    told = problems(read, WHOLE.replace(old, new))
    assert any(message in text and abs(at - line) <= 1 and column > 0 for at, column, text in told), told


def test_services_that_depend_on_each_other_are_told_as_a_circle(read):
    told = problems(read, WHOLE.replace("rpo: 24h, rto: 4h", "rpo: 24h, rto: 4h, depends_on: [erp]"))
    assert told == [(9, 87, "services depend on each other in a circle: directory -> erp -> directory")]


GRAPHS = st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), unique=True, max_size=3), max_size=6)


@given(GRAPHS)
def test_a_circle_is_found_exactly_when_a_name_can_be_reached_from_itself(needs):
    reached = {name: set(wanted) for name, wanted in needs.items()}
    for _ in needs:
        reached = {name: seen.union(*(reached.get(other, set()) for other in seen)) for name, seen in reached.items()}
    circles = find_circles(needs)
    assert bool(circles) == any(name in seen for name, seen in reached.items())
    for circle in circles:
        assert all(after in needs[name] for name, after in zip(circle, (*circle[1:], circle[0]), strict=True))
