"""Targets as people write them on a command line."""

from __future__ import annotations

import pytest

from secscan.errors import UsageError
from secscan.inventory import parse_target
from secscan.model.target import Target


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("web1", Target("web1", "ssh", "web1")),
        ("admin@web1:2222", Target("web1:2222", "ssh", "web1", 2222, "admin")),
        ("web1:22", Target("web1", "ssh", "web1", 22)),
        ("ssh://admin@web1", Target("web1", "ssh", "web1", 0, "admin")),
        ("[::1]:2222", Target("[::1]:2222", "ssh", "::1", 2222)),
        ("2001:db8::7", Target("2001:db8::7", "ssh", "2001:db8::7")),
        ("openssh://admin@web1:22", Target("web1", "openssh", "web1", 22, "admin")),
        ("local", Target("local", "local")),
        ("local://", Target("local", "local")),
        ("chroot:///srv/image", Target("srv-image", "chroot", "/srv/image")),
        ("chroot:/srv/image", Target("srv-image", "chroot", "/srv/image")),
        ("chroot:///", Target("chroot", "chroot", "/")),
        ("container://web", Target("web", "container", "web")),
        ("container://podman/web", Target("web", "container", "web", options={"engine": "podman"})),
        ("docker://web", Target("web", "container", "web", options={"engine": "docker"})),
        ("replay:///data/web1.bundle.json.gz", Target("web1", "replay", "/data/web1.bundle.json.gz")),
        ("replay:data/web1.bundle.json.gz", Target("web1", "replay", "data/web1.bundle.json.gz")),
        ("winrm://web1", Target("web1", "winrm", "web1")),
    ],
)
def test_a_target_is_read(text, target):
    assert parse_target(text) == target


@pytest.mark.parametrize(
    "text",
    ["", " ", "-oProxyCommand=x", "web;id", "ssh://", "openssh://", "openssh://a b", "local://x", "chroot://", "chroot:srv", "docker://",
     "docker://a/b", "container://lxc/web", "container://podman/", "docker://a;b", "replay://", "winrm://", "winrm://a;b", "chroot:///a\nb"],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_what_is_allowed(text):
    with pytest.raises(UsageError, match="allowed: "):
        parse_target(text)
