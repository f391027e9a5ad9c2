#!/bin/sh
# Installs the Debian packages that the tests use, as root on a Debian machine; elsewhere says what is missing and goes on.
set -eu
packages='mmdebstrap systemd-container iproute2 openssh-server openssh-client sudo mksh busybox-static dropbear-bin chromium nftables
restic borgbackup rsnapshot duplicity pgbackrest postgresql mariadb-server rsync git etckeeper lvm2 btrfs-progs zstd xz-utils'
missing=
for package in $packages; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing for the tests:$missing"
  apt-get update -qq
  # shellcheck disable=SC2086 # a list of package names
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "tests that need these Debian packages are skipped:$missing"
fi
