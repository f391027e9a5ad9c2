"""Regular expressions and argument values: what a person wrote that RE2 or a probe would refuse, found while loading."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

from secscan.matchers.text import compile_pattern
from secscan.model.probe import Argument


@lru_cache(maxsize=4096)
def pattern_fault(pattern: str) -> str:
    """Why a text is no RE2 pattern; empty when it is one."""
    try:
        compile_pattern(pattern)
    except re2.error as error:
        reason = error.args[0]
        return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return ""


def argument_fault(argument: Argument, value: Any) -> str:
    """Why a value cannot be given to an argument; empty when it can."""
    items = [str(item) for item in (value if isinstance(value, tuple) else (value,))]
    if any("\0" in item or "\n" in item for item in items):
        return f"{argument.name!r} cannot hold a line break or a NUL"
    if argument.choices and any(item not in argument.choices for item in items):
        return f"{argument.name!r} is one of {', '.join(argument.choices)}"
    if argument.pattern and not all(compile_pattern(argument.pattern).fullmatch(item) for item in items):
        return f"{argument.name!r} must match {argument.pattern}"
    return ""
