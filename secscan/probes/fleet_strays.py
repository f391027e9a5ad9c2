"""Data that was found on hosts and belongs to no data set of a service: what nobody has thought of saving."""

from __future__ import annotations

from secscan.model.probe import Attribute, Call
from secscan.model.values import Type
from secscan.syntax.told import derived_probe

PROBE = derived_probe(
    name="fleet_strays",
    summary="Data on all hosts that belongs to no declared data set",
    about="organization",
    needs=(Call.of("data_usage", {}),),
    attributes=(
        Attribute("hosts", Type.INTEGER, "how many hosts are declared or were read"),
        Attribute(
            "places", Type.RECORDS, "one record for each place with such data, and one for each host that could not be looked at",
            (
                Attribute("host", Type.TEXT, "where it lies"),
                Attribute("path", Type.TEXT, "the place"),
                Attribute("size", Type.SIZE, "bytes"),
            ),
        ),
    ),
    example={"hosts": 1, "places": [{"host": "web1", "path": "/srv/uploads", "size": 4096}]},
)  # fmt: skip
