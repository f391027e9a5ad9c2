#!/bin/sh
# Makes a virtual environment where Debian's python3 comes without its venv module: install-venv.sh PYTHON DIRECTORY
set -eu
version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "python$version-venv" >/dev/null
  rm -rf "$2"
  exec "$1" -m venv "$2"
fi
echo "python$version cannot make virtual environments: install the Debian package python$version-venv (as root: apt-get install python$version-venv)" >&2
exit 2
