"""`secscan init`: the two files a site begins with, with everything they may say in comments."""

from __future__ import annotations

from pathlib import Path

import click

from secscan.cli import SpokenCommand
from secscan.cli.journal import say_aside
from secscan.errors import UsageError
from secscan.messages import Message

_CONFIGURATION = """\
# secscan.yml: what the options of secscan are in this folder, where the command line does not say.
# `secscan schema configuration` prints its JSON Schema; paths are relative to this file.
# No secret belongs here: passwords come from a prompt, a private file or the environment (see secscan scan --help).

inventory: inventory.yml
baseline: un_minimum # see: secscan baseline list
output: secscan-report # reports and evidence
formats: [text, html, json] # also: portal, pdf, csv, junit, markdown, sarif, xccdf, hdf, oscal, poam, ocsf, prometheus, nagios
history: history.sqlite # what earlier runs found: secscan diff, secscan history, secscan runs
keep: daily 30, weekly 12, yearly 7 # secscan run forgets older runs and their evidence; without this line it forgets none

# content: [content] # folders of your own with checks/ and baselines/
# waivers: [waivers.yml] # accepted failures, see: secscan waiver add --help
# attestations: attestations # statements that people sign, see: secscan attest --help
# organization: Our organization # what the statements are about
# reports: # secscan run also writes these
#   - {formats: [html], directory: /srv/reports/fr, language: fr}
# notify: # who is told of new failures, lost hosts and ends, see docs/operations.md
#   channels:
#     - {name: team, url_file: team.url} # a private file (mode 0600) with a URL of Apprise
# prometheus: /var/lib/prometheus/node-exporter/secscan.prom # numbers for the textfile collector
# log_format: json # text unless said
# fail_on: [high, unreachable] # what ends with exit code 1; low unless said
# limit: [site=headquarters] # only these hosts
# become: true # ask as root, by sudo once around the whole script
# workers: 32 # hosts asked at the same time
# identity: ~/.ssh/scanner
# known_hosts: known_hosts
# become_password_file: sudo-password # mode 0600
# connect_timeout: 15 # seconds
# timeout: 300 # seconds for one whole host
"""
_INVENTORY = """\
# inventory.yml: which hosts there are and how to reach them. `secscan schema inventory` prints its JSON Schema.
# An Ansible inventory, or the word ssh-config, serves as well: secscan scan -i hosts.ini
# No secret belongs here.

organization: Our organization

# What holds for every host that does not say otherwise.
# defaults:
#   user: scanner
#   become: true # ask as root, by sudo once around the whole script

# sites:
#   - id: headquarters
#     title: Headquarters
#   - id: field
#     title: A field office behind a slow link
#     parameters: # values for parameters of checks, for every host of this site
#       sshd_sessions_limited: {limit: 4}

hosts:
  - local # this machine
  # - name: web1
  #   address: 192.0.2.10 # when the name does not resolve
  #   port: 2222
  #   site: headquarters
  #   labels: {role: web} # secscan scan --limit label=role:web
  #   criticality: high # low, medium, high, critical
  # - name: db1.example.org
  #   become: {user: root}
  #   options: {identity: ~/.ssh/scanner, proxy_jump: gate.example.org}
  # - ssh://admin@192.0.2.20:22
  # - podman://container-name
  # - chroot:///mnt/image
"""


@click.command("init", cls=SpokenCommand)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), metavar="[DIR]")
def command(folder: Path) -> int:
    """Write a commented inventory and configuration into DIR (this folder unless given).

    Files that are there already stay as they are.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in (("secscan.yml", _CONFIGURATION), ("inventory.yml", _INVENTORY)):
            path = folder / name
            try:
                with path.open("x", encoding="utf-8") as stream:
                    stream.write(text)
            except FileExistsError:
                say_aside(Message("{path} is there already and stays as it is", path=path))
                continue
            written.append(path)
            click.echo(str(path))
    except OSError as error:
        raise UsageError("{filename}: cannot be written: {reason}", filename=error.filename, reason=error.strerror) from error
    if written:
        say_aside(Message("next: name your hosts in the inventory, then run `secscan doctor` and `secscan run` here"))
    return 0
