"""Whether the clocks of all hosts agree: each against the scanner and against the middle of all."""

from __future__ import annotations

from secscan.model.probe import Attribute
from secscan.model.values import Type
from secscan.syntax.told import derived_probe

PROBE = derived_probe(
    name="fleet_clocks",
    summary="How far the clocks of all hosts are apart",
    about="organization",
    attributes=(
        Attribute("hosts", Type.INTEGER, "how many hosts are declared or were read"),
        Attribute(
            "clocks", Type.RECORDS, "one record per host",
            (
                Attribute("host", Type.TEXT, "its name"),
                Attribute("offset", Type.DURATION, "how far its clock is from the scanner's, without sign; to about a second"),
                Attribute("apart", Type.DURATION, "how far its clock is from the middle of all clocks, without sign"),
            ),
        ),
    ),
    example={"hosts": 2, "clocks": [{"host": "db1", "offset": 0.4, "apart": 0.1}, {"host": "web1", "offset": 0.6, "apart": 0.1}]},
)  # fmt: skip
