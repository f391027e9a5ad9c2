"""What apk would update, holds back and installs by itself, without the network."""

from __future__ import annotations

UPDATES_APK = r"""
ask_apk() {
  printf 'manager apk\nsecurity unobservable: Alpine publishes no advisories with its packages\n'
  moment=$(stat -c %Y /var/cache/apk/APKINDEX.*.tar.gz /etc/apk/cache/APKINDEX.*.tar.gz 2>/dev/null | sort -n | head -n 1)
  if [ -z "$moment" ]; then printf 'pending unobservable: the package index was never fetched\n'
  elif list=$(apk --no-network version -v -l '<' 2>/dev/null); then
    printf 'lists %s\n' "$moment"
    printf '%s\n' "$list" | awk 'NF >= 3 && $2 == "<" { name = $1; match(name, /-[0-9][^-]*-r[0-9]+$/)
      print "update", substr(name, 1, RSTART - 1), substr(name, RSTART + 1), $3, "untold" }' && printf 'pending known\n'
  else printf 'pending unobservable: apk version failed\n'; fi
}
held_apk() {
  unread /etc/apk/world
  tr ' ' '\n' 2>/dev/null </etc/apk/world | sed -n 's/^\([^=<>~@]*\)[=<~][=<>~]*.*/held \1/p'
}
automatic_apk() {
  for file in /etc/periodic/*/*; do
    if [ -x "$file" ] && grep -q '^[^#]*apk .*upgrade' "$file" 2>/dev/null; then
      printf 'automatic yes %s\n' "${file##*/}"
      return
    fi
  done
  if [ ! -r /etc/crontabs/root ]; then printf 'automatic unobservable: /etc/crontabs/root cannot be read by this user\n'
  elif grep -q '^[^#]*apk .*upgrade' /etc/crontabs/root; then printf 'automatic yes cron\n'
  else printf 'automatic no no job runs apk upgrade\n'; fi
}"""
"""Shell functions: `ask_apk` tells the updates, `held_apk` what is kept back, `automatic_apk` what installs them."""
