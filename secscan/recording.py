"""Raw answers of a real host as a case of a check: asked as in any scan, written as an author would, proven before it is kept."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from secscan import plugins
from secscan.ask.exchange import Limits, ask_target
from secscan.cases import run_case
from secscan.content.checks import read_check
from secscan.content.parameters import default_parameters
from secscan.content.reading import Vocabulary
from secscan.documents import Document, parse_document
from secscan.errors import EvidenceError, InputError, UsageError
from secscan.judge.assess import PLATFORM, assess
from secscan.judge.observe import exhibits
from secscan.judge.rulebook import Rulebook, make_call
from secscan.messages import Message
from secscan.model.assessment import Outcome
from secscan.model.check import Baseline, Case, Check, Selection
from secscan.model.probe import Answer
from secscan.model.target import Target
from secscan.plan.compile import compile_plan


@dataclass(frozen=True, slots=True)
class Recorded:
    """A case from a host. `text` is its YAML, one item of the list `cases`, indented by two."""

    name: str
    outcome: str
    text: str


def record_case(check: Check, target: Target, vocabulary: Vocabulary, name: str | None, limits: Limits) -> Recorded:
    """Ask a target what the check asks. Raises TargetError, and EvidenceError for answers that no text file can hold."""
    if not check.asks:
        raise UsageError("check {check!r} asks people, not hosts; allowed: a check with `observe`", check=check.id)
    parameters = default_parameters(check)
    selection = Selection(check.id, parameters, check.severity, ())
    baseline = Baseline("record", "", "", (selection,), {})
    rulebook = Rulebook(baseline, {check.id: check}, vocabulary.probes, vocabulary.matchers, {})
    plan = compile_plan([PLATFORM, *rulebook.calls()], vocabulary.probes)
    bundle = ask_target(target, plan, plugins.transport(target.transport), check.sha256, limits, plugins.inquiry)
    assessment = assess(rulebook, bundle, target)
    answered = exhibits(bundle, vocabulary.probes)
    answers: dict[str, Answer] = {}
    for ask in check.asks:
        exhibit = answered.get(make_call(ask, parameters))
        if exhibit is None or exhibit.answer.fault:
            reason = exhibit.answer.fault if exhibit else Message("it was not asked")
            raise EvidenceError("{host}: no whole answer to {name!r}: {reason}", host=target.name, name=ask.name, reason=reason)
        answers[ask.name] = exhibit.answer
    (result,) = assessment.results
    moment = datetime.fromtimestamp(int(bundle.origin.started_at + (bundle.origin.clock_offset_s or 0)), UTC)
    case = Case(name or assessment.host.system or target.name, result.outcome.value, answers, {}, True, moment.timestamp())
    return _write(_with_conditions(check, case, vocabulary), moment)


def add_case(document: Document, recorded: Recorded, vocabulary: Vocabulary) -> None:
    """Add a case to the file of a check, and prove it there. Raises InputError or UsageError, with the file as it was."""
    path = Path(document.path)
    place = document.block(("cases",))
    if place is None:
        raise UsageError(
            "{path}: its cases are not a block list, one `- name:` below the other; allowed: to paste the printed case", path=path
        )
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    end = min(place[1] - 1, len(lines))
    if end == len(lines) - 1 and lines[end].strip():
        end += 1  # the list ends with the file, which has no line end
    while _is_between(lines[end - 1], place[0]):
        end -= 1
    if not lines[end - 1].endswith("\n"):
        lines[end - 1] += "\n"
    indented = textwrap.indent(textwrap.dedent(recorded.text), " " * (place[0] - 1))
    text = "".join([*lines[:end], indented, *lines[end:]])
    _prove(parse_document(text, document.path), recorded, vocabulary)
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)  # noqa: PTH105 - Path.replace is the same and reads as if it replaced text


def _is_between(line: str, column: int) -> bool:
    """Whether a line after the last item is no part of the list: blank, or a comment further left, on what follows."""
    return not line.strip() or (line.lstrip().startswith("#") and len(line) - len(line.lstrip()) < column - 1)


def _prove(document: Document, recorded: Recorded, vocabulary: Vocabulary) -> None:
    check = read_check(document, vocabulary)
    if check is None:
        raise InputError(document.problems)
    case = check.cases[-1]
    outcome, reason = run_case(check, case, case.answers, vocabulary.probes, vocabulary.matchers)
    if outcome != recorded.outcome:
        raise EvidenceError(
            "{path}: the recorded case leads to {outcome}, not to {recorded} ({reason}); not added",
            path=document.path,
            outcome=outcome,
            recorded=recorded.outcome,
            reason=reason,
        )


def _with_conditions(check: Check, case: Case, vocabulary: Vocabulary) -> Case:
    """The case with what it must say of `applies_to` to come out as it did on the host. Raises EvidenceError when nothing does."""
    decided = {Outcome.NOT_APPLICABLE.value: False, Outcome.ERROR.value: None}
    for applies in dict.fromkeys((True, decided.get(case.outcome, True))):
        candidate = Case(case.name, case.outcome, case.answers, case.parameters, applies, case.at)
        if run_case(check, candidate, candidate.answers, vocabulary.probes, vocabulary.matchers)[0] == case.outcome:
            return candidate
    raise EvidenceError(
        "check {check!r}: its answers alone do not lead to {outcome} again; not recorded", check=check.id, outcome=case.outcome
    )


def _write(case: Case, moment: datetime) -> Recorded:
    import yaml  # noqa: PLC0415 - only to write

    class Dumper(yaml.SafeDumper):
        """Several lines as a block, where YAML can keep them exactly."""

    def write_text(dumper: yaml.SafeDumper, text: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if text.count("\n") > 1 else '"')

    Dumper.add_representer(str, write_text)
    data: dict[str, Any] = {name: _plain(name, answer) for name, answer in case.answers.items()}
    body = yaml.dump(data, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=10**6)
    head = {"name": case.name, "outcome": case.outcome, "at": moment.isoformat().replace("+00:00", "Z")}
    if case.applies is not True:
        head["applies_to"] = {False: False, None: "unknown"}[case.applies]  # type: ignore[assignment] # plain YAML of either kind
    text = yaml.safe_dump(head, allow_unicode=True, sort_keys=False, width=10**6) + body
    text = "\n".join(line.replace('"', "", 2) if line.startswith('"') else line for line in text.splitlines()) + "\n"
    return Recorded(case.name, case.outcome, "  - " + textwrap.indent(text, "    ").lstrip())


def _plain(name: str, answer: Answer) -> str | Mapping[str, Any]:
    """An answer as a case writes it: the output alone where nothing else is remarkable."""
    said = {}
    for stream, data in (("stdout", answer.stdout), ("stderr", answer.stderr)):
        try:
            said[stream] = data.decode()
        except UnicodeDecodeError as error:
            place = f"{stream}, byte {error.start}"
            raise EvidenceError(
                "the answer to {name!r} is not UTF-8 text ({place}); not recorded", name=name, place=place
            ) from error
        if "\0" in said[stream]:
            raise EvidenceError("the answer to {name!r} holds a NUL ({place}); not recorded", name=name, place=stream)
    if not answer.exit and not said["stderr"] and answer.uid <= 0:
        return said["stdout"]
    whole: dict[str, Any] = {"stdout": said["stdout"]}
    if said["stderr"]:
        whole["stderr"] = said["stderr"]
    if answer.exit:
        whole["exit"] = answer.exit
    if answer.uid > 0:
        whole["uid"] = answer.uid
    return whole
