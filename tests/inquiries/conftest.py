"""Lets the tests here import their servers, and gives them as fixtures."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from peer_servers import authority, serve, tls_server, weak_key

__all__ = ["authority", "serve", "tls_server", "weak_key"]
