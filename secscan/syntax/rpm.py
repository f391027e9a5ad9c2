"""Asking rpm without its writing anything: as root it makes a database that is missing, and locks beside the one that is there."""

from __future__ import annotations

# ask_rpm ARGUMENT...: rpm as a user who may only read. A query that is killed then leaves no stale lock of Berkeley DB either.
# why_no_rpm: the reason, where rpm has told nothing.
ASK_RPM = """ask_rpm() {
  if [ "$(id -u)" != 0 ]; then rpm "$@"
  elif have setpriv; then setpriv --reuid=65534 --regid=65534 --clear-groups rpm "$@"
  else return 127; fi
}
why_no_rpm() {
  [ "$(id -u)" != 0 ] || if ! have setpriv; then
    printf 'rpm writes when root asks it, and setpriv, to ask as another user, is missing'
    return
  elif ! setpriv --reuid=65534 --regid=65534 --clear-groups true 2>/dev/null; then
    printf 'rpm writes when root asks it, and root cannot become another user here'
    return
  fi
  printf 'the rpm database cannot be read, or is empty'
}
"""
