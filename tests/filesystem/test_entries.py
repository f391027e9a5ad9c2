"""Lines of stat and its complaints are read for what they say and no more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan.filesystem.entries import settle, stat_record
from secscan.model.values import Absent
from secscan.probing import Unreadable

LINE = "-rw-r--r-- 644 0:0 5 1795242893 root:root "


def test_the_nth_complaint_belongs_to_the_nth_path_without_a_line():
    lines = [LINE + "/b", "? stat: cannot statx '/a': No such file or directory", "? stat: cannot statx '/c': Permission denied"]
    assert settle(["/a", "/b", "/c"], lines) == {
        "/a": "absent", "/b": LINE + "/b", "/c": "unobservable: cannot statx '/c': Permission denied",
    }  # fmt: skip


@pytest.mark.parametrize("complaints", [[], ["? x: No such file or directory"], ["? x: No such file or directory"] * 3])
def test_when_complaints_do_not_fit_nothing_is_absent(complaints):
    assert "absent" not in settle(["/a", "/c"], complaints).values()


def test_a_group_with_blanks_and_a_path_with_blanks_are_kept_apart():
    record = stat_record("-rw-r--r-- 644 1000:1000 5 1795242893 DOM\\ann:DOM\\domain users /srv/my file /x")
    assert (record["owner"], record["group"], record["path"]) == ("DOM\\ann", "DOM\\domain users", "/srv/my file /x")


def test_an_id_without_a_name_has_no_owner():
    assert isinstance(stat_record("-rw-r--r-- 644 1000:0 5 1795242893 1000:root /a")["owner"], Absent)
    assert isinstance(stat_record("-rw-r--r-- 644 1000:0 5 1795242893 UNKNOWN:root /a")["owner"], Absent)


@given(st.text(max_size=80))
def test_other_text_is_no_file(text):
    with pytest.raises(Unreadable):
        stat_record(text)
