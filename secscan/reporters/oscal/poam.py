"""OSCAL plan of action and milestones: an item per check that fails anywhere, a risk per failure with remedy and acceptance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from secscan.assessments import Document
from secscan.kpi.register import IMPACTS, likelihood, residual
from secscan.reporters import Reporter, oscal
from secscan.spool import Spool
from secscan.statements import identifier, line, moment_key, write_json
from secscan.terms import EFFORTS, SEVERITY_RANK, WHENS
from secscan.wording import ENGLISH

_UNWANTED = frozenset({"not_applicable", "skipped"})


@dataclass(slots=True)
class _Item:
    """A check that fails somewhere: what has to be done, and the risks that it would end."""

    check: Mapping[str, Any]
    severity: str
    hosts: dict[str, None] = field(default_factory=dict)
    risks: list[str] = field(default_factory=list)
    accepted: int = 0


def render(documents: Iterable[Document]) -> Iterator[str]:
    """One document. Risks are written as they come, observations wait in a spool, items are few."""
    items: dict[str, _Item] = {}
    inventory: dict[str, str] = {}
    parties: dict[str, str] = {}
    wanted: Counter[str] = Counter()
    keys, modified, version, comma = [], "", "", ""
    with Spool() as observations:
        yield '{"plan-of-action-and-milestones":{'
        for document in documents:
            keys.append(identifier("assessment", moment_key(document)))
            modified, version = max(modified, document["finished_at"]), document["provenance"]["tool_version"]
            for result in document["results"]:
                wanted[result["check"]] += result["outcome"] not in _UNWANTED
                if oscal.words(result).said != "not-satisfied":
                    continue
                yield (comma or '"risks":[') + "\n" + write_json(oscal.risk(result, document))
                observations.write((comma or '"observations":[') + "\n" + write_json(oscal.observation(result, document)))
                comma = ","
                inventory[oscal.host_uuid(document)] = write_json(oscal.inventory_item(document))
                parties |= oscal.parties_of(result, document)
                _count(result, document, items)
        if comma:
            yield "\n],"
            yield from observations.read()
            yield '\n],"local-definitions":{"inventory-items":['
            yield ",".join(f"\n{item}" for item in inventory.values())
            yield f'\n],"assessment-assets":{write_json(oscal.assets(version))}}},'
    closing: oscal.Json = {
        "uuid": identifier("poam", *keys),
        "metadata": oscal.metadata("Plan of action and milestones of secscan", modified, version, parties),
        "system-id": {"identifier-type": "https://ietf.org/rfc/rfc4122", "id": identifier("system", *keys)},
        "poam-items": [_item(item, wanted[item.check["id"]]) for item in _in_order(items)] or [_nothing()],
    }
    yield f"\n{write_json(closing)[1:]}}}\n"


def _count(result: Mapping[str, Any], document: Document, items: dict[str, _Item]) -> None:
    item = items.setdefault(result["check"], _Item(document["checks"][result["check"]], result["severity"]))
    item.severity = min(item.severity, result["severity"], key=SEVERITY_RANK.__getitem__)
    item.hosts[document["host"]["name"]] = None
    item.risks.append(oscal.risk_uuid(result, document))
    item.accepted += result["disposition"] == "waived"


def _in_order(items: dict[str, _Item]) -> list[_Item]:
    """The worst first, then those that would mend most hosts."""
    return sorted(items.values(), key=lambda item: (SEVERITY_RANK[item.severity], -len(item.hosts), item.check["id"]))


def _item(item: _Item, wanted: int) -> oscal.Json:
    check, failing, impact = item.check, len(item.risks), IMPACTS[item.severity]
    chance = likelihood(failing, max(wanted, failing))
    accepted = item.accepted == failing
    terms = ", ".join(filter(None, [EFFORTS.get(check["effort"], ""), WHENS.get(check["when"], "")]))
    said = [
        f"{line(check['title'])}: not so on {ENGLISH.hosts(len(item.hosts))}.",
        f"Remedy ({terms}): {line(check['remedy'])}" if check["remedy"] else "",
    ]
    told = {
        "check": check["id"],
        "severity": item.severity,
        "hosts": len(item.hosts),
        "accepted": item.accepted,
        "effort": check["effort"],
        "takes_effect": check["when"],
        "likelihood": chance,
        "impact": impact,
        "risk_score": chance * impact,
        "treatment": "accept" if accepted else "mitigate",
        "residual": chance * impact if accepted else residual(chance, impact, failing, item.accepted),
    }
    return {
        "uuid": identifier("poam-item", check["id"], *item.risks),
        "title": oscal.title(check["title"]),
        "description": oscal.prose("\n".join(filter(None, said))),
        "props": oscal.props(told),
        "related-risks": [{"risk-uuid": risk} for risk in item.risks],
    }


def _nothing() -> oscal.Json:
    return {"uuid": identifier("poam-item"), "title": "Nothing is open", "description": "Nothing that was judged fails."}


REPORTER = Reporter("poam", "oscal-poam.json", "application/json", "OSCAL 1.2.1 plan of action and milestones", render)
