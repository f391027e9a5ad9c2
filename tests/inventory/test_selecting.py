"""Selectors choose what they say, and a word that matches nothing is a mistake."""

from __future__ import annotations

import pytest

from secscan.errors import UsageError
from secscan.inventory import select
from secscan.model.target import Target

TARGETS = (
    Target("web1", address="10.0.0.1", site="geneva", criticality="high", labels={"web": "", "tier": "front"}),
    Target("web2", address="10.0.0.2", site="nairobi", criticality="low", labels={"role": "web"}),
    Target("db1", address="10.0.0.3", site="geneva", labels={"group": "db,prod"}),
    Target("image", "chroot", "/srv"),
)


@pytest.mark.parametrize(
    ("limits", "names"),
    [
        ([], "web1 web2 db1 image"),
        (["site=geneva"], "web1 db1"),
        (["site=geneva,label=web"], "web1"),
        (["label=web"], "web1 web2"),
        (["label=role:web"], "web2"),
        (["label=tier"], "web1"),
        (["label=tier:fr*"], "web1"),
        (["group=prod"], "db1"),
        (["label=group:db"], "db1"),
        (["!site=geneva"], "web2 image"),
        (["site=geneva,!web1"], "db1"),
        (["web*"], "web1 web2"),
        (["host=10.0.0.?"], "web1 web2 db1"),
        (["criticality=high"], "web1"),
        (["transport=chroot", "db1"], "db1 image"),
        ([" site = geneva "], None),
        (["site=geneva , db1"], "db1"),
    ],
)
def test_a_limit_selects(limits, names):
    if names is None:
        with pytest.raises(UsageError):
            select(TARGETS, limits)
    else:
        assert " ".join(target.name for target in select(TARGETS, limits)) == names


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("", "is empty"),
        ("site=geneva,", "empty part"),
        ("!", "empty part"),
        ("site=", "cannot be read"),
        ("sites=geneva", r"did you mean 'site'\?\); allowed: HOST, host="),
        ("site=geneve", r"no host has site 'geneve' \(did you mean 'geneva'\?\); allowed: geneva, nairobi"),
        ("!site=geneve", "no host has site 'geneve'"),
        ("label=wbe", "no host has label 'wbe'"),
        ("criticality=urgent", "no host has criticality 'urgent'"),
        ("criticality=critical", "selects none of 4 hosts"),
        ("site=nairobi,db1", "selects none of 4 hosts"),
        ("web3", "no host has host 'web3'"),
    ],
)
def test_a_limit_that_names_nothing_or_leaves_nothing_is_an_error(limit, said):
    with pytest.raises(UsageError, match=said):
        select(TARGETS, [limit])
