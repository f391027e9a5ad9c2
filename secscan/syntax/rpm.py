"""Asking rpm without its writing anything: as root it makes a database that is missing, and locks beside the one that is there."""

from __future__ import annotations

# ask_rpm ARGUMENT...: rpm as a user who may only read. A query that is killed then leaves no stale lock of Berkeley DB either.
ASK_RPM = """ask_rpm() {
  if [ "$(id -u)" != 0 ]; then rpm "$@"
  elif have setpriv; then setpriv --reuid=65534 --regid=65534 --clear-groups rpm "$@"
  else return 127; fi
}
"""
