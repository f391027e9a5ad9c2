"""Four hosts on two sites: an application, a database, a vault with their backups, and a copy of these far away with a standby."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lab.hosts import Host, OwnFile, Shape
from lab.lab import Lab
from lab.roots import PACKAGES, Recipe, debian_root
from lab.ssh import KeyPair, new_key

RECIPE = Recipe(
    "bookworm",
    (*PACKAGES, "openssh-client", "postgresql", "pgbackrest", "restic", "borgbackup", "rsync", "e2fsprogs", "libfaketime"),
)
ORDER = ("vault", "app", "db", "far")  # each needs those before it
PGBACKREST = """[global]
repo1-path=/var/lib/pgbackrest
repo1-retention-full=2
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=a-passphrase-of-the-lab
start-fast=y
process-max=2
log-level-file=off
[main]
pg1-path=/var/lib/postgresql/15/main
"""
INVENTORY = """
sites: [{id: geneva}, {id: valencia}]
defaults: {user: scan, become: true}
hosts:
  - {name: app, site: geneva}
  - {name: db, site: geneva, criticality: critical}
  - {name: vault, site: geneva}
  - {name: far, site: valencia}
repositories:
  - {id: near, host: vault, path: /srv/restic/erp, tool: restic}
  - {id: distant, host: far, path: /srv/restic/erp, tool: restic}
  - {id: borg, host: vault, path: /srv/borg/erp, tool: borg}
  - {id: stanza, host: db, path: main repo1, tool: pgbackrest}
  - {id: stanza_far, host: far, path: main repo1, tool: pgbackrest}
services:
  - name: erp
    owner: Chief of finance systems
    criticality: critical
    rpo: 2h
    rto: 1h
    sites: [geneva]
    data_sets:
      - {id: files, host: app, paths: [/srv/erp], backups: [near, distant]}
  - name: archive
    owner: Chief of registry
    criticality: low
    rpo: 2h
    rto: 1d
    sites: [geneva]
    data_sets:
      - {id: letters, host: app, paths: [/srv/erp/letters], backups: [borg]}
  - name: ledger
    owner: Chief of accounts
    criticality: high
    rpo: 2h
    rto: 1h
    sites: [geneva]
    data_sets:
      - {id: books, host: db, database: main, backups: [stanza, stanza_far], replicas: [far]}
"""
_FOLDER = Path(__file__).parent


def boot_sites(lab: Lab) -> dict[str, Host]:
    """Boot the hosts and make their first backups; by name. Raises NoRootError where the root cannot be had."""
    root = debian_root(RECIPE)
    keys = {name: new_key() for name in ("app", "far")}
    hosts = {name: lab.boot(name, root, Shape(files=_own_files(name, keys))) for name in ORDER}
    names = "".join(f"{host.address} {name}\n" for name, host in hosts.items())
    for name, host in hosts.items():
        host.run(f"cat >>/etc/hosts <<'END'\n{names}END")
        host.run((_FOLDER / f"{name}.sh").read_text(), timeout_s=180)
    return hosts


def _own_files(name: str, keys: Mapping[str, KeyPair]) -> dict[str, OwnFile]:
    files = {
        "/etc/ssh/ssh_config.d/lab.conf": OwnFile("StrictHostKeyChecking accept-new\n"),
        "/root/pgbackrest.conf": OwnFile(PGBACKREST, 0o600),
        **{f"/root/.ssh/{client}.pub": OwnFile(f"{pair.public}\n") for client, pair in keys.items()},
    }
    return {**files, **({"/root/.ssh/id_ed25519": OwnFile(keys[name].private, 0o600)} if name in keys else {})}
