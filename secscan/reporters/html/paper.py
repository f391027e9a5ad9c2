"""The page as source of the typesetter Typst: what templates wrote as HTML in, what is set on paper out.

Every text becomes a string literal, so that nothing a host sent can be anything but text. How each kind of element looks stands
in pdf/paper.typ; what a page has for screens alone (filters, scripts, links to itself) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from html.parser import HTMLParser

from secscan.reporters.html.columns import Column, widths
from secscan.reporters.html.letters import LONG, LONG_LINE, NEW_LINE, SPACE, first_direction, lines, literal, words

_VOID = frozenset({"meta", "link", "img", "input", "hr", "wbr", "br"})
_LEFT_OUT = frozenset({"head", "script", "style", "form", "footer"})
_LEFT_OUT_KINDS = frozenset({"skip", "here", "unseen", "defs"})
_HEADINGS: Mapping[str, int] = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5}
_TEXTS = frozenset({*_HEADINGS, "p", "th", "td", "li", "dt", "dd", "pre", "summary", "caption"})
_SPACED = _TEXTS | {"span", "a", "b", "bdi", "code", "q", "small", "strong", "time"}
"""Where white space between children is a space."""
_OPENED = frozenset({"result", "check", "member", "framework"})
_TARGET = re.compile(r'href="#([^"]+)"')
_SPACES = re.compile(r"[ \t\n\r\f]+")


@dataclass(slots=True)
class Element:
    """An open element. `parts` are what stands in it, as source; `said` is its plain text; `cells` counts those of a row."""

    tag: str
    kinds: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    hidden: bool = False
    parts: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    cells: int = 0

    @property
    def body(self) -> str:
        """What stands in it, one after the other."""
        return self.parts[0] if len(self.parts) == 1 else "{\n" + "\n".join(self.parts) + "\n}"

    @property
    def children(self) -> str:
        """What stands in it, one by one."""
        return "".join([f"{part},\n" for part in self.parts if part != SPACE])

    @property
    def plain(self) -> str:
        """Its text, whatever it looks like."""
        return _SPACES.sub(" ", "".join(self.said)).strip()

    @property
    def named(self) -> str:
        """Its first two classes, as arguments."""
        first, second, *_ = (*self.kinds, "", "")
        return f"{literal(first)}, {literal(second)}"


class Paper(HTMLParser):
    """Reads one page. Its tags must be as our templates write them: closed, but for items of lists."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self._page: Mapping[str, str] = {}  # attributes of the root
        self._title = self._name = ""
        self._targets = {unescape(found) for found in _TARGET.findall(page)}
        self._waiting: list[str] = []
        self._open = [Element("")]
        self._level = 0  # of the heading before results
        self.feed(page)
        self.close()
        while len(self._open) > 1:
            self._close()

    def source(self, looks: str) -> str:
        """The document. `looks` is pdf/paper.typ, which says what each of its words does."""
        language, _, script = self._page.get("lang", "en").partition("-")
        told = ", ".join(literal(text) for text in (script, self._title, self._name))
        parts = "\n".join([f"#{part}" for part in self._open[0].parts])
        page = f"#let (direction, language) = ({self._direction}, {literal(language)})"
        return f"{page}\n{looks}\n#show: paper.with({told})\n{parts}\n"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        if self._open[-1].tag == "svg":
            self._open[-1].parts.append(self.get_starttag_text() or "")
            return
        if tag == "li" == self._open[-1].tag:
            self.handle_endtag(tag)
        top = self._open[-1]
        if tag in _VOID:
            if tag == "br" and not top.hidden:
                top.parts.append(NEW_LINE)
            return
        attributes = {name: value or "" for name, value in attrs}
        kinds = tuple(attributes.get("class", "").split())
        if tag == "html":
            self._page = attributes
        hidden = top.hidden or tag in _LEFT_OUT or not _LEFT_OUT_KINDS.isdisjoint(kinds)
        opened = Element(tag, kinds, attributes, hidden)
        if not hidden:
            self._mark(opened, top)
        self._open.append(opened)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Shapes of pictures close themselves."""
        self.handle_starttag(tag, attrs)
        if self._open[-1].tag != "svg":
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element, and what was left open in it; it becomes part of the one around it."""
        if self._open[-1].tag == "svg" and tag != "svg":
            self._open[-1].parts.append(f"</{tag}>")
        elif any(element.tag == tag for element in self._open):
            closed = self._close()
            while closed.tag != tag:
                closed = self._close()

    def handle_data(self, data: str) -> None:
        """A text. White space between blocks is none."""
        top = self._open[-1]
        if top.hidden:
            top.said.append(data)
        elif top.tag == "svg":
            top.parts.append(escape(data))
        elif top.tag == "pre" or "prose" in top.kinds:
            top.parts += lines(data, LONG_LINE if top.tag == "pre" else LONG, self._direction == "rtl")
            top.said.append(data)
        elif top.tag in _SPACED or not data.isspace():
            text = _SPACES.sub(" ", data)
            top.parts += words(text, self._direction == "rtl")
            top.said.append(text)

    @property
    def _direction(self) -> str:
        return "rtl" if self._page.get("dir") == "rtl" else "ltr"

    def _mark(self, opened: Element, top: Element) -> None:
        """A link to an element leads to the first text in it."""
        name = opened.attributes.get("id", "")
        if name in self._targets:
            self._targets.remove(name)
            self._waiting.append(name)
        if self._waiting and opened.tag in _TEXTS:
            before = top if opened.tag in _HEADINGS or opened.tag == "summary" else opened
            before.parts += [f"mark({literal(waiting)})" for waiting in self._waiting]
            self._waiting = []

    def _close(self) -> Element:
        closed = self._open.pop()
        if closed.tag == "title":
            self._title = closed.plain
        if not closed.hidden:
            top = self._open[-1]
            top.parts += self._written(closed, top)
            top.said += closed.said
        return closed

    def _written(self, closed: Element, top: Element) -> list[str]:
        """An element as source; those that only hold others together are their parts."""
        if closed.tag == "caption":  # stands before its table
            self._open[-2].parts.append(f'p("caption", "", {closed.body})')
            return []
        placed = self._placed(closed, top)
        if placed:
            return [placed]
        if closed.tag in _WRITERS and not self._within("contents"):
            return [self._turned(closed, _WRITERS[closed.tag](closed))]
        return [_HOLDERS[closed.kinds[:1]](closed)] if closed.kinds[:1] in _HOLDERS else closed.parts

    def _placed(self, closed: Element, top: Element) -> str:
        """What depends on the elements around it; empty for an element that is the same everywhere."""
        if closed.tag in _HEADINGS:
            return self._heading(closed)
        if closed.tag in {"th", "td"}:
            return self._cell(closed)
        if closed.tag == "summary" and not _OPENED.isdisjoint(top.kinds):
            return f"opening({literal(top.kinds[0])},\n{closed.children})"
        if "name" in closed.kinds:  # of a result
            return f"titled({self._level + 1}, true, {closed.body})"
        if closed.tag == "a" and self._within("contents"):
            return f"({literal(_led(closed))}, {closed.body})"
        return ""

    def _within(self, *kinds: str) -> bool:
        return any(kind in element.kinds for element in self._open for kind in kinds)

    def _heading(self, closed: Element) -> str:
        """A heading. Levels follow one another without a gap."""
        level = _HEADINGS[closed.tag]
        if closed.tag == "h1":
            self._name = closed.plain
        if "group-title" in closed.kinds:
            self._level = level
        if self._within("result"):
            level = self._level + 2
        marked = "false" if self._within("body", "figure") else "true"
        return f"titled({level}, {marked}, {closed.body})"

    def _cell(self, closed: Element) -> str:
        """A cell; or a word or its meaning, where a table has names and values alone."""
        table = next(element for element in reversed(self._open) if element.tag == "table")
        row, body = self._open[-1], self._turned(closed, closed.body)
        if "observation" in table.kinds:
            return f"{'term' if closed.tag == 'th' else 'meaning'}({body})"
        span = int(closed.attributes.get("colspan", "1"))
        if span == 1:
            table.columns += [Column() for _ in range(len(table.columns), row.cells + 1)]
            text = "" if "area" in closed.kinds else closed.plain  # an area stands upright
            table.columns[row.cells].add(text, "wide" in closed.kinds, "n" in closed.kinds)
        row.cells += span
        scope = closed.attributes.get("scope", "")
        return f"{'head' if scope == 'col' else 'side' if scope else 'cell'}({span}, {closed.named}, {body})"

    def _turned(self, closed: Element, written: str) -> str:
        """What is in another language or direction than the page is isolated from the text around it."""
        direction = closed.attributes.get("dir", "")
        if closed.tag == "bdi" or direction == "auto":
            direction = first_direction(closed.plain)
        if direction in {"ltr", "rtl"} and direction != self._direction:
            written = f"{'text(dir: ltr,' if closed.tag == 'p' else 'isolated(' + direction + ','} {written})"
        return f'text(lang: "en", {written})' if closed.attributes.get("lang") == "en" else written


