"""What a service would lose and how fast it comes back, made of the backups and restores that all hosts told of."""

from __future__ import annotations

from secscan.model.probe import Attribute, Call
from secscan.model.values import Type
from secscan.syntax.told import derived_probe

PROBE = derived_probe(
    name="service_continuity",
    summary="What a service would lose now, and how long it would take to come back, over all hosts",
    about="service",
    needs=tuple(
        Call.of(probe, {})
        for probe in (
            "backup_repositories", "backup_clients", "snapshots", "rsnapshot", "pgbackrest", "barman", "backup_catalogue",
            "postgresql_state", "restore_tests", "data_usage", "backup_sources", "mounts",
        )
    ),
    attributes=(
        Attribute("service", Type.TEXT, "its name"),
        Attribute("criticality", Type.TEXT, "low, medium, high or critical"),
        Attribute("critical", Type.BOOLEAN, "its criticality is high or critical"),
        Attribute("owner", Type.TEXT, "who answers for it"),
        Attribute("rpo", Type.DURATION, "how much work may be lost"),
        Attribute("rto", Type.DURATION, "how long it may take to come back"),
        Attribute(
            "recovery_time", Type.DURATION,
            "how long it takes, with what it depends on; not known where there is only an estimate that is short enough",
        ),
        Attribute("recovery_known", Type.TEXT, "how that is known: measured, attested, estimated or unknown"),
        Attribute("recovery_limited_by", Type.TEXT, "the service it depends on that takes longer; absent without one"),
        Attribute(
            "data_sets", Type.RECORDS, "one record per data set; what is only estimated to be good enough is not known",
            (
                Attribute("id", Type.TEXT, "its name within the service"),
                Attribute("host", Type.TEXT, "where it lies"),
                Attribute("critical", Type.BOOLEAN, "as the service"),
                Attribute("rpo", Type.DURATION, "how much of it may be lost"),
                Attribute("data_loss", Type.DURATION, "age of the newest restore point; absent without one"),
                Attribute("worst_gap", Type.DURATION, "the longest gap between restore points of the window, up to now"),
                Attribute("worst_gap_allowed", Type.DURATION, "1.25 times rpo"),
                Attribute("site_loss", Type.DURATION, "age of the newest restore point at another site"),
                Attribute("attack_loss", Type.DURATION, "age of the newest restore point that nobody can change or delete"),
                Attribute("covered", Type.BOOLEAN, "there is a restore point"),
                Attribute("size", Type.SIZE, "bytes of the data"),
                Attribute("uncovered", Type.SIZE, "bytes of it that no restore point holds"),
                Attribute("copies_rule", Type.BOOLEAN, "3 copies, 2 hosts, 1 at another site, 1 immutable, 0 errors"),
                Attribute("reaches_back", Type.BOOLEAN, "restore points over 30 days, on 5 days, in 4 weeks and 3 months"),
                Attribute(
                    "restore_tested", Type.TIMESTAMP,
                    "when a restore last worked; absent when none is recorded, or when a later one failed",
                ),
            ),
        ),
        Attribute(
            "needs", Type.RECORDS, "one record for each figure that is worse because of a service it depends on",
            (
                Attribute("figure", Type.TEXT, "rpo_now, worst_gap, site_loss, cyber or rto"),
                Attribute("service", Type.TEXT, "the service it depends on"),
                Attribute("length", Type.DURATION, "what the figure then is; absent where it never ends"),
                Attribute("allowed", Type.DURATION, "what it may be"),
            ),
        ),
    ),
    example={
        "service": "erp", "criticality": "critical", "critical": True, "owner": "Chief of finance systems", "rpo": 14400,
        "rto": 28800, "recovery_time": 5700, "recovery_known": "measured", "recovery_limited_by": {"absent": "another service"},
        "data_sets": [
            {
                "id": "ledger", "host": "db1", "critical": True, "rpo": 14400, "data_loss": 7200, "worst_gap": 7300,
                "worst_gap_allowed": 18000, "site_loss": 7200, "attack_loss": 7200, "covered": True, "size": 52428800,
                "uncovered": 0, "copies_rule": True, "reaches_back": True, "restore_tested": 1766000000,
            }
        ],
        "needs": [],
    },
)  # fmt: skip
