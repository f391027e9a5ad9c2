"""Whether every host of the inventory was read, and when."""

from __future__ import annotations

from secscan.model.probe import Attribute
from secscan.model.values import Type
from secscan.syntax.told import derived_probe

PROBE = derived_probe(
    name="fleet_reading",
    summary="Which hosts of the inventory were read, and when",
    about="organization",
    attributes=(
        Attribute("hosts", Type.INTEGER, "how many hosts are declared or were read"),
        Attribute("read", Type.INTEGER, "how many of them were read"),
        Attribute("read_percent", Type.NUMBER, "how many of them were read, in percent"),
        Attribute(
            "readings", Type.RECORDS, "one record per host",
            (
                Attribute("host", Type.TEXT, "its name"),
                Attribute("read", Type.BOOLEAN, "it was read"),
                Attribute("read_at", Type.TIMESTAMP, "when; absent when it was not"),
                Attribute("why", Type.TEXT, "why it was not; absent when it was"),
            ),
        ),
    ),
    example={
        "hosts": 1, "read": 1, "read_percent": 100.0,
        "readings": [{"host": "db1", "read": True, "read_at": 1767225000, "why": {"absent": "a reason"}}],
    },
)  # fmt: skip
