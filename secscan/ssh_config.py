"""OpenSSH's client configuration: what `ssh HOST` would use for a host, read the way ssh_config(5) says.

Supports Host and Match (all, host, originalhost, user, localuser, exec, final, canonical), Include, quoting and the first
value wins rule. Name canonicalization is not done. Values come back as written; tokens are expanded by `expand`.
"""

from __future__ import annotations

import getpass
import os
import re
import shlex
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from secscan.errors import InputError, Problem, UsageError

_LINE = re.compile(r"\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*?)\s*\Z")
_SEVERAL = {"identityfile", "certificatefile"}  # every value counts, in order; all others: the first
_INCLUDE_DEPTH = 16
_EXEC_S = 10
_CRITERIA_WITHOUT_VALUE = {"all", "canonical", "final"}
_CRITERIA = _CRITERIA_WITHOUT_VALUE | {"host", "originalhost", "user", "localuser", "exec"}


@dataclass(frozen=True, slots=True)
class _Criterion:
    kind: str
    value: str
    negated: bool


@dataclass(frozen=True, slots=True)
class _Block:
    """Settings that hold where every criterion does (and so do those of the block that included it)."""

    criteria: tuple[_Criterion, ...]
    settings: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SshConfig:
    """A parsed configuration."""

    path: str = ""
    blocks: tuple[_Block, ...] = ()

    def lookup(self, host: str, user: str = "") -> dict[str, tuple[str, ...]]:
        """The settings for a host as written on a command line, by lower-case keyword. A user given there wins over `User`."""
        found: dict[str, tuple[str, ...]] = {"user": (user,)} if user else {}
        final = any(criterion.kind == "final" for block in self.blocks for criterion in block.criteria)
        for last in (False, True) if final else (False,):
            for block in self.blocks:
                if all(_holds(criterion, host, found, last=last) != criterion.negated for criterion in block.criteria):
                    for keyword, value in block.settings:
                        if keyword in _SEVERAL:
                            known = found.get(keyword, ())
                            found[keyword] = known if value in known else (*known, value)
                        else:
                            found.setdefault(keyword, (value,))
        return found

    def values(self, keyword: str) -> tuple[str, ...]:
        """Every value of a lower-case keyword, whichever hosts it is for: no command of `Match exec` is run to know."""
        return tuple(value for block in self.blocks for name, value in block.settings if name == keyword)

    def host_names(self) -> tuple[str, ...]:
        """Every name that a Host line spells out, in order: no patterns."""
        names = (
            name
            for block in self.blocks
            for criterion in block.criteria
            if criterion.kind == "originalhost"
            for name in criterion.value.split(",")
        )
        return tuple(dict.fromkeys(name for name in names if not re.search(r"[*?!]", name)))


_read: dict[str, tuple[int, SshConfig]] = {}
_lock = threading.Lock()


def read_ssh_config(path: Path) -> SshConfig:
    """The configuration in a file, parsed once until the file changes. Raises InputError with every problem.

    Included files are not watched for changes: a run reads them once.
    """
    with _lock:
        try:
            stamp = path.stat().st_mtime_ns
            known = _read.get(str(path))
            if known is None or known[0] != stamp:
                _read[str(path)] = (stamp, parse_ssh_config(path.read_text(encoding="utf-8", errors="surrogateescape"), str(path)))
            return _read[str(path)][1]
        except OSError as error:
            raise InputError([Problem(str(path), 0, 0, f"cannot be read: {error.strerror}")]) from error


def parse_ssh_config(text: str, path: str) -> SshConfig:
    """Configuration text. Relative Include paths are taken from ~/.ssh, as ssh does for a user's file."""
    problems: list[Problem] = []
    blocks = tuple(_parse(text, path, (), problems, 0))
    if problems:
        raise InputError(problems)
    return SshConfig(path, blocks)


def expand(value: str, tokens: Mapping[str, str]) -> str:
    """A value with its `%` tokens, `${VARIABLE}` and a leading `~` replaced. Raises UsageError for what is unknown."""

    def token(match: re.Match[str]) -> str:
        if match[1] == "%":
            return "%"
        if match[1] not in tokens:
            raise UsageError(
                "ssh_config token {token} in {value!r} is not known here; allowed: {allowed}",
                token=f"%{match[1]}",
                value=value,
                allowed=["%%", *(f"%{token}" for token in tokens)],
            )
        return tokens[match[1]]

    def variable(match: re.Match[str]) -> str:
        if match[1] not in os.environ:
            raise UsageError("environment variable {name} in ssh_config value {value!r} is not set", name=match[1], value=value)
        return os.environ[match[1]]

    replaced = re.sub(r"%(.?)", token, re.sub(r"\$\{([^}]*)\}", variable, value))
    return str(Path(replaced).expanduser()) if replaced.startswith("~") else replaced


