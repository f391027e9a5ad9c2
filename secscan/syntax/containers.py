"""Container engines on a host: which are there, and how each is asked without making it write anything.

Docker answers through its socket. Podman has no daemon; it is called only where it has a store already, since a first call would
make one. What rootless engines of ordinary users run is not seen: it has that user's rights and no more.
"""

from __future__ import annotations

TOUCHES = ("/run/docker.sock", "/var/lib/containers/storage", "/etc/containers/storage.conf", "docker", "podman")

# list_engines: the engines that are there in $engines; why one of them cannot be asked in $fault
LIST_ENGINES = r"""is_podman() { # the docker command of podman-docker calls podman
  case $(readlink -f "$(command -v docker)" 2>/dev/null) in */podman) return 0 ;; esac
  head -c 512 "$(command -v docker)" 2>/dev/null | grep -q podman
}
list_engines() {
  engines='' fault=''
  # the engine of this host, whichever root's own client is set to
  if [ -S /run/docker.sock ]; then export DOCKER_HOST=unix:///run/docker.sock; else unset DOCKER_HOST; fi
  unset DOCKER_CONTEXT
  if [ -S /run/docker.sock ] || [ -S /var/run/docker.sock ] || have dockerd; then
    if ! have docker; then fault='there is a Docker engine, and no docker command'
    elif is_podman; then :
    elif ! fault=$(docker ps --quiet --last 1 2>&1 >/dev/null); then
      fault="docker: $(printf '%s' "$fault" | tr '\n' ' ')"
    else fault='' engines=docker; fi
  fi
  if have podman; then
    store=''
    for file in /var/lib/containers/storage/db.sql /var/lib/containers/storage/libpod/bolt_state.db; do
      if [ -e "$file" ]; then store=yes; fi
    done
    case $(grep '^[[:blank:]]*graphroot[[:blank:]]*=' /etc/containers/storage.conf 2>/dev/null) in
      '' | *'"/var/lib/containers/storage"'*) ;;
      *) store=yes ;;
    esac
    if [ "$(id -u)" = 0 ]; then engines="$engines${engines:+ }podman${store:+:}"
    else fault='the containers of podman are shown to their owner only, and this is not root'; fi
  fi
}
"""
