"""Paths as text: which lies in which."""

from __future__ import annotations


def is_within(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies below it.

    >>> is_within("/srv/erp/a", "/srv/erp"), is_within("/srv/erp2", "/srv/erp"), is_within("/srv", "/")
    (True, False, True)
    """
    return f"{path.rstrip('/')}/".startswith(f"{folder.rstrip('/')}/")


def plain(path: str) -> str:
    """A path without the slash at its end."""
    return path.rstrip("/") or "/"
