"""The pytest plugin: every case of a check file is a test of its own.

    # pytest.ini or pyproject.toml
    secscan_content = content        # folders that hold checks/, as for --content

    pytest                           # or: pytest --secscan-content content
    pytest -k sshd_root_login        # one check

A check file that cannot be loaded is a test that fails with every problem of the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from secscan.content.reading import Vocabulary
    from secscan.model.check import Case, Check

OPTION = "secscan_content"
SPOILT = "no spoilt answer passes"


class CaseDoesNotHoldError(Exception):
    """What did not come out as the case says; one line for each."""


class BrokenFileError(Exception):
    """A check file that cannot be loaded; one line for each problem."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The folders, on the command line or in the configuration of pytest."""
    described = "folders that hold checks/ of secscan; every case in them becomes a test"
    parser.addini(OPTION, described, type="paths", default=[])
    parser.addoption("--secscan-content", action="append", default=[], metavar="DIR", help=described)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CheckFile | None:
    """A file below checks/ of one of the folders."""
    if file_path.suffix not in (".yaml", ".yml"):
        return None
    if any(folder / "checks" in file_path.parents for folder in _folders(parent.config)):
        made: CheckFile = CheckFile.from_parent(parent, path=file_path)
        return made
    return None


def _folders(config: pytest.Config) -> list[Path]:
    named = [config.invocation_params.dir / name for name in config.getoption("secscan_content")]
    return [folder.resolve() for folder in (*named, *config.getini(OPTION))]


class CheckFile(pytest.File):
    """One check file."""

    def collect(self) -> Iterator[pytest.Item]:
        """Its written cases, and one test for all the unwritten ones."""
        from secscan.content.checks import read_check  # noqa: PLC0415 - pytest loads this module in every run
        from secscan.documents import read_document  # noqa: PLC0415 - as above

        document = read_document(self.path)
        check = read_check(document, _vocabulary())
        if check is None:
            problems = "\n".join(map(str, sorted(document.problems)))
            yield CheckItem.from_parent(self, name="loads", problems=problems)
            return
        for case in check.cases:
            yield CheckItem.from_parent(self, name=case.name, check=check, case=case)
        if check.asks:
            yield CheckItem.from_parent(self, name=SPOILT, check=check)


class CheckItem(pytest.Item):
    """One case; without a case all unwritten ones; with problems the file that has them."""

    def __init__(self, *, check: Check | None = None, case: Case | None = None, problems: str = "", **arguments: Any) -> None:
        super().__init__(**arguments)
        self.check = check
        self.case = case
        self.problems = problems

    def runtest(self) -> None:
        """Raises CaseDoesNotHoldError, BrokenFileError."""
        from secscan.cases import run_cases  # noqa: PLC0415 - as in collect

        if self.check is None:
            raise BrokenFileError(self.problems)
        vocabulary = _vocabulary()
        results = run_cases(self.check, vocabulary.probes, vocabulary.matchers)
        mine = [result for result in results if self._is_mine(result.case, result.line) and not result.holds]
        if mine:
            raise CaseDoesNotHoldError(
                "\n".join(
                    f"{self.path.name}:{result.line or 1}: {result.case}: expected {result.expected}, got {result.actual}"
                    + (f" ({result.reason})" if result.reason else "")
                    for result in mine
                )
            )

    def _is_mine(self, case: str, line: int) -> bool:
        return (case == self.case.name and bool(line)) if self.case else not line

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Our own failures in their own words, without the inside of secscan."""
        if isinstance(excinfo.value, CaseDoesNotHoldError | BrokenFileError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the case stands, so that editors jump there."""
        return self.path, (self.case.line if self.case else 1) - 1, f"{self.path.stem}: {self.name}"


@cache
def _vocabulary() -> Vocabulary:
    from secscan import plugins  # noqa: PLC0415 - as in collect
    from secscan.content.reading import Vocabulary  # noqa: PLC0415 - as in collect

    return Vocabulary(plugins.probes(), plugins.matchers())
