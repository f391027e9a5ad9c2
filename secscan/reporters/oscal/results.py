"""OSCAL assessment results: one result per host, with an observation per check, a finding per verdict and a risk per failure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from secscan.assessments import Document
from secscan.reporters import Reporter, oscal
from secscan.statements import identifier, judged_by, line, moment_key, write_json
from secscan.vocabularies import OMITTED
from secscan.wording import ENGLISH


def render(documents: Iterable[Document]) -> Iterator[str]:
    """One document; what is only known at the end (people, objectives, moment) stands at the end."""
    objectives: dict[str, dict[str, str]] = {}
    parties: dict[str, str] = {}
    keys, modified, version, comma = [], "", "", ""
    yield '{"assessment-results":{"results":['
    for document in documents:
        yield f"{comma}\n{write_json(_result(document))}"
        comma = ","
        keys.append(identifier("assessment", moment_key(document)))
        modified, version = max(modified, document["finished_at"]), document["provenance"]["tool_version"]
        for requirement, check, title in oscal.objectives(document):
            objectives.setdefault(requirement, {})[check] = title
        for result in document["results"]:
            parties |= oscal.parties_of(result, document)
    if not keys:
        yield f"\n{write_json(_nothing())}"
    plan = identifier("plan", *keys)
    closing: oscal.Json = {
        "uuid": identifier("assessment-results", *keys),
        "metadata": oscal.metadata("Assessment results of secscan", modified, version, parties),
        "import-ap": {"href": f"#{plan}"},
        "back-matter": {"resources": [_plan(plan)]},
    }
    if objectives:
        closing["local-definitions"] = {
            "objectives-and-methods": [_objective(requirement, checks) for requirement, checks in objectives.items()]
        }
    yield f"\n],{write_json(closing)[1:]}}}\n"


def _objective(requirement: str, checks: dict[str, str]) -> oscal.Json:
    parts = [
        {"id": oscal.token(check), "name": "assessment-objective", "prose": oscal.prose(line(title))}
        for check, title in checks.items()
    ]
    return {"control-id": oscal.token(requirement), "parts": parts}


def _plan(uuid: str) -> oscal.Json:
    said = "There is no OSCAL assessment plan: the baselines that the results name are the plan, one check an objective."
    return {"uuid": uuid, "title": "Plan of the scan", "description": said}


def _result(document: Document) -> oscal.Json:
    host, tally = document["host"], document["tally"]
    told = {
        "judged_by": judged_by(document),
        "baseline": document["baseline"]["id"],
        "baseline_sha256": document["baseline"]["sha256"],
        "bundle_sha256": document["provenance"]["bundle_sha256"],
        "compliance": ENGLISH.rate(tally["compliance"]),
        "coverage": ENGLISH.rate(tally["coverage"]),
    }
    written: oscal.Json = {
        "uuid": identifier("assessment", moment_key(document)),
        "title": oscal.title(f"{document['baseline']['title']} on {host['name']}"),
        "description": oscal.prose(_described(document)),
        "start": document["started_at"],
        "end": document["finished_at"],
        "props": oscal.props(told),
        "local-definitions": {
            "inventory-items": [oscal.inventory_item(document)],
            "assessment-assets": oscal.assets(document["provenance"]["tool_version"]),
        },
        "reviewed-controls": oscal.reviewed_controls(document),
    }
    shown = [result for result in document["results"] if oscal.words(result).said != OMITTED]
    if document["unreachable"]:
        written["observations"] = [oscal.unreachable_observation(document)]
        shown = []
    lists = {
        "observations": [oscal.observation(result, document) for result in shown],
        "risks": [oscal.risk(result, document) for result in shown if oscal.words(result).said == "not-satisfied"],
        "findings": [
            oscal.finding(result, document) for result in shown if oscal.words(result).said in {"satisfied", "not-satisfied"}
        ],
    }
    return written | {name: several for name, several in lists.items() if several}


def _described(document: Document) -> str:
    tally = document["tally"]
    said = [f"Compliance {ENGLISH.rate(tally['compliance'])}, coverage {ENGLISH.rate(tally['coverage'])}."]
    said += [f"Changed locally: {line(change['check'])}: {line(change['change'])}." for change in document["changes"]]
    said += [f"While asking: {line(problem)}" for problem in document["problems"]]
    return "\n".join(said)


def _nothing() -> oscal.Json:
    return {
        "uuid": identifier("assessment"),
        "title": "Nothing",
        "description": "No host was assessed.",
        "start": oscal.EPOCH,
        "reviewed-controls": {"control-selections": [{"include-all": {}}]},
    }


REPORTER = Reporter("oscal", "oscal-ar.json", "application/json", "OSCAL 1.2.1 assessment results", render)
