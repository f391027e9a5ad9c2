"""An option of BIND's named for each view and zone, told by named-checkconf with all includes in place, without the keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Value
from secscan.probing import Unreadable, closed_lines, reply, same_for_all
from secscan.syntax.blocks import Statement, parse_blocks

_DEPTH = 16
_EVERYBODY = {"any", "0.0.0.0/0", "::/0"}
_KEYS = {"trust-anchors", "trusted-keys", "managed-keys"}
_WARNING = re.compile(r"\| \S+:\d+: ")  # named-checkconf mixes them into what it prints: FILE:LINE: option 'x' is deprecated
# -x keeps the secrets of keys back
_SCRIPT = r"""if have named-checkconf; then
  if told=$(named-checkconf -px 2>/dev/null); then
    printf '%s\n' "$told" | while IFS= read -r line; do printf '| %s\n' "$line"; done
    printf 'end\n'
  else printf 'unobservable: named-checkconf: %s\n' "$(named-checkconf -px 2>&1 | tail -n 1)"; fi
elif have named; then printf 'unobservable: there is no named-checkconf command\n'
else printf 'absent\n'; fi"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One `named-checkconf` for all calls."""
    return Question(_SCRIPT, ("named-checkconf -px",))


def read(call: Arguments, answer: Answer) -> Observation:
    """The lines of `named-checkconf -px` after `| `; then `end`."""
    said = reply(answer, "BIND")
    if said:
        return said
    lines = closed_lines(answer)
    if not lines or not all(line.startswith("|") for line in lines):
        raise Unreadable("not the lines of named-checkconf")
    tree = parse_blocks("\n".join(line[2:] for line in lines if not _WARNING.match(line)))
    strange = next((statement for statement in tree if not re.fullmatch(r"[a-z-]+", statement.name)), None)
    if strange:
        raise Unreadable(f"not a statement of named.conf: {' '.join(strange.words)[:120]!r}")
    name = str(call["name"]).lower()
    lists = {statement.words[1]: statement for statement in tree if statement.name == "acl" and len(statement.words) == 2}
    options = next((statement.body or () for statement in tree if statement.name == "options"), ())
    views = [statement for statement in tree if statement.name == "view"]
    scopes = [(view.words[1], view.body or ()) for view in views] or [("", ())]
    zones = [
        {**_zone(zone), "view": title, **_effective(name, (zone.body or (), body, options), lists)}
        for title, body in (scopes if views else [("", tree)])
        for zone in body
        if zone.name == "zone"
    ]
    return Observed({
        "views": tuple(
            {
                "view": title,
                **_effective(name, (body, options), lists),
                "recursion_for": _recursion_for((body, options), lists),
                "anchors": _anchors((body, tree)),
                "unchecked": _elements_of("validate-except", (body, options), lists),
            }
            for title, body in scopes
        ),
        "zones": tuple(zones),
        "value": _effective(name, (options,), lists)["value"],
    })  # fmt: skip


def _recursion_for(levels: Sequence[Sequence[Statement]], lists: Mapping[str, Statement]) -> Value:
    """Whose questions are passed on: of these options the first that is set decides (BIND ARM, allow-recursion).

    A view that passes on everybody's does so for those who get to see it.
    """
    if _effective("recursion", levels, lists)["value"] in {"no", "false", "0"}:
        return ()
    for name in ("allow-recursion", "allow-query-cache", "allow-query"):
        elements = _effective(name, levels, lists)["elements"]
        if isinstance(elements, tuple) and _EVERYBODY & set(elements):
            clients = _effective("match-clients", levels[:1], lists)["elements"]
            named = [each for each in elements if each not in _EVERYBODY]
            return tuple(dict.fromkeys([*named, *clients])) if isinstance(clients, tuple) else elements
        if not isinstance(elements, Absent):
            return elements
    return ("localnets", "localhost")


def _anchors(levels: Iterable[Sequence[Statement]]) -> tuple[str, ...]:
    """Domains of which keys are written in the configuration, for the view and for all views."""
    keys = (key for level in levels for each in level if each.name in _KEYS for key in each.body or ())
    return tuple(dict.fromkeys(key.words[0].rstrip(".") or "." for key in keys if key.words))


def _elements_of(name: str, levels: Sequence[Sequence[Statement]], lists: Mapping[str, Statement]) -> Value:
    elements = _effective(name, levels, lists)["elements"]
    return () if isinstance(elements, Absent) else elements


def _zone(zone: Statement) -> Record:
    kind = next((statement.value for statement in zone.body or () if statement.name == "type"), "")
    return {"name": zone.words[1], "type": {"master": "primary", "slave": "secondary"}.get(kind, kind)}


def _effective(name: str, levels: Iterable[Sequence[Statement]], lists: Mapping[str, Statement]) -> Record:
    """The option from the first level that sets it."""
    for level in levels:
        own = [statement for statement in level if statement.name == name]
        if own:
            elements = tuple(element for statement in own for element in _elements(statement, lists, 0))
            words = [statement.value for statement in own if statement.value]
            return {"value": "; ".join(words or elements), "elements": elements}
    missing: Value = Absent(f"a setting of {name}")
    return {"value": missing, "elements": missing}


def _elements(statement: Statement, lists: Mapping[str, Statement], depth: int) -> Iterator[str]:
    """What stands between the braces, named lists replaced by what they hold."""
    if depth > _DEPTH:
        raise Unreadable("lists of addresses name each other")
    for element in statement.body or ():
        text = " ".join(element.words)
        if element.body is not None:
            yield from _elements(element, lists, depth + 1)
        elif text in lists:
            yield from _elements(lists[text], lists, depth + 1)
        else:
            yield text


_VALUES = (
    Attribute("value", Type.TEXT, "its words, or its elements with `; ` between them; absent where it is set on no level"),
    Attribute("elements", Type.LIST, "what stands between its braces, named lists of addresses replaced by what they hold"),
)
PROBE = Probe(
    name="named_option",
    summary="An option of BIND, for each view and each zone",
    arguments=(Argument("name", Type.TEXT, "the option, such as allow-recursion", required=True, pattern=r"[A-Za-z0-9-]+"),),
    attributes=(
        Attribute(
            "views",
            Type.RECORDS,
            "what holds for each view; one record with an empty name where there are no views",
            (
                Attribute("view", Type.TEXT, "name of the view"),
                *_VALUES,
                Attribute("recursion_for", Type.LIST, "clients whose questions the view passes on, whatever option is asked about"),
                Attribute("anchors", Type.LIST, "domains of which the configuration holds keys (trust-anchors), such as . for all"),
                Attribute("unchecked", Type.LIST, "domains that validate-except leaves out"),
            ),
        ),
        Attribute(
            "zones",
            Type.RECORDS,
            "what holds for each zone",
            (
                Attribute("name", Type.TEXT, "name of the zone"),
                Attribute("type", Type.TEXT, "primary, secondary, hint, forward, ..."),
                Attribute("view", Type.TEXT, "the view it belongs to"),
                *_VALUES,
            ),
        ),
        Attribute("value", Type.TEXT, "what the options block says, for options that only stand there"),
    ),
    ask=ask,
    read=read,
    split=same_for_all,
    example=(
        '| options {\n| \trecursion no;\n| };\n| zone "example.org" {\n| \ttype primary;\n| \tfile "/var/lib/bind/x";\n| };\nend\n'
    ),
    time_limit_s=30,
    condition="name",
)
