"""What people decided about results, in sentences: waivers, statements and local changes of a baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from secscan.messages import mark
from secscan.model.assessment import Tally
from secscan.terms import DISPOSITIONS, STANDINGS, Term
from secscan.wording import Wording

_ADJUSTMENTS = {"dropped": mark("dropped"), "tightened": mark("tightened {parameter}"), "changed": mark("changed {parameter}")}


def write_adjustment(w: Wording, change: str) -> str:
    """What a local baseline did to a check, as `LocalChange.change` writes it: dropped, or the parameter with both values."""
    verb, _, parameter = change.partition(" ")
    return w.sentence(_ADJUSTMENTS[verb], parameter=parameter.replace(" -> ", " → ")) if verb in _ADJUSTMENTS else change


def write_local_change(w: Wording, change: Mapping[str, str], where: str) -> str:
    """A local change in one line, with its reason and who approved it where it needs them; `where` is the baseline."""
    said = {"check": change["check"], "change": write_adjustment(w, change["change"]), "baseline": where}
    if not change["reason"]:
        return w.sentence(mark("{check}: {change} ({baseline})"), **said)
    said |= {"reason": w.content(change["reason"]).rstrip("."), "approver": w.content(change["approver"])}
    if not change["approver"]:
        return w.sentence(mark("{check}: {change}. {reason} ({baseline})"), **said)
    return w.sentence(mark("{check}: {change}. {reason} (approved by {approver}; {baseline})"), **said)


def write_decision(w: Wording, result: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """What people decided about a result of a document: who stated or accepted it, why, and until when; empty when nobody did."""
    term = next(term for term in DISPOSITIONS if term.key == result["disposition"])
    waiver = document["waivers"].get(result["waiver"])
    attestation = document["attestations"].get(result["attestation"])
    if waiver is None and attestation is not None:
        return _stated(w, term, result["standing"], attestation)
    if waiver is None:
        return "" if term.key == "none" else w.translate(term.word)
    said = mark("{decided} ({id}): {justification} (owner {owner}, approved by {approver}, until {until}{ticket})")
    ticket = w.sentence(mark(", ticket {ticket}"), ticket=waiver["ticket"]) if waiver["ticket"] else ""
    return w.sentence(
        said,
        decided=w.translate(term.word),
        id=waiver["id"],
        justification=waiver["justification"],
        owner=waiver["owner"],
        approver=waiver["approver"],
        until=w.moment(waiver["expires_at"]),
        ticket=ticket,
    )


def _stated(w: Wording, term: Term, standing: str, attestation: Mapping[str, Any]) -> str:
    """A statement: `Attested (A-1): ... (owner ..., approved by ..., performed on 2026-01-31, until 2027-01-31)`."""
    how = next(each for each in STANDINGS if each.key == standing)
    spoilt = [each["file"] for each in attestation["evidence"] if each["state"] != "kept"]
    named = f" [{', '.join(spoilt)}]" if spoilt and standing in {"evidence_changed", "evidence_missing", "claimed"} else ""
    said = mark("{decided} ({id}): {statement} (owner {owner}, {approved}, performed on {day}, until {until}{figures})")
    approver = attestation["approver"]
    figures = "".join(f", {name} {number}" for name, number in attestation["metrics"].items())
    return w.sentence(
        said,
        decided=w.translate(term.word) if standing == "holds" else w.translate(how.word).capitalize() + named,
        id=attestation["id"],
        statement=attestation["statement"],
        owner=attestation["owner"],
        approved=w.sentence(mark("approved by {approver}"), approver=approver)
        if approver
        else w.translate(mark("approved by nobody")),
        day=attestation["performed_at"][:10],
        until=w.moment(attestation["valid_until"]),
        figures=figures,
    )


def write_attested(w: Wording, tally: Tally) -> str:
    """What people have stated among what no machine can tell; empty when there is nothing of the kind."""
    if not tally.attested:
        return ""
    told = mark(
        "attested: {held} to hold, {failing} not to hold, {needless} not to be needed, "
        "{open} without a statement that can be relied on"
    )
    stated = tally.attested
    return w.sentence(
        told,
        held=stated.get("pass", 0),
        failing=stated.get("fail", 0),
        needless=stated.get("not_applicable", 0),
        open=tally.unanswered - stated.get("fail", 0),
    )
