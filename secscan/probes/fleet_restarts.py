"""When each host last proved that it can start."""

from __future__ import annotations

from secscan.model.probe import Attribute, Call
from secscan.model.values import Type
from secscan.syntax.told import derived_probe

PROBE = derived_probe(
    name="fleet_restarts",
    summary="When each host was last started",
    about="organization",
    needs=(Call.of("kernel_boot", {}),),
    attributes=(
        Attribute("hosts", Type.INTEGER, "how many hosts are declared or were read"),
        Attribute(
            "restarts", Type.RECORDS, "one record per host",
            (Attribute("host", Type.TEXT, "its name"), Attribute("booted", Type.TIMESTAMP, "when it was started")),
        ),
    ),
    example={"hosts": 1, "restarts": [{"host": "db1", "booted": 1766000000}]},
)  # fmt: skip
