"""What a service hangs on, made of the inventory and of what hosts told of disks, resolvers and uplinks."""

from __future__ import annotations

from secscan.model.probe import Attribute, Call
from secscan.model.values import Type
from secscan.syntax.told import derived_probe

PROBE = derived_probe(
    name="service_elements",
    summary="What a service and everything it depends on hang on, and what there is only one of",
    about="service",
    needs=(
        *(Call.of(probe, {}) for probe in ("platform", "mounts", "raid", "bond", "postgresql_replication", "mysql_replication")),
        Call.of("file_content", {"path": "/etc/resolv.conf"}),
    ),
    attributes=(
        Attribute("service", Type.TEXT, "its name"),
        Attribute("criticality", Type.TEXT, "low, medium, high or critical"),
        Attribute(
            "elements", Type.RECORDS, "one record for each thing that it, or a service it depends on, cannot do without",
            (
                Attribute("kind", Type.TEXT, "host, site, disk, resolver or uplink"),
                Attribute("name", Type.TEXT, "its name"),
                Attribute("service", Type.TEXT, "the service that needs it: this one, or one that it depends on"),
                Attribute("single", Type.BOOLEAN, "there is no second one; absent for what a virtual machine has not of its own"),
                Attribute("why", Type.TEXT, "what lies on it"),
            ),
        ),
    ),
    example={
        "service": "erp", "criticality": "critical",
        "elements": [
            {"kind": "host", "name": "db1", "service": "erp", "single": False, "why": "data set ledger lies on it"},
            {"kind": "disk", "name": "/dev/md0 of db1", "service": "erp", "single": False, "why": "data set ledger lies on it"},
        ],
    },
)  # fmt: skip
