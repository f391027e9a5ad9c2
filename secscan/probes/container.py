"""The containers of Docker and Podman, running or not: what they may do to the host. Their environment is never read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, quote, reply
from secscan.syntax.containers import LIST_ENGINES, TOUCHES

_LIMIT = 500
_PLACES = (
    "/boot", "/dev", "/dev/mem", "/etc/cron.d", "/etc/crontab", "/etc/group", "/etc/ld.so.preload", "/etc/passwd", "/etc/shadow",
    "/etc/ssh", "/etc/sudoers", "/etc/sudoers.d", "/etc/systemd/system", "/home", "/proc", "/root", "/sys", "/usr", "/usr/bin",
    "/usr/lib", "/usr/local/bin", "/usr/local/sbin", "/usr/sbin", "/bin", "/lib", "/sbin", "/etc/cron.daily", "/etc/cron.hourly",
    "/etc/init.d", "/etc/kubernetes", "/etc/pam.d", "/etc/profile", "/etc/profile.d", "/var/lib/etcd", "/var/lib/kubelet",
    "/var/spool/cron", "/var/spool/cron/crontabs", "/var/lib/containerd", "/var/lib/containers", "/var/lib/docker",
    "/run/containerd/containerd.sock", "/run/crio/crio.sock", "/run/docker.sock", "/run/podman/podman.sock",
    "/var/run/containerd/containerd.sock", "/var/run/crio/crio.sock", "/var/run/docker.sock", "/var/run/podman/podman.sock",
)  # fmt: skip
_SOCKETS = ("/docker.sock", "/podman.sock", "/containerd.sock", "/crio.sock")
_BELOW = (
    "/boot/", "/proc/", "/root/", "/etc/cron.d/", "/etc/kubernetes/", "/etc/pam.d/", "/etc/ssh/", "/etc/sudoers.d/",
    "/etc/systemd/", "/var/lib/kubelet/", "/var/spool/cron/",
)  # fmt: skip
_HOST = ".HostConfig."
_WORDS = {
    "name": ".Name", "running": ".State.Running", "finished": ".State.FinishedAt", "created": ".Created",
    "image": ".Config.Image", "image_id": ".Image", "user": ".Config.User",
    "privileged": _HOST + "Privileged", "pid": _HOST + "PidMode", "network": _HOST + "NetworkMode", "ipc": _HOST + "IpcMode",
    "uts": _HOST + "UTSMode", "cap_add": _HOST + "CapAdd", "cap_drop": _HOST + "CapDrop", "security": _HOST + "SecurityOpt",
    "memory": _HOST + "Memory", "pids": _HOST + "PidsLimit", "read_only": _HOST + "ReadonlyRootfs",
    "restart": _HOST + "RestartPolicy.Name", "log": _HOST + "LogConfig.Type",
}  # fmt: skip
_TEMPLATE = (
    "{"
    + ",".join(f'"{word}":{{{{json {path}}}}}' for word, path in _WORDS.items())
    + ',"unit":{{json (index .Config.Labels "PODMAN_SYSTEMD_UNIT")}}'
    + ',"log_size":{{json (index .HostConfig.LogConfig.Config "max-size")}}'
    + ',"devices":[{{range $i, $d := .HostConfig.Devices}}{{if $i}},{{end}}{{json $d.PathOnHost}}{{end}}]'
    + ',"mounts":[{{range $i, $m := .Mounts}}{{if $i}},{{end}}'
    + '{"type":{{json $m.Type}},"from":{{json $m.Source}},"to":{{json $m.Destination}},"write":{{json $m.RW}}}{{end}}]'
    + ',"health":{{with HEALTH}}{{json .Status}}{{else}}null{{end}}}'
)
_IMAGE = '{"id":{{json .Id}},"created":{{json .Created}}}'
# Old versions of Podman keep the health elsewhere. A container may go away between list and look: then all are asked again.
_SCRIPT = f"""{LIST_ENGINES}
look() {{ # ENGINE CONTAINER...
  engine=$1
  shift
  "$engine" inspect --type container --format {quote(_TEMPLATE.replace("HEALTH", ".State.Health"))} "$@" 2>/dev/null ||
    "$engine" inspect --type container --format {quote(_TEMPLATE.replace("HEALTH", ".State.Healthcheck"))} "$@"
}}
complain() {{ # COMMAND...: what it says on standard error, as a fault
  printf 'fault %s: %s\\n' "$engine" "$("$@" 2>&1 >/dev/null | tr '\\n' ' ')"
}}
tell() {{ # ENGINE
  again=0 engine=$1
  while :; do
    if ! ids=$("$engine" ps --all --quiet --no-trunc 2>/dev/null); then complain "$engine" ps --all --quiet; return; fi
    # shellcheck disable=SC2086 # one id a line
    set -- "$engine" $ids
    if [ $# -gt {_LIMIT + 1} ]; then printf 'fault more than {_LIMIT} containers\\n'; return; fi
    if [ $# = 1 ]; then return; fi
    if told=$(look "$@" 2>/dev/null); then break; fi
    again=$((again + 1))
    if [ $again = 3 ]; then complain look "$@"; return; fi
  done
  printf '%s\\n' "$told" | while IFS= read -r line; do printf '%s %s\\n' "$engine" "$line"; done
  shift
  images=$("$engine" inspect --type container --format '{{{{.Image}}}}' "$@" 2>/dev/null | sort -u)
  image={quote(_IMAGE)}
  [ "$engine" = docker ] || image={quote(_IMAGE.replace(".Id", ".ID"))}
  # shellcheck disable=SC2086 # one id a line
  "$engine" image inspect --format "$image" $images 2>/dev/null |
    while IFS= read -r line; do printf 'image %s\\n' "$line"; done
}}
list_engines
if [ -z "$engines$fault" ]; then printf 'absent\\n'
elif [ -n "$fault" ]; then printf 'unobservable: %s\\n' "$fault"
else
  for engine in $engines; do
    printf 'engine %s\\n' "${{engine%:}}"
    case $engine in podman) ;; *) tell "${{engine%:}}" ;; esac
  done
  printf 'end\\n'
