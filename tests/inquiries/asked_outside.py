"""Asks as a scan does, and reads what comes back; every shortened answer must say nothing."""

from __future__ import annotations

import time
from typing import Any

from secscan import plugins
from secscan.judge.observe import observe
from secscan.model.inquiry import Place
from secscan.model.probe import Answer, Call, Observed
from secscan.model.values import Unobservable

HERE = Place("127.0.0.1")


def ask(probe: str, place: Place = HERE, limit_s: float = 30.0, **arguments: Any) -> Any:
    """The observation of one question, asked now."""
    known = plugins.probes()[probe]
    assert known.outside
    given = {argument.name: arguments.pop(argument.name, argument.default) for argument in known.arguments}
    assert not arguments
    call = Call.of(probe, given)
    began = time.monotonic()
    answer = plugins.inquiry(probe)(call.mapping(), place, began + limit_s)
    assert time.monotonic() < began + limit_s + 3
    for cut in range(0, len(answer), max(1, len(answer) // 200)):
        assert isinstance(observe(known, call, Answer(answer[:cut])), Unobservable), answer[:cut]
    return observe(known, call, Answer(answer))


def seen(probe: str, place: Place = HERE, limit_s: float = 30.0, **arguments: Any) -> Any:
    """The attributes of what is there."""
    observation = ask(probe, place, limit_s, **arguments)
    assert isinstance(observation, Observed), observation
    return observation.attributes
