"""Apache httpd's configuration as it is in force: read line after line in httpd's own order, its conditions decided as it does.

<IfModule>, <IfDefine> and <IfVersion> are decided by what stands before them; what other conditions hold cannot be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from secscan.model.probe import Answer
from secscan.model.values import Absent, Unobservable
from secscan.probing import Unreadable, reply
from secscan.syntax.apache_files import Told, read_answer

_DEPTH = 32
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_WORD = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'|(\S+))', re.DOTALL)
_PHP_FILES = re.compile(r"libphp(\d?)[\d.]*\.so")


@dataclass(frozen=True, slots=True)
class Section:
    """A section that is no condition: what it is and for what. Virtual hosts are numbered, for two may be written alike."""

    kind: str
    title: str
    number: int = 0

    @property
    def is_server(self) -> bool:
        """It is a virtual host."""
        return self.kind.lower() == "virtualhost"


@dataclass(frozen=True, slots=True)
class Directive:
    """A directive in force: its name in lower case, its words, and the sections around it, the outermost first."""

    name: str
    words: tuple[str, ...]
    around: tuple[Section, ...]

    @property
    def value(self) -> str:
        """The words, one blank between them."""
        return " ".join(self.words)


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is in force: the modules in the order they are loaded, and all directives in the order they are read."""

    modules: tuple[str, ...]
    directives: tuple[Directive, ...]
    hosts: tuple[Section, ...]  # virtual hosts
    version: str


class _UnknownError(Exception):
    """Something that decides what is in force cannot be told."""


def read_configuration(answer: Answer) -> Configuration | Absent | Unobservable:
    """The configuration in force, or why there is none to judge."""
    said = reply(answer, "Apache httpd")
    if said:
        return said
    told = read_answer(answer)
    try:
        reader = _Reader(told)
        directives = tuple(reader.read_file(told.main, 0))
    except _UnknownError as reason:
        return Unobservable(str(reason))
    return Configuration(tuple(told.modules), directives, tuple(reader.hosts), told.version)