fi
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """A list, one look at all containers and one at their images, for each engine."""
    return Question(_SCRIPT, TOUCHES)


def read(call: Arguments, answer: Answer) -> Observation:
    """`engine NAME`, then `NAME {...}` per container and `image {...}` per image, as the engine's templates print them; `end`."""
    said = reply(answer, "a container engine")
    if said:
        return said
    engines: list[str] = []
    found: list[tuple[str, Mapping[str, Any]]] = []
    images: dict[str, Mapping[str, Any]] = {}
    for line in closed_lines(answer):
        kind, _, rest = line.partition(" ")
        if kind == "fault":
            return Unobservable(rest)
        if kind == "engine":
            engines.append(rest)
        elif kind == "image":
            image = json.loads(rest)
            images[_plain(image["id"])] = image
        elif engines and kind == engines[-1]:
            found.append((kind, json.loads(rest)))
        else:
            raise Unreadable(f"not a line about a container: {line[:120]!r}")
    if not engines:
        raise Unreadable("neither an engine nor `absent`")
    records = tuple(_record(engine, told, images) for engine, told in found)
    return Observed({"containers": records, "count": len(records), "engines": tuple(engines)})


def _plain(identity: str) -> str:
    return identity.removeprefix("sha256:")


def _record(engine: str, told: Mapping[str, Any], images: Mapping[str, Mapping[str, Any]]) -> Record:
    security = [str(option) for option in told["security"] or ()]
    image = images.get(_plain(told["image_id"]))
    mounts = told["mounts"]
    pids = told["pids"] or 0
    return {
        "name": str(told["name"]).removeprefix("/"),
        "engine": engine,
        "running": _truth(told["running"]),
        "created": _moment(told["created"]),
        "finished": _moment(told["finished"]),
        "image": str(told["image"]),
        "image_created": _moment(image["created"]) if image else Unobservable("the engine does not tell the container's image"),
        "registry": _registry(str(told["image"])),
        "tag": _tag(str(told["image"])),
        "root": str(told["user"]).partition(":")[0] in {"", "0", "root"},
        "user": str(told["user"]) or Absent("a user other than root"),
        "privileged": _truth(told["privileged"]),
        "host_namespaces": tuple(word for word in ("pid", "network", "ipc", "uts") if told[word] == "host"),
        "capabilities_added": tuple(str(name).upper().removeprefix("CAP_") for name in told["cap_add"] or ()),
        "capabilities_dropped": tuple(str(name).upper().removeprefix("CAP_") for name in told["cap_drop"] or ()),
        "no_new_privileges": any(option.partition("=")[0].partition(":")[0] == "no-new-privileges" and "false" not in option
                                 for option in security),
        "unconfined": tuple(sorted({option.replace(":", "=").partition("=")[0] for option in security if _opens(option)})),
        "devices": tuple(str(path) for path in told["devices"]),
        "mounts": tuple(str(mount["from"]) for mount in mounts if mount["type"] == "bind"),
        "writable_mounts": tuple(str(mount["from"]) for mount in mounts if mount["type"] == "bind" and _truth(mount["write"])),
        "sensitive_mounts": tuple(sorted({str(mount["from"]) for mount in mounts if _sensitive(str(mount["from"]))})),
        "volumes": tuple(str(mount["to"]) for mount in mounts if mount["type"] == "volume"),
        "memory_limit": int(told["memory"]) or Absent("a limit"),
        "process_limit": int(pids) if int(pids) > 0 else Absent("a limit"),
        "read_only": _truth(told["read_only"]),
        "restart_policy": str(told["restart"]) or "no",
        "unit": str(told["unit"]) if told["unit"] else Absent("a unit of systemd that runs it"),
        "health": str(told["health"]) if told["health"] else Absent("a health check"),
        "log_driver": str(told["log"]),
        "log_limited": told["log"] not in {"json-file", "k8s-file"} or bool(told["log_size"]) or engine == "podman",
    }  # fmt: skip


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unreadable(f"neither true nor false: {value!r}")
    return value


