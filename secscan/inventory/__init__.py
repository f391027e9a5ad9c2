"""Inventories: which hosts there are, how to reach them and what is said about them, from our files or from Ansible's."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from secscan.inventory.contents import Inventory, Site
    from secscan.inventory.reading import read_inventory
    from secscan.inventory.selecting import select
    from secscan.inventory.targets import parse_target

__all__ = ["Inventory", "Site", "parse_target", "read_inventory", "select"]
_PLACES = {
    "Inventory": "contents",
    "Site": "contents",
    "parse_target": "targets",
    "read_inventory": "reading",
    "select": "selecting",
}


def __getattr__(name: str) -> Any:
    """Each part is imported when it is first used: a target on the command line needs no reader of files."""
    if name not in _PLACES:
        raise AttributeError(f"module 'secscan.inventory' has no attribute {name!r}")
    return getattr(import_module(f"secscan.inventory.{_PLACES[name]}"), name)