def is_there(written: str) -> bool:
    """Whether a file of just this name is there, so that nothing in the name is to be expanded."""
    return ("%" in written or "${" in written) and Path(written).exists()


def tokens_for(name: str, host: str, port: int, user: str) -> dict[str, str]:
    """The tokens that ssh_config(5) knows, for `expand`."""
    here = socket.gethostname()
    return {
        "h": host,
        "n": name,
        "p": str(port),
        "r": user,
        "u": getpass.getuser(),
        "d": str(Path.home()),
        "i": str(os.getuid()),
        "l": here,
        "L": here.split(".")[0],
        "k": name,
    }


def _parse(text: str, path: str, outer: tuple[_Criterion, ...], problems: list[Problem], depth: int) -> Iterator[_Block]:
    block = _Block(outer)
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.match(line)
        try:
            words = _words(match[2]) if match else []
        except ValueError:
            words = []
        if not match or not words:
            problems.append(Problem(path, number, 1, f"cannot read {line.strip()[:60]!r}", "KEYWORD VALUE, quotes closed"))
            continue
        keyword = match[1].lower()
        if keyword in ("host", "match"):
            yield block
            block = _Block((*outer, *_criteria(keyword, words, Problem(path, number, 1, ""), problems)))
        elif keyword == "include":
            yield block
            for pattern in words:
                yield from _include(pattern, Problem(path, number, 1, ""), block.criteria, problems, depth)
            block = _Block(block.criteria)
        else:
            value = (
                match[2] if keyword in ("proxycommand", "localcommand", "remotecommand", "knownhostscommand") else " ".join(words)
            )
            block.settings.append((keyword, value))
    yield block


def _words(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.commenters, lexer.escape, lexer.quotes = True, "#", "", '"'
    return list(lexer)


def _criteria(keyword: str, words: list[str], place: Problem, problems: list[Problem]) -> tuple[_Criterion, ...]:
    if keyword == "host":
        return (_Criterion("originalhost", ",".join(words), negated=False),)
    found = []
    rest = iter(words)
    for word in rest:
        kind, _, value = word.lower().lstrip("!").partition("=")
        if kind not in _CRITERIA:
            message = f"Match {word!r} is not supported"
            problems.append(Problem(place.path, place.line, place.column, message, ", ".join(sorted(_CRITERIA))))
            break
        if kind not in _CRITERIA_WITHOUT_VALUE:
            value = word.partition("=")[2] or next(rest, "")
        found.append(_Criterion(kind, value, negated=word.startswith("!")))
    return tuple(found)


def _include(pattern: str, place: Problem, outer: tuple[_Criterion, ...], problems: list[Problem], depth: int) -> Iterator[_Block]:
    if depth >= _INCLUDE_DEPTH:
        problems.append(Problem(place.path, place.line, place.column, f"Include nested deeper than {_INCLUDE_DEPTH} levels"))
        return
    wanted = Path(pattern).expanduser()
    wanted = wanted if wanted.is_absolute() else Path.home() / ".ssh" / wanted
    for path in sorted(Path(wanted.anchor).glob(str(wanted.relative_to(wanted.anchor)))):
        try:
            text = path.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError as error:
            problems.append(Problem(place.path, place.line, place.column, f"Include {path} cannot be read: {error.strerror}"))
            continue
        yield from _parse(text, str(path), outer, problems, depth + 1)


def _holds(criterion: _Criterion, host: str, found: Mapping[str, tuple[str, ...]], *, last: bool) -> bool:
    """Whether a criterion holds, its negation aside. `last` is the second reading, which `Match final` asks for."""
    if criterion.kind in _CRITERIA_WITHOUT_VALUE:
        return criterion.kind == "all" or (criterion.kind == "final" and last)
    if criterion.kind == "originalhost":
        return matches_patterns(host, criterion.value)
    local_user = getpass.getuser()
    now = expand(found["hostname"][0], {"h": host}) if "hostname" in found else host
    user = found.get("user", (local_user,))[0]
    if criterion.kind == "exec":
        return _succeeds(expand(criterion.value, tokens_for(host, now, int(found.get("port", ("22",))[0]), user)))
    return matches_patterns({"host": now, "user": user, "localuser": local_user}[criterion.kind], criterion.value)


def matches_patterns(name: str, patterns: str) -> bool:
    """Whether a name matches a comma-separated list of patterns (`*`, `?`); a negated one that matches decides."""
    matched = False
    for pattern in patterns.split(","):
        literal = pattern.removeprefix("!").replace("[", "[[]")
        if fnmatchcase(name, literal):
            if pattern.startswith("!"):
                return False
            matched = True
    return matched


def _succeeds(command: str) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - the user's own configuration names the command, as for ssh itself
            ["/bin/sh", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=_EXEC_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