def _opens(option: str) -> bool:
    return option.replace(":", "=") in {"seccomp=unconfined", "apparmor=unconfined", "label=disable", "systempaths=unconfined"}


def _sensitive(path: str) -> bool:
    """Whether the host can be taken over by way of this path: it holds, or is, or lies in one of the places that decide over it."""
    plain = "/" + path.strip("/")
    around = plain.rstrip("/") + "/"
    holds = any(place.startswith(around) or place == plain for place in _PLACES)
    return holds or plain.startswith(_BELOW) or plain.endswith(_SOCKETS)


def _moment(text: str) -> Value:
    if text.startswith("0001-"):
        return Absent("a moment when that happened")
    head, _, rest = text.partition(".")
    zone = rest.lstrip("0123456789") if rest else ""
    return datetime.fromisoformat(head + zone).timestamp()


def _registry(image: str) -> Value:
    """The registry of a reference: what stands before the first slash, when it looks like a host; otherwise Docker Hub."""
    first, slash, _ = image.partition("/")
    if not image or image.startswith("sha256:"):
        return Absent("a registry: the image is named by its id alone")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"


def _tag(image: str) -> str:
    """The tag; the digest when the reference holds one; latest when it holds neither."""
    name, at, digest = image.partition("@")
    if at:
        return digest
    last = name.rpartition("/")[2]
    return last.partition(":")[2] or "latest"


