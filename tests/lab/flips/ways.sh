#!/bin/sh
# Ways to set a host up wrong, for the commands of table.yaml. Each notes how to put right what it does; `put_right` does that,
# the last thing first.
# shellcheck disable=SC2317 # the commands of the table call these
set -eu
umask 022
state=/run/flips
mkdir -p $state/kept $state/debs $state/kernel
chmod 0700 $state
touch $state/undo

undo() { printf '%s\n' "$*" | tr '\n' ' ' >>$state/undo && echo >>$state/undo; }
put_right() {
  tac $state/undo >$state/undone
  : >$state/undo
  sh -eu $state/undone
}
# keep PATH...: what is there now comes back with owner, mode and times, or is removed when there is nothing
keep() {
  for path; do
    if [ -e "$path" ] || [ -L "$path" ]; then
      kept=$(mktemp -d $state/kept/XXXXXX)
      cp -a -- "$path" "$kept/"
      undo "rm -rf -- '$path' && cp -a -- '$kept/${path##*/}' '$path'"
    else undo "rm -rf -- '$path'"; fi
  done
}
# put PATH LINE...: a new file of these lines
put() {
  keep "$1"
  file=$1
  shift
  rm -f -- "$file"
  mkdir -p -- "${file%/*}"
  printf '%s\n' "$@" >"$file"
}
# private PATH LINE...: the same, for root alone
private() {
  put "$@"
  chmod 0600 "$1"
}
# add PATH LINE...: lines at the end
add() {
  keep "$1"
  file=$1
  shift
  printf '%s\n' "$@" >>"$file"
}
# change PATH SED: an edit that must change something
change() {
  keep "$1"
  sed -E "$2" "$1" >$state/changed
  if cmp -s $state/changed "$1"; then
    printf 'nothing to change in %s by %s\n' "$1" "$2" >&2
    return 1
  fi
  cat $state/changed >"$1"
}
remove() {
  keep "$1"
  rm -rf -- "$1"
}
# mode MODE PATH, own OWNER PATH: of a file that stays as it is
mode() {
  undo "chmod $(stat -c %a -- "$2") -- $2"
  chmod "$1" -- "$2"
}
own() {
  undo "chown $(stat -c %u:%g -- "$2") -- $2 && chmod $(stat -c %a -- "$2") -- $2"
  chown "$1" -- "$2"
}
# aged WHEN PATH...: times of modification, as date(1) reads them
aged() {
  when=$1
  shift
  for path; do
    undo "touch -d @$(stat -c %Y -- "$path") -- $path"
    touch -d "$when" -- "$path"
  done
}
# account COMMAND...: one that edits the lists of accounts
account() {
  keep /etc/passwd /etc/shadow /etc/group /etc/gshadow /etc/passwd- /etc/shadow- /etc/group- /etc/gshadow-
  "$@"
}
# sshd LINE...: lines that the daemon reads before all others; it is not told, so that the scan still gets in
sshd() { add /etc/ssh/sshd_config.d/00-flips.conf "$@"; }
# sysctl_set KEY VALUE: in the kernel, of what a host of the lab has for itself
sysctl_set() {
  undo "sysctl -q -w $1=$(sysctl -n "$1")"
  sysctl -q -w "$1=$2"
}
# forwarding KEY: on. The kernel then resets what belongs to hosts and to routers.
forwarding() {
  sysctl -a --pattern '^net.ipv[46].conf.*(accept|send)_(redirects|ra)$' >$state/redirects
  undo "sysctl -q -p $state/redirects"
  sysctl_set "$1" 1
}
# played PATH LINE...: a file of the machine's kernel, played by one that lies over it from now on
played() {
  file=$state/kernel/$(printf %s "$1" | tr / _)
  path=$1
  shift
  printf '%s\n' "$@" >"$file"
  chmod 0644 "$file"
  mount --bind "$file" "$path"
}
# played_new PATH LINE...: the same where the machine has no such file, below a file system in memory
played_new() {
  mkdir -p "${1%/*}"
  : >"$1"
  played "$@"
}
# kernel PATH LINE...: what a played file says instead
kernel() {
  file=$state/kernel/$(printf %s "$1" | tr / _)
  kept=$(mktemp $state/kept/XXXXXX)
  cat "$file" >"$kept"
  undo "cat $kept >$file"
  shift
  printf '%s\n' "$@" >"$file"
}
# unit FILE LINE...: a file of systemd that is changed or new
unit() {
  undo systemctl daemon-reload
  name=$1
  shift
  put "/etc/systemd/system/$name" "$@"
  systemctl daemon-reload
}
# daemons NAME...: services that run and start at boot
daemons() {
  undo systemctl daemon-reload
  for name; do
    put "/etc/systemd/system/$name.service" '[Service]' 'ExecStart=/bin/sleep infinity' 'Restart=on-failure' '[Install]' \
      'WantedBy=multi-user.target'
  done
  systemctl daemon-reload
  undo "systemctl disable --quiet --now $*"
  systemctl enable --quiet --now "$@" 2>/dev/null
}
stopped() {
  undo "systemctl start $*"
  systemctl stop "$@"
}
disabled() {
  undo "systemctl enable --quiet $1 2>/dev/null"
  systemctl disable --quiet "$1" 2>/dev/null
}
# runs WORDS...: a program that goes on, with what it says nowhere
runs() {
  setsid "$@" </dev/null >/dev/null 2>&1 &
  undo "kill $! || true"
  [ "$1" = sh ] || while grep -qxE 'sh|setsid' "/proc/$!/comm"; do sleep 0.01; done
}
# listens ADDRESS PORT: somebody takes TCP connections there
listens() {
  runs python3 -c "import socket, time; s = socket.create_server(('$1', $2), family=socket.AF_INET6 if ':' in '$1' else socket.AF_INET)
time.sleep(3600)"
  tries=0
  until ss -Hltn "sport = $2" | grep -q .; do
    tries=$((tries + 1))
    [ $tries -lt 100 ]
    sleep 0.05
  done
}
# package NAME...: packages of nothing, installed by dpkg
package() {
  for name; do
    tree=$(mktemp -d $state/debs/XXXXXX)
    mkdir "$tree/DEBIAN"
    printf '%s\n' "Package: $name" 'Version: 1' 'Architecture: all' 'Maintainer: the lab <lab@example.org>' \
      'Description: nothing' >"$tree/DEBIAN/control"
    [ "$name" != never-set-up ] || printf '#!/bin/sh\nexit 1\n' >"$tree/DEBIAN/postinst"
    [ "$name" != never-set-up ] || chmod 0755 "$tree/DEBIAN/postinst"
    chmod 0755 "$tree"
    dpkg-deb --build -Znone "$tree" "$state/debs/$name.deb" >/dev/null
  done
  (
    cd $state/debs
    # shellcheck disable=SC2046 # names of packages
    dpkg --install $(printf '%s.deb ' "$@") >/dev/null 2>&1 || [ "$*" = never-set-up ]
  )
  undo "dpkg --purge $* >/dev/null 2>&1"
}
unpackage() {
  undo "dpkg --install $state/debs/$1.deb >/dev/null"
  dpkg --purge "$1" >/dev/null 2>&1
}
# postgres SQL, mysql_set SQL UNDO
postgres() {
  undo "runuser -u postgres -- psql -qXc \"$2\" -c 'SELECT pg_reload_conf()' >/dev/null"
  runuser -u postgres -- psql -qXc "$1" -c 'SELECT pg_reload_conf()' >/dev/null
}
maria() {
  undo "mariadb -e \"$2\""
  mariadb -e "$1"
}
postfix_set() {
  keep /etc/postfix/main.cf
  postconf -e "$@"
}
certificate() {
  # certificate NAME KEY DAYS [HASH]: signed by the lab's own authority
  openssl req -new -newkey "$2" -nodes -keyout "/etc/ssl/private/$1.key" -subj "/CN=$1.example.org" -out $state/request 2>/dev/null
  openssl x509 -req -in $state/request -CA /etc/ssl/lab-ca.pem -CAkey /etc/ssl/private/lab-ca.key -CAcreateserial -days "$3" \
    "-${4:-sha256}" -out "/etc/ssl/$1.crt" 2>/dev/null
  chmod 0640 "/etc/ssl/private/$1.key"
  undo "rm -f /etc/ssl/$1.crt /etc/ssl/private/$1.key"
}
