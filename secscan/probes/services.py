"""Every service that runs, has failed or starts at boot, with the confinement that systemd tells cheaply."""

from __future__ import annotations

from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply, starts_at_boot
from secscan.syntax.openrc import OPENRC
from secscan.syntax.systemd import ENABLEMENT_AWK, GENERATED

_HARDENING = (
    "NoNewPrivileges",
    "ProtectSystem",
    "ProtectHome",
    "PrivateTmp",
    "PrivateDevices",
    "RestrictSUIDSGID",
    "MemoryDenyWriteExecute",
)
_SCRIPT = (
    r"""with_systemd() {
  properties=Id,LoadState,ActiveState,SubState,UnitFileState,User,DynamicUser,NRestarts,Restart,WantedBy,RequiredBy,TriggeredBy,Triggers,@HARDENING@
  if ! told=$(systemctl show --no-pager --all -p "$properties" -- '*.service' '*.socket' 2>&1); then
    printf 'unobservable: systemctl: %s\n' "$(printf '%s\n' "$told" | head -n 1)"
    return
  fi
  @GENERATED@  printf '%s\n\n' "$told" | awk -v names=@HARDENING@ -v made="$made" '@ENABLEMENT@
    BEGIN { many = split(names, hardening, ","); print "init systemd" }
    function word(text) { gsub(/ /, ",", text); return text == "" ? "-" : text }
    function flush(  user, wants, line, i) {
      wants = v["WantedBy"] (v["WantedBy"] != "" && v["RequiredBy"] != "" ? " " : "") v["RequiredBy"]
      if (v["Id"] ~ /\.socket$/) {
        if (v["LoadState"] != "loaded") { split("", v); return }
        line = word(v["ActiveState"]) " " word(enablement(v["UnitFileState"], v["Id"]))
        print "socket", v["Id"], line, word(wants), word(v["Triggers"])
      } else if (v["LoadState"] != "" && v["LoadState"] != "not-found") {
        user = v["User"] != "" ? v["User"] : v["DynamicUser"] == "yes" ? "dynamic" : "root"
        line = word(v["Id"]) " " word(v["LoadState"]) " " word(v["ActiveState"]) " " word(v["SubState"])
        line = line " " word(enablement(v["UnitFileState"], v["Id"])) " " user " " word(v["NRestarts"]) " " word(v["Restart"])
        line = line " " word(wants) " " word(v["TriggeredBy"])
        for (i = 1; i <= many; i++) line = line " " word(v[hardening[i]])
        print line
      }
      split("", v)
    }
    /^$/ { flush(); next }
    { p = index($0, "="); v[substr($0, 1, p - 1)] = substr($0, p + 1) }
    END { print "end" }'
}
@OPENRC@with_openrc() {
  printf 'init openrc\n'
  for file in /etc/init.d/*; do
    name=${file##*/}
    case $name in *.sh) continue ;; esac
    [ -x "$file" ] || continue
    wanted_by_level "$name"
    state_of "$name"
    [ "$enablement" != disabled ] || wants=-
    printf '%s loaded %s %s %s ? ? ? %s - ? ? ? ? ? ? ?\n' "$name" "$active" "$sub" "$enablement" "$wants"
  done
  printf 'end\n'
}
if [ -d /run/systemd/system ] && have systemctl; then with_systemd
elif [ -e /run/openrc/softlevel ]; then with_openrc
else printf 'unobservable: neither systemd nor OpenRC runs here\n'; fi
part 0 0""".replace("@HARDENING@", ",".join(_HARDENING))
    .replace("@GENERATED@", GENERATED)
    .replace("@OPENRC@", OPENRC)
    .replace("@ENABLEMENT@", ENABLEMENT_AWK)
)
_COLUMNS = 10 + len(_HARDENING)
_FIELDS = (
    Attribute("name", Type.TEXT, "name of the service, for systemd with its suffix"),
    Attribute("active", Type.BOOLEAN, "it runs now"),
    Attribute("enabled", Type.BOOLEAN, "it starts at the next boot"),
    Attribute("failed", Type.BOOLEAN, "its last run failed, or its process died"),
    Attribute("enablement", Type.TEXT, "enabled, disabled, static, indirect, generated, masked, enabled-runtime, ..."),
    Attribute("state", Type.TEXT, "state and sub-state, such as active (running)"),
    Attribute("user", Type.TEXT, "user it runs as; dynamic for a user made at start"),
    Attribute("restarts", Type.INTEGER, "how often it was restarted automatically", passing=True),
    Attribute("restart_policy", Type.TEXT, "no, on-failure, always, ..."),
    Attribute("no_new_privileges", Type.BOOLEAN, "NoNewPrivileges="),
    Attribute("protect_system", Type.TEXT, "ProtectSystem=: no, yes, full or strict"),
    Attribute("protect_home", Type.TEXT, "ProtectHome=: no, yes, read-only or tmpfs"),
    Attribute("private_tmp", Type.TEXT, "PrivateTmp=: no, yes or disconnected"),
    Attribute("private_devices", Type.BOOLEAN, "PrivateDevices="),
    Attribute("restrict_suid_sgid", Type.BOOLEAN, "RestrictSUIDSGID="),
    Attribute("memory_deny_write_execute", Type.BOOLEAN, "MemoryDenyWriteExecute="),
)


