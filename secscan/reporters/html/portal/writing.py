"""Pages of a portal from templates: links relative to where a page stands, and long lists cut into pages of bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from secscan.inert import for_html
from secscan.reporters.html import templates
from secscan.reporters.html.fleet import HostLine
from secscan.reporters.html.portal import addresses
from secscan.reporters.html.portal.gathering import Gathering, Member
from secscan.reporters.html.risks import LEVELS
from secscan.summary import HostSummary

File = tuple[str, Iterator[str]]

STYLE, SCRIPT, INDEX, SEARCH = "assets/page.css", "assets/opening.js", "assets/index.js", "assets/search.js"
_POLICY = "default-src 'none'; style-src 'self' file:; script-src 'self' file:; " + templates.NOWHERE
_LIST_BYTES = 40_000  # of the rows on one page
_FIRST_BYTES = 20_000  # where a page has more to say before them


@dataclass(slots=True)
class Writer:
    """Writes pages about what was gathered."""

    gathering: Gathering
    _contexts: dict[str, dict[str, Any]] = field(default_factory=dict)
    _words: dict[str, Any] = field(default_factory=dict)

    def page(self, template: str, path: str, **values: Any) -> File:
        """One page, relative to the portal's folder."""
        context = self.context(path) | values | {"path": path}
        return path, templates.gather(templates.environment().get_template(f"portal/{template}").generate(context))

    def listing(self, template: str, path: str, rows: Sequence[str], *, short: bool = False, **values: Any) -> Iterator[File]:
        """Rows, which are markup, on as many pages as they need. `short` says that the first page has more to show than rows."""
        pages = list(cut_rows(rows, _FIRST_BYTES if short else _LIST_BYTES)) or [[]]
        files = [addresses.page_file(path, number) for number in range(1, len(pages) + 1)]
        here = path.rpartition("/")[0] + "/" if "/" in path else ""
        for number, (file, listed) in enumerate(zip(files, pages, strict=True), 1):
            turned = {
                "number": number,
                "pages": len(pages),
                "before": files[number - 2].removeprefix(here) if number > 1 else "",
                "after": files[number].removeprefix(here) if number < len(pages) else "",
            }
            yield self.page(template, file, listed=templates.markup("".join(listed)), turned=turned, **values)

    def context(self, path: str) -> dict[str, Any]:
        """What every template of a page at a path needs."""
        root = "../" * path.count("/")
        if root not in self._contexts:
            self._contexts[root] = self._make_context(root)
        return self._contexts[root]

    def rows(self, path: str) -> Any:
        """The macros that make rows for a page at a path."""
        return templates.environment().get_template("portal/rows.html").make_module(self.context(path))

    def matrix_rows(self, path: str, members: Iterable[Member], domains: Sequence[str]) -> list[str]:
        """A line of the host matrix for each host, those that were not reached with their reason."""
        w, root = self.gathering.w, "../" * path.count("/")
        rows = []
        for member in members:
            host = member.line.summary
            named = f'<a href="{root}{member.page}"><bdi>{member.said}</bdi></a>'
            site = f'<br><bdi class="aside">{for_html(host.site)}</bdi>' if host.site else ""
            rows.append(
                f'<tr><th scope="row">{named}{site}</th><td><bdi>{for_html(host.system[:80])}</bdi></td>'
                f'<td class="n strong">{for_html(w.rate(host.tally.compliance))}</td>'
                f'<td class="n">{for_html(w.rate(host.tally.coverage))}</td>{templates.areas(member.line.domains, domains)}</tr>\n'
            )
        return rows

    def _make_context(self, root: str) -> dict[str, Any]:
        gathering = self.gathering
        self._words = self._words or templates.words_of(gathering.w)

        def summary_link(host: HostSummary) -> str:
            return root + next(member.page for member in gathering.members if member.line.summary is host)

        def host_link(line: HostLine) -> str:
            return root + gathering.pages[line.anchor]

        @cache
        def list_contents(path: str) -> Any:
            return self.rows(path).contents(path)

        return self._words | {
            "contents": lambda path: list_contents(path if not root else root.replace("..", "-")),
            "root": root,
            "style": STYLE,
            "script": SCRIPT,
            "policy": _POLICY,
            "fleet": gathering.fleet,
            "levels": LEVELS,
            "alone": None,
            "many": True,
            "lost": "",
            "mended_first": 8,
            "host_link": host_link,
            "summary_link": summary_link,
            "named": lambda lines: templates.named(gathering.w, [(host_link(line), line.summary.name) for line in lines]),
            "unreachable_link": f"{root}unreachable.html",
            "checks_link": f"{root}checks.html",
            "check_link": lambda check: f"{root}{addresses.check_path(check)}.html",
            "requirement_link": lambda name: f"{root}{addresses.requirement_path(name)}.html",
            "framework_link": lambda name: f"{root}{addresses.framework_path(name)}.html",
            "control_link": lambda framework, control: f"{root}{addresses.control_path(framework, control)}.html",
            "site_link": lambda site: f"{root}{addresses.site_path(site)}.html",
        }


def place_rows(rows: Iterable[str], path: str, *, short: bool = False) -> list[str]:
    """The file that each row stands in, as `Writer.listing` puts them there."""
    pages = cut_rows(rows, _FIRST_BYTES if short else _LIST_BYTES)
    return [addresses.page_file(path, number) for number, page in enumerate(pages, 1) for _ in page]


def cut_rows(rows: Iterable[str], first: int) -> Iterator[list[str]]:
    """Rows in lists of at most so many bytes, the first list of at most `first`; a row that is larger stands alone."""
    gathered: list[str] = []
    size, most = 0, first
    for row in rows:
        length = len(row.encode("utf-8", "replace"))
        if gathered and size + length > most:
            yield gathered
            gathered, size, most = [], 0, _LIST_BYTES
        gathered.append(row)
        size += length
    if gathered:
        yield gathered
