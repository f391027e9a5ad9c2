"""Where the content folders are: inside the installed wheel, or at the top of the repository."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def checks() -> Path:
    """The folder of checks that ship with secscan."""
    return _content("checks")


def baselines() -> Path:
    """The folder of baselines that ship with secscan."""
    return _content("baselines")


def report_templates() -> Path:
    """The folder of templates that reports are made from."""
    return _content("report_templates")


def schemas() -> Path:
    """The folder of JSON Schemas that are written by hand."""
    return _PACKAGE / "schemas"


def locale() -> Path:
    """The folder of translations, as gettext lays it out."""
    return _PACKAGE / "locale"


def _content(name: str) -> Path:
    installed = _PACKAGE / "_content" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