class _Reader:
    """Reads the files as httpd does, line after line: what comes later never changes a condition that stands before it."""

    def __init__(self, told: Told) -> None:
        self.told = told
        self.hosts: list[Section] = []
        if "" in told.unread:
            raise _UnknownError(f"{told.unread['']} cannot be read")
        if tuple(map(int, told.version.split(".")))[:2] < (2, 4):
            raise _UnknownError(f"Apache httpd {told.version}: only 2.4 and later are read")

    def read_file(self, path: str, depth: int, around: tuple[Section, ...] = ()) -> Iterator[Directive]:
        """The directives in force of one file, those of files that it includes in place."""
        if depth > _DEPTH:
            raise Unreadable(f"includes are nested deeper than {_DEPTH}")
        if path in self.told.unread:
            raise _UnknownError(f"{path} cannot be read by this user")
        if path not in self.told.texts:
            raise Unreadable(f"{path[:120]!r} was not fetched")
        sections = [*around]
        skipped: list[str] = []
        opened: list[str] = []
        for line in self.told.texts[path]:
            if line.startswith("</"):
                self._close(line, opened, sections, skipped)
            elif line.startswith("<"):
                self._open(line, opened, sections, skipped)
            elif not skipped:
                yield from self._directive(line, tuple(sections), depth)
        if opened:
            raise Unreadable(f"{path[:120]!r}: <{opened[-1]}> is not closed")

    def _open(self, line: str, opened: list[str], sections: list[Section], skipped: list[str]) -> None:
        match = re.fullmatch(r"<([A-Za-z_]+)\s*(.*?)>\s*", line)
        if not match:
            raise Unreadable(f"not a section: {line[:120]!r}")
        name, words = match[1].lower(), match[2]
        opened.append(name)
        if skipped:
            skipped.append(name)
        elif name in {"ifmodule", "ifdefine", "ifversion"}:
            if not self._holds(name, words):
                skipped.append(name)
        elif name in {"iffile", "ifdirective", "ifsection", "macro", "perl"}:
            raise _UnknownError(f"what stands in <{match[1]}> is not read")
        else:
            section = Section(match[1], " ".join(self._words(words)), len(self.hosts) + 1 if name == "virtualhost" else 0)
            sections.append(section)
            if section.is_server:
                self.hosts.append(section)

    @staticmethod
    def _close(line: str, opened: list[str], sections: list[Section], skipped: list[str]) -> None:
        name = line[2:].split(">", maxsplit=1)[0].strip().lower()
        if not opened or opened.pop() != name:
            raise Unreadable(f"closes what is not open: {line[:120]!r}")
        if skipped:
            skipped.pop()
        elif name not in {"ifmodule", "ifdefine", "ifversion"}:
            sections.pop()

    def _holds(self, name: str, words: str) -> bool:
        words = words.strip().strip('"')
        negated, wanted = words.startswith("!"), words.removeprefix("!").strip()
        if name == "ifmodule":
            found = wanted in self.told.modules or wanted in self.told.sources
        elif name == "ifdefine":
            found = wanted in self.told.defined
        else:
            match = re.fullmatch(r"(>=|<=|=|==|>|<)?\s*(\d+(?:\.\d+){0,2})", wanted)
            if not match:
                raise _UnknownError(f"<IfVersion {words[:60]}> is not understood")
            found = self._compares(match[1] or "=", match[2])
        return found is not negated

    def _compares(self, sign: str, version: str) -> bool:
        here, there = ([*map(int, text.split(".")), 0, 0][:3] for text in (self.told.version, version))
        return {">=": here >= there, "<=": here <= there, ">": here > there, "<": here < there}.get(sign, here == there)

    def _words(self, text: str) -> tuple[str, ...]:
        """The words of a directive, variables in place; a variable that nothing defines stays, as httpd leaves it."""
        text = _VARIABLE.sub(lambda match: self.told.variables.get(match[1], match[0]), text)
        return tuple(
            re.sub(r"\\(.)", r"\1", match[1] or match[2] or "") if match[3] is None else match[3] for match in _WORD.finditer(text)
        )

    def _directive(self, line: str, around: tuple[Section, ...], depth: int) -> Iterator[Directive]:
        name, text = [*re.split(r"\s+", line.strip(), maxsplit=1), ""][:2]
        name, words = name.lower(), self._words(text)
        if name in {"include", "includeoptional"}:
            yield from self._include(text, around, depth, optional=name == "includeoptional")
        elif name == "loadmodule" and len(words) == 2:
            self._load(*words)
        elif name == "define" and words:
            self.told.defined.add(words[0])
            if len(words) > 1:
                self.told.variables[words[0]] = words[1]
        elif name == "undefine" and words:
            self.told.defined.discard(words[0])
            self.told.variables.pop(words[0], None)
        elif name == "use":
            raise _UnknownError("macros are used, which are not read")
        else:
            yield Directive(name, words, around)

    def _include(self, text: str, around: tuple[Section, ...], depth: int, *, optional: bool) -> Iterator[Directive]:
        pattern = text.strip().strip("\"'")
        if _VARIABLE.search(pattern):
            raise _UnknownError(f"what {pattern[:120]} includes depends on a variable")
        if pattern not in self.told.matches:
            raise Unreadable(f"what {pattern[:120]!r} includes was not fetched")
        if not self.told.matches[pattern] and not optional:
            raise _UnknownError(f"{pattern[:120]} includes no file: httpd does not start with that")
        for path in self.told.matches[pattern]:
            yield from self.read_file(path, depth + 1, around)

    def _load(self, module: str, path: str) -> None:
        file = path.rpartition("/")[2]
        php = _PHP_FILES.fullmatch(file)
        self.told.modules.append(module)
        self.told.sources |= {
            f"mod_{module.removesuffix('_module')}.c",
            f"mod_php{php[1]}.c" if php else f"{file.removesuffix('.so')}.c",
        }
