"""Inventories: which hosts there are, how to reach them and what is said about them, from our files or from Ansible's."""

from secscan.inventory.contents import Inventory, Site
from secscan.inventory.reading import read_inventory
from secscan.inventory.selecting import select
from secscan.inventory.targets import parse_target

__all__ = ["Inventory", "Site", "parse_target", "read_inventory", "select"]
