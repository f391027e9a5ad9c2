#!/bin/sh
# Installs what the tests use and pip does not bring: Debian packages, as root on a Debian machine, and the validators of reports
# below .tools. Elsewhere it says what is missing and goes on.
set -eu
packages='mmdebstrap systemd-container iproute2 openssh-server openssh-client sudo mksh busybox-static dropbear-bin chromium nftables
  openscap-scanner fonts-dejavu-core fonts-noto-core fonts-wqy-microhei poppler-utils
  postgresql cron faketime acl restic borgbackup rsnapshot duplicity pgbackrest barman rsync git btrfs-progs e2fsprogs zstd xz-utils bzip2'
command -v npm >/dev/null 2>&1 || packages="$packages nodejs npm"
tools="$(cd "$(dirname "$0")/.." && pwd)/.tools"
trestle=5.2.0
inspecjs=2.12.6
sarif=5.7.0
axe=4.14.1

missing=
for package in $packages; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing="$missing $package"
done
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing for the tests:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of package names
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
  else
    echo "tests that need these Debian packages are skipped:$missing"
  fi
fi

# compliance-trestle wants other versions of what secscan uses, so it has an environment of its own.
oscal="$tools/oscal-$trestle"
if [ ! -e "$oscal/whole" ]; then
  echo "installing for the tests: compliance-trestle $trestle"
  rm -rf "$oscal"
  if "${PYTHON:-python3}" -m venv "$oscal" && "$oscal/bin/python" -m pip install --quiet --disable-pip-version-check "compliance-trestle==$trestle"; then
    touch "$oscal/whole"
  else
    echo "tests that validate OSCAL are skipped: compliance-trestle cannot be installed"
  fi
fi

node="$tools/node-$inspecjs-$sarif"
if [ ! -e "$node/whole" ]; then
  echo "installing for the tests: inspecjs $inspecjs, sarif-multitool $sarif"
  rm -rf "$node"
  mkdir -p "$node"
  if npm install --prefix "$node" --ignore-scripts --no-audit --no-fund --silent "inspecjs@$inspecjs" "@microsoft/sarif-multitool-linux@$sarif"; then
    chmod +x "$node/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
    touch "$node/whole"
  else
    echo "tests that validate HDF and SARIF are skipped: npm cannot install inspecjs and sarif-multitool"
  fi
fi

rules="$tools/axe-$axe"
if [ ! -e "$rules/whole" ]; then
  echo "installing for the tests: axe-core $axe"
  rm -rf "$rules"
  mkdir -p "$rules"
  if npm install --prefix "$rules" --ignore-scripts --no-audit --no-fund --silent "axe-core@$axe"; then
    touch "$rules/whole"
  else
    echo "tests of accessibility are skipped: npm cannot install axe-core"
  fi
fi