def ask(calls: Sequence[Arguments]) -> Question:
    """One `systemctl show` for every loaded service, or a look into OpenRC's directories."""
    return Question(_SCRIPT, ("systemctl show", "/run/systemd/generator*", "/run/openrc", "/etc/init.d", "/etc/runlevels"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`init NAME`, one line of columns for each service, `socket` and five columns for each socket, `end`.

    `-` is empty, `?` is unknown. No service at all is not believed.
    """
    said = reply(answer, "services")
    if said:
        return said
    first, *told = closed_lines(answer)
    lines = [line for line in told if not line.startswith("socket ")]
    if first not in {"init systemd", "init openrc"} or not lines:
        raise Unreadable("expected an init system and its services")
    records = tuple(_record(line) for line in sorted(lines))
    return Observed(
        {
            "services": records,
            "failed": _sure_names(records, "failed"),
            "active": _sure_names(records, "active"),
            "enabled": _names(records, "enabled"),
            "not_persistent": _gone_after_boot(lines),
            "sockets": tuple(_socket(line) for line in sorted(told) if line.startswith("socket ")),
            "init": first.removeprefix("init "),
        }
    )


def _socket(line: str) -> Record:
    columns = line.split(" ")
    if len(columns) != 6 or not all(columns):
        raise Unreadable(f"not a socket: {line[:120]!r}")
    _word, name, active, enablement, wanted, service = columns
    return {
        "name": name,
        "service": service if service != "-" else name.removesuffix(".socket") + ".service",  # one for each connection
        "active": active == "active",
        "enabled": starts_at_boot("" if enablement == "-" else enablement, [] if wanted == "-" else wanted.split(",")),
    }


def _names(records: Sequence[Record], field: str) -> tuple[str, ...]:
    return tuple(str(record["name"]) for record in records if record[field] is True)


def _sure_names(records: Sequence[Record], field: str) -> Value:
    """The names, unless the init system leaves some in doubt: a list that may lack one is none."""
    doubtful = [str(record["name"]) for record in records if isinstance(record[field], Unobservable)]
    return Unobservable(f"the init system does not tell of {', '.join(doubtful[:5])}") if doubtful else _names(records, field)


def _gone_after_boot(lines: Sequence[str]) -> Value:
    """Services that run, and that neither their enablement nor another unit starts again; no list where one is in doubt."""
    running: dict[str, list[str]] = {"active": [], "?": []}
    for line in sorted(lines):
        name, _load, active, _sub, enablement, _user, _restarts, _restart, wanted, triggered = line.split(" ")[:10]
        unwanted = wanted == triggered == "-" and enablement in {"disabled", "linked"}
        if unwanted or enablement in {"enabled-runtime", "linked-runtime", "masked"}:
            running.setdefault(active, []).append(name)
    return Unobservable(f"the init system does not tell of {running['?'][0]}") if running["?"] else tuple(running["active"])


def _record(line: str) -> Record:
    columns = line.split(" ")
    if len(columns) != _COLUMNS or not all(columns):
        raise Unreadable(f"not a service: {line[:120]!r}")
    name, _load, active, sub, enablement, user, restarts, restart, wanted, _triggered = columns[:10]
    hardening = dict(zip(_HARDENING, columns[10:], strict=True))
    known = active != "?"
    return {
        "name": name,
        "active": active in {"active", "reloading", "refreshing"} if known else _UNKNOWN,
        "enabled": starts_at_boot("" if enablement == "-" else enablement, [] if wanted == "-" else wanted.split(",")),
        "failed": active == "failed" if known else _UNKNOWN,
        "enablement": _text(enablement),
        "state": f"{active} ({sub})" if known else _UNKNOWN,
        "user": _text(user),
        "restarts": int(restarts) if restarts not in {"?", "-"} else _UNKNOWN,
        "restart_policy": _text(restart),
        "no_new_privileges": _truth(hardening["NoNewPrivileges"]),
        "protect_system": _text(hardening["ProtectSystem"]),
        "protect_home": _text(hardening["ProtectHome"]),
        "private_tmp": _text(hardening["PrivateTmp"]),
        "private_devices": _truth(hardening["PrivateDevices"]),
        "restrict_suid_sgid": _truth(hardening["RestrictSUIDSGID"]),
        "memory_deny_write_execute": _truth(hardening["MemoryDenyWriteExecute"]),
    }


_UNKNOWN = Unobservable("the init system does not tell")


def _text(word: str) -> Value:
    return _UNKNOWN if word == "?" else Absent("a value of the init system for it") if word == "-" else word


def _truth(word: str) -> Value:
    return word == "yes" if word in {"yes", "no"} else _UNKNOWN


PROBE = Probe(
    name="services",
    summary="Every service that runs, has failed or starts at boot",
    arguments=(),
    attributes=(
        Attribute("services", Type.RECORDS, "every service that the init system has loaded", fields=_FIELDS),
        Attribute("failed", Type.LIST, "names of the services that failed"),
        Attribute("active", Type.LIST, "names of the services that run"),
        Attribute("enabled", Type.LIST, "names of the services that start at boot"),
        Attribute("not_persistent", Type.LIST, "names of the services that run but would not come back after a reboot"),
        Attribute(
            "sockets",
            Type.RECORDS,
            "sockets on which systemd itself waits, and starts a service when somebody comes",
            fields=(
                Attribute("name", Type.TEXT, "name of the socket, with its suffix"),
                Attribute("service", Type.TEXT, "the service that it starts"),
                Attribute("active", Type.BOOLEAN, "it waits now"),
                Attribute("enabled", Type.BOOLEAN, "it waits after the next boot"),
            ),
        ),
        Attribute("init", Type.TEXT, "systemd or openrc"),
    ),
    ask=ask,
    read=read,
    example=(
        "init systemd\n"
        "ssh.service loaded active running enabled root 0 on-failure multi-user.target - no no no no no no no\n"
        "backup.service loaded failed failed static backup 0 no - backup.timer yes strict yes yes yes yes no\n"
        "end\n"
    ),
    time_limit_s=30,
)