def _fields() -> Iterable[Attribute]:
    for name, kind, describe in (
        ("name", Type.TEXT, "name of the container"),
        ("engine", Type.TEXT, "docker or podman"),
        ("running", Type.BOOLEAN, "it runs now"),
        ("created", Type.TIMESTAMP, "when it was made"),
        ("finished", Type.TIMESTAMP, "when it last stopped; absent when it never has"),
        ("image", Type.TEXT, "the image as it was asked for"),
        ("image_created", Type.TIMESTAMP, "when that image was built"),
        ("registry", Type.TEXT, "registry of the image, such as docker.io; absent for an image named by its id"),
        ("tag", Type.TEXT, "tag of the image, or its digest; latest when it was asked for without"),
        ("root", Type.BOOLEAN, "its first process is root"),
        ("user", Type.TEXT, "user of its first process; absent when none is set"),
        ("privileged", Type.BOOLEAN, "it may do everything the host's root may"),
        ("host_namespaces", Type.LIST, "namespaces of the host it shares: pid, network, ipc, uts"),
        ("capabilities_added", Type.LIST, "capabilities beyond the engine's usual ones, without CAP_"),
        ("capabilities_dropped", Type.LIST, "capabilities it does without"),
        ("no_new_privileges", Type.BOOLEAN, "its programs cannot gain rights by set-id files"),
        ("unconfined", Type.LIST, "protections that are switched off: seccomp, apparmor, label, systempaths"),
        ("devices", Type.LIST, "devices of the host it can use"),
        ("mounts", Type.LIST, "paths of the host it can see"),
        ("writable_mounts", Type.LIST, "paths of the host it can change"),
        ("sensitive_mounts", Type.LIST, "those of them by which it can take over the host, such as / or the socket of the engine"),
        ("volumes", Type.LIST, "where volumes are mounted in it"),
        ("memory_limit", Type.SIZE, "bytes of memory it may take; absent without a limit"),
        ("process_limit", Type.INTEGER, "processes it may have; absent without a limit"),
        ("read_only", Type.BOOLEAN, "its own file system cannot be written"),
        ("restart_policy", Type.TEXT, "no, always, unless-stopped or on-failure"),
        ("unit", Type.TEXT, "the unit of systemd that runs it, as Podman notes it"),
        ("health", Type.TEXT, "starting, healthy or unhealthy; absent without a health check"),
        ("log_driver", Type.TEXT, "where its output goes: json-file, journald, local, ..."),
        ("log_limited", Type.BOOLEAN, "its log cannot grow for ever"),
    ):
        yield Attribute(name, kind, describe)


_EXAMPLE = {
    "name": "/web", "running": True, "finished": "0001-01-01T00:00:00Z", "created": "2026-11-21T09:53:47.37Z",
    "image": "nginx:1.27", "image_id": "sha256:3bdf4eb6", "user": "101", "privileged": False, "pid": "", "network": "bridge",
    "ipc": "private", "uts": "", "cap_add": None, "cap_drop": ["ALL"], "security": ["no-new-privileges"], "memory": 67108864,
    "pids": 50, "read_only": True, "restart": "unless-stopped", "unit": "", "log": "json-file", "log_size": "10m", "devices": [],
    "mounts": [], "health": "healthy",
}  # fmt: skip
PROBE = Probe(
    name="container",
    summary="Every container of Docker and of root's Podman",
    arguments=(),
    attributes=(
        Attribute("containers", Type.RECORDS, "the containers, running or not", tuple(_fields())),
        Attribute("count", Type.INTEGER, "how many there are"),
        Attribute("engines", Type.LIST, "the engines that were asked"),
    ),
    ask=ask,
    read=read,
    example=(
        f'engine docker\ndocker {json.dumps(_EXAMPLE)}\nimage {{"id":"sha256:3bdf4eb6","created":"2026-11-01T00:00:00Z"}}\nend\n'
    ),
    time_limit_s=120,
)