def _led(closed: Element) -> str:
    return closed.attributes.get("href", "").removeprefix("#")


def _table(closed: Element) -> str:
    if "observation" in closed.kinds:
        return f"pairs(\n{closed.children})"
    wide = "".join([f"{width}, " for width in widths(closed.columns, measured="findings" not in closed.kinds)])
    return f"rows({closed.named}, ({wide}),\n{closed.children})"


def _picture(closed: Element) -> str:
    """A picture; its classes say which one."""
    attributes = closed.attributes
    shape = f'viewBox="{escape(attributes["viewbox"])}" preserveAspectRatio="{escape(attributes.get("preserveaspectratio", ""))}"'
    return (
        f"picture({closed.named}, {literal(attributes.get('aria-label', ''))}, {literal(shape)}, {literal(''.join(closed.parts))})"
    )


def _called(name: str) -> Callable[[Element], str]:
    return lambda closed: f"{name}({closed.named}, {closed.body})"


def _around(name: str) -> Callable[[Element], str]:
    return lambda closed: f"{name}({closed.body})"


def _listing(name: str) -> Callable[[Element], str]:
    return lambda closed: f"{name}({closed.named},\n{closed.children})"


_HOLDERS: Mapping[tuple[str, ...], Callable[[Element], str]] = {
    ("figures",): lambda closed: f"figures(\n{closed.children})",
    ("figure",): _around("panel"),
    ("body",): _around("below"),
    ("contents",): lambda closed: f"contents({literal(closed.attributes.get('aria-label', ''))},\n{closed.children})",
}  # fmt: skip
"""By its class, what holds others together and looks like something."""
_WRITERS: Mapping[str, Callable[[Element], str]] = {
    "p": _called("p"), "summary": _called("p"), "li": _called("item"), "pre": _called("evidence"), "code": _called("c"),
    "dt": _around("term"), "dd": _around("meaning"), "b": _around("strong"), "strong": _around("strong"), "small": _around("minor"),
    "span": lambda closed: f"s({closed.named}, {closed.body})" if closed.kinds else closed.body,
    "a": lambda closed: f"to({literal(_led(closed))}, {closed.body})",
    "bdi": lambda closed: f"s({closed.named}, {closed.body})" if closed.kinds else closed.body,
    "q": lambda closed: closed.body, "time": lambda closed: closed.body,
    "ul": _listing("bullets"), "ol": _listing("steps"), "dl": lambda closed: f"pairs(\n{closed.children})",
    "thead": lambda closed: f"table.header(\n{closed.children})",
    "table": _table, "svg": _picture,
}  # fmt: skip
