"""Services, the hosts they lie on and the sites of those, and what there is only one of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from secscan.messages import mark
from secscan.reporters.html.continuity.canvas import Canvas
from secscan.reporters.html.continuity.speech import NOTHING
from secscan.wording import Wording

WIDTH = 1000.0
_BOX, _HIGH, _ROW, _TOP = 240.0, 36.0, 52.0, 34.0
_COLUMNS = (70.0, 400.0, 730.0)
_LETTERS = 20
_SINGLE = "▲ "


@dataclass(slots=True)
class Network:
    """Boxes by column, each with whether there is only one of it, and lines between them; `saved` lines lead to backups."""

    services: dict[str, bool] = field(default_factory=dict)
    hosts: dict[str, bool] = field(default_factory=dict)
    sites: dict[str, bool] = field(default_factory=dict)
    needs: dict[tuple[str, str], None] = field(default_factory=dict)
    runs: dict[tuple[str, str], None] = field(default_factory=dict)
    saved: dict[tuple[str, str], None] = field(default_factory=dict)
    lies: dict[tuple[str, str], None] = field(default_factory=dict)


def find_network(services: Iterable[Mapping[str, Any]], document: Mapping[str, Any]) -> Network:
    """What is to be drawn of services and of everything that they need."""
    known = {each["service"]: each for each in document["services"]}
    sites = {each["host"]: each["site"] for each in document["hosts"]}
    found, waiting = Network(), list(services)
    while waiting:
        service = waiting.pop(0)
        if service["service"] not in found.services:
            _add_service(found, service)
            waiting += [known[other] for other in service["depends_on"] if other in known]
    for host in found.hosts:
        if sites.get(host):
            found.lies[host, sites[host]] = None
            found.sites.setdefault(sites[host], False)
    return found


def _add_service(found: Network, service: Mapping[str, Any]) -> None:
    """A service with the hosts and sites that it itself lies on, and the hosts that keep its backups."""
    name = service["service"]
    found.services[name] = False
    found.needs |= {(name, other): None for other in service["depends_on"]}
    for element in service["elements"]:
        if element["service"] != name:
            continue
        single = element["single"] is True
        if element["kind"] == "host":
            found.runs[name, element["name"]] = None
            found.hosts[element["name"]] = found.hosts.get(element["name"], False) or single
        elif element["kind"] == "site" and single:
            found.sites[element["name"]] = True
    for repository in (each for data_set in service["data_sets"] for each in data_set["repositories"]):
        found.saved[name, repository["host"]] = None
        found.hosts.setdefault(repository["host"], False)


def draw_network(network: Network, w: Wording, anchor: str, name: str) -> str:
    """The picture: services, hosts and sites side by side; what there is only one of has a double frame and a triangle."""
    columns: Sequence[tuple[str, Mapping[str, bool]]] = (
        (w.translate(mark("Services")), network.services),
        (w.translate(mark("Hosts")), network.hosts),
        (w.translate(mark("Sites")), network.sites),
    )
    rows = max(len(boxes) for _, boxes in columns)
    canvas = Canvas(WIDTH, _TOP + rows * _ROW + 4, mirrored=w.direction == "rtl")
    places = [_place(boxes, x, rows) for (_, boxes), x in zip(columns, _COLUMNS, strict=True)]
    services, hosts, sites = places
    for service, other in network.needs:
        if other in services:
            canvas.curve("needs", services[service], services[other], -50)
    for kind, lines, left, right in (
        ("saved", network.saved, services, hosts),
        ("runs", network.runs, services, hosts),
        ("lies", network.lies, hosts, sites),
    ):
        for start, end in lines:
            (x1, y1), (x2, y2) = left[start], right[end]
            canvas.curve(kind, (x1 + _BOX, y1), (x2, y2 + (6 if kind == "saved" else 0)), 60)
    for (title, boxes), x, found in zip(columns, _COLUMNS, places, strict=True):
        canvas.word("axis", x, 18, title)
        for each, single in boxes.items():
            _draw_box(canvas, each, found[each], single=single)
    return canvas.picture("network", anchor, _title(name, w), _describe(network, w))


def _place(boxes: Iterable[str], x: float, rows: int) -> dict[str, tuple[float, float]]:
    """Where the middle of the first edge of each box is, the boxes of a column in the middle of the height."""
    names = list(boxes)
    top = _TOP + (rows - len(names)) * _ROW / 2 + _HIGH / 2
    return {name: (x, top + row * _ROW) for row, name in enumerate(names)}


def _draw_box(canvas: Canvas, name: str, place: tuple[float, float], *, single: bool) -> None:
    x, y = place
    canvas.box("single" if single else "plain", x, y - _HIGH / 2, _BOX, _HIGH)
    if single:
        canvas.box("inner", x + 4, y - _HIGH / 2 + 4, _BOX - 8, _HIGH - 8)
    canvas.name("box", x + 12, y + 6, f"{_SINGLE if single else ''}{name}", _LETTERS)


def _title(name: str, w: Wording) -> str:
    return w.translate(mark("What {name} hangs on")).format(name=name) if name else w.translate(mark("What all services hang on"))


def _describe(network: Network, w: Wording) -> str:
    between = w.translate(mark(", "))
    single = [name for boxes in (network.hosts, network.sites) for name, alone in boxes.items() if alone]
    told = w.translate(mark("Services: {services}. Hosts: {hosts}. Sites: {sites}. There is only one of: {single}."))
    return told.format(
        services=between.join(network.services) or NOTHING,
        hosts=between.join(network.hosts) or NOTHING,
        sites=between.join(network.sites) or NOTHING,
        single=between.join(single) or NOTHING,
    )
