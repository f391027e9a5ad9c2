"""Docker and Podman themselves: how the engine that root runs is set up, told by the engine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, quote, reply
from secscan.syntax.containers import LIST_ENGINES, TOUCHES

_DOCKER = (
    '{"version":{{json .ServerVersion}},"live_restore":{{json .LiveRestoreEnabled}},"log":{{json .LoggingDriver}},'
    '"security":{{json .SecurityOptions}},"networks":{{json .RegistryConfig.InsecureRegistryCIDRs}},'
    '"registries":{{json .RegistryConfig.IndexConfigs}},"warnings":{{json .Warnings}}}'
)
_PODMAN = (
    '{"version":{{json .Version.Version}},"log":{{json .Host.LogDriver}},"seccomp":{{json .Host.Security.SECCOMPEnabled}},'
    '"registries":{{json .Registries}}}'
)
_ICC = '{{index .Options "com.docker.network.bridge.enable_icc"}}'
_SCRIPT = f"""{LIST_ENGINES}
tell() {{ # ENGINE TEMPLATE
  if told=$("$1" info --format "$2" 2>/dev/null); then printf '%s %s\\n' "$1" "$told"
  else printf 'fault %s: %s\\n' "$1" "$("$1" info --format "$2" 2>&1 >/dev/null | tr '\\n' ' ')"; fi
}}
list_engines
if [ -z "$engines$fault" ]; then printf 'absent\\n'
elif [ -n "$fault" ]; then printf 'unobservable: %s\\n' "$fault"
else
  for engine in $engines; do
    case $engine in
      docker)
        tell docker {quote(_DOCKER)}
        if talk=$(docker network inspect bridge --format {quote(_ICC)} 2>/dev/null); then printf 'bridge %s\\n' "${{talk:-true}}"
        else printf 'bridge none\\n'; fi
        ;;
      podman:) tell podman {quote(_PODMAN)} ;;
      podman) printf 'unused podman\\n' ;;
    esac
  done
  printf 'end\\n'
fi
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One `info` for each engine."""
    return Question(_SCRIPT, TOUCHES)


def read(call: Arguments, answer: Answer) -> Observation:
    """`docker {...}`, `bridge true|false|none`, `podman {...}`, each as the engine's template prints it; then `end`."""
    said = reply(answer, "a container engine")
    if said:
        return said
    records: list[Record] = []
    lines = closed_lines(answer)
    if not lines:
        raise Unreadable("neither an engine nor `absent`")
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == "fault":
            return Unobservable(rest)
        if kind == "docker":
            records.append(_docker(json.loads(rest)))
        elif kind == "podman":
            records.append(_podman(json.loads(rest)))
        elif kind == "bridge" and records:
            records[-1]["containers_talk"] = _TALK[rest]
        elif line != "unused podman":
            raise Unreadable(f"not a line about an engine: {line[:120]!r}")
    if any(isinstance(record["containers_talk"], Unobservable) for record in records):
        raise Unreadable("the engine's network is missing")
    return Observed({"engines": tuple(records), "names": tuple(str(record["name"]) for record in records), "count": len(records)})


_TALK: Mapping[str, Value] = {"true": True, "false": False, "none": Absent("a bridge of the engine's own")}


def _docker(told: Mapping[str, Any]) -> Record:
    options = {str(option).removeprefix("name=").partition(",")[0]: str(option) for option in told["security"] or ()}
    insecure = [str(network) for network in told["networks"] or () if network not in {"127.0.0.0/8", "::1/128"}]
    insecure += [str(name) for name, registry in told["registries"].items() if registry["Secure"] is False]
    clear = [warning for warning in told["warnings"] or () if "without encryption" in warning or "without TLS" in warning]
    return {
        "name": "docker",
        "version": str(told["version"]),
        "live_restore": told["live_restore"] is True,
        "log_driver": str(told["log"]),
        "seccomp": "seccomp" in options and "profile=unconfined" not in options["seccomp"],
        "separate_users": "userns" in options or "rootless" in options,
        "insecure_registries": tuple(sorted(insecure)),
        "clear_listeners": tuple(" ".join(str(warning).partition("\n")[0].split()).removeprefix("WARNING: ") for warning in clear),
        "containers_talk": Unobservable("not told"),
    }


def _podman(told: Mapping[str, Any]) -> Record:
    registries = told["registries"] or {}
    insecure = [name for name, registry in registries.items() if isinstance(registry, dict) and _is_insecure(registry)]
    return {
        "name": "podman",
        "version": str(told["version"]),
        "live_restore": True,
        "log_driver": str(told["log"]),
        "seccomp": told["seccomp"] is True,
        "separate_users": False,
        "insecure_registries": tuple(sorted(map(str, insecure))),
        "clear_listeners": (),
        "containers_talk": Absent("a setting of podman for it"),
    }


def _is_insecure(registry: Mapping[str, Any]) -> bool:
    """The registry or one of those that images of it are fetched from in its place."""
    return registry.get("Insecure") is True or any(mirror.get("Insecure") is True for mirror in registry.get("Mirrors") or ())


PROBE = Probe(
    name="container_engine",
    summary="How Docker and root's Podman are set up",
    arguments=(),
    attributes=(
        Attribute(
            "engines",
            Type.RECORDS,
            "the engines that are in use",
            (
                Attribute("name", Type.TEXT, "docker or podman"),
                Attribute("version", Type.VERSION, "its version"),
                Attribute("live_restore", Type.BOOLEAN, "containers go on while the engine restarts; podman has none that could"),
                Attribute("log_driver", Type.TEXT, "where the output of containers goes, unless a container says otherwise"),
                Attribute("seccomp", Type.BOOLEAN, "system calls of containers are filtered"),
                Attribute("separate_users", Type.BOOLEAN, "root in a container is somebody else on the host, for all containers"),
                Attribute("insecure_registries", Type.LIST, "registries and networks that need no valid certificate"),
                Attribute("clear_listeners", Type.LIST, "what the engine says about an open API without encryption"),
                Attribute("containers_talk", Type.BOOLEAN, "those on the usual bridge reach each other; absent without it"),
            ),
        ),
        Attribute("names", Type.LIST, "names of the engines"),
        Attribute("count", Type.INTEGER, "how many are in use; 0 where podman is installed and was never used"),
    ),
    ask=ask,
    read=read,
    example=(
        'docker {"version":"20.10.24","live_restore":true,"log":"local","security":["name=seccomp,profile=default"],'
        '"networks":["127.0.0.0/8"],"registries":{"docker.io":{"Secure":true}},"warnings":null}\nbridge false\nend\n'
    ),
    time_limit_s=60,
)  # fmt: skip
