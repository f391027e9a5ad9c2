"""What a content file may say and should not: it loads, yet an author who sees it would change it."""

from __future__ import annotations

from collections.abc import Iterator

from secscan.content.frameworks import fault_of
from secscan.content.library import Reading
from secscan.content.requirements import read_requirements
from secscan.content.uses import used_names, used_parameters
from secscan.documents import Document, Keys
from secscan.errors import Problem
from secscan.model.check import Check


def lint(reading: Reading) -> list[Problem]:
    """Every problem of the content: what cannot be loaded, and what can but should not stand so."""
    problems = {*reading.problems, *read_requirements(reading.catalogues)[1]}
    for name, check in reading.checks.items():
        problems.update(lint_check(check, reading.documents[name]))
    return sorted(problems)


def lint_check(check: Check, document: Document) -> list[Problem]:
    """What should be changed in a check that loads."""
    problems = []
    for keys, message, allowed in (*_unused(check), *_cases(check), *_references(check)):
        line, column = document.at(keys)
        problems.append(Problem(document.path, line, column, message, allowed))
    return problems


def _unused(check: Check) -> Iterator[tuple[Keys, str, str]]:
    names = used_names(check)
    for ask in check.asks:
        if ask.name not in names:
            message = f"{ask.name!r} is asked of every host, but nothing is expected of it"
            yield ("observe", ask.name), message, "an expectation or a condition that looks at it, or no question"
    parameters = used_parameters(check)
    for name in check.parameters:
        if name not in parameters:
            yield (
                ("parameters", name),
                f"parameter {name!r} changes nothing",
                "{parameter: NAME} in observe or expect, or no parameter",
            )


def _cases(check: Check) -> Iterator[tuple[Keys, str, str]]:
    if check.asks and not any(case.outcome in ("error", "not_applicable") for case in check.cases) and check.applies_to:
        yield (
            ("cases",),
            "no case shows when the check does not apply or cannot be judged",
            "a case with outcome not_applicable or error",
        )


def _references(check: Check) -> Iterator[tuple[Keys, str, str]]:
    for framework, names in check.references.items():
        for number, name in enumerate(names):
            fault, allowed = fault_of(framework, name)
            if fault:
                yield ("references", framework, number), fault, allowed
            elif name in names[:number]:
                yield ("references", framework, number), f"{name!r} stands here twice", "each id once"
