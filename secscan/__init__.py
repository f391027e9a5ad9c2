"""secscan: an agentless cybersecurity and business-continuity compliance scanner.

The same few functions that the command line uses:

    import secscan

    engine = secscan.load_engine("un_minimum")
    assessment, bundle = secscan.scan(engine, secscan.parse_target("ssh://admin@web1"))
    bundle = secscan.collect(engine, secscan.parse_target("local"))
    assessment = secscan.evaluate(engine, bundle)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from secscan.inventory import parse_target, read_inventory
    from secscan.pipeline import Engine, collect, evaluate, load_engine, scan

__version__ = "0.1.0"
__all__ = ["Engine", "__version__", "collect", "evaluate", "load_engine", "parse_target", "read_inventory", "scan"]

_INVENTORY = {"parse_target", "read_inventory"}


def __getattr__(name: str) -> Any:
    """The API is imported when it is first used, so that the command line starts quickly."""
    if name not in __all__:
        raise AttributeError(f"module 'secscan' has no attribute {name!r}")
    return getattr(import_module("secscan.inventory" if name in _INVENTORY else "secscan.pipeline"), name)
