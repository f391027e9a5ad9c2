"""Why the baselines that come with secscan differ from what they extend, in the language of whoever reads the report."""

from __future__ import annotations

import pytest

from secscan import places, plugins
from secscan.content.library import load_library
from secscan.content.reading import Vocabulary
from secscan.decisions import write_local_change
from secscan.languages import LANGUAGES, wording


@pytest.fixture(scope="module")
def changes():
    library = load_library([places.checks()], [places.baselines()], Vocabulary(plugins.probes(), plugins.matchers()), None)
    found = [change for name in library.baselines for change in library.baseline(name).changes if change.reason]
    assert len(found) > 5
    return found


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_a_local_change_of_our_own_is_told_in_the_language_with_its_reason_and_its_approver(changes, code):
    words = wording(code)
    for change in changes:
        fields = {name: getattr(change, name) for name in ("check", "change", "reason", "approver")}
        told = write_local_change(words, fields, change.baseline)
        assert words.translate_content(change.reason) in told
        assert words.translate_content(change.approver) in told
        assert change.reason not in told
        assert change.approver not in told


def test_a_reason_of_an_organization_of_its_own_is_told_as_it_was_written():
    fields = {"check": "a", "change": "dropped", "reason": "mesures prises ailleurs.", "approver": "RSSI"}
    told = write_local_change(wording("es"), fields, "ours")
    assert "mesures prises ailleurs " in told
    assert "RSSI" in told
