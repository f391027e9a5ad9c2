"""One service as the init system knows it: running, enabled, failed, masked. systemd, OpenRC or System V, decided on the host.

A name may offer alternatives, `ssh|sshd`: the first one that is active stands for all, else the first one that exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, one_line, quote, reply, same_for_all, starts_at_boot
from secscan.syntax.openrc import OPENRC
from secscan.syntax.systemd import ENABLEMENT_AWK, GENERATED

_SUFFIXES = (".service", ".socket", ".timer", ".path", ".mount", ".automount", ".swap", ".target", ".slice", ".scope", ".device")
_SCRIPT = (
    r"""
systemd_running() {
  properties=Id,LoadState,ActiveState,SubState,UnitFileState,User,DynamicUser,MainPID,NRestarts,Restart,WantedBy,RequiredBy,TriggeredBy
  if ! told=$(systemctl show --no-pager -p $properties -- "$@" 2>&1); then
    printf 'unobservable: systemctl: %s\n' "$(printf '%s\n' "$told" | head -n 1)"
    return
  fi
  @GENERATED@  printf '%s\n\n' "$told" | awk -v made="$made" '@ENABLEMENT@
    BEGIN { for (i = 1; i < ARGC; i++) { asked[i] = ARGV[i]; delete ARGV[i] } at = 1; fresh = 1 }
    function join(text) { gsub(/ /, ",", text); return text }
    function flush(  user, wants) {
      if (fresh) return
      if (v["LoadState"] == "not-found" && v["ActiveState"] != "active" && v["ActiveState"] != "failed") print asked[at], "absent"
      else {
        user = v["User"] != "" ? v["User"] : v["DynamicUser"] == "yes" ? "dynamic" : "root"
        wants = join(v["WantedBy"] (v["WantedBy"] != "" && v["RequiredBy"] != "" ? " " : "") v["RequiredBy"])
        if (v["Id"] !~ /\.service$/) user = ""
        print asked[at], "id=" v["Id"], "load=" v["LoadState"], "active=" v["ActiveState"], "sub=" v["SubState"],
          "enablement=" enablement(v["UnitFileState"], v["Id"]),
          "user=" user, "pid=" v["MainPID"], "restarts=" v["NRestarts"], "restart=" v["Restart"],
          "wanted_by=" wants, "triggered_by=" join(v["TriggeredBy"])
      }
      split("", v); at++; fresh = 1
    }
    /^$/ { flush(); next }
    { p = index($0, "="); v[substr($0, 1, p - 1)] = substr($0, p + 1); fresh = 0 }
    END { if (at == ARGC) print "end" }' "$@"
}
systemd_files() {
  for unit do
    state=$(systemctl --root=/ is-enabled "$unit" 2>/dev/null)
    wants=
    for link in /etc/systemd/system/*.wants/"$unit" /usr/lib/systemd/system/*.wants/"$unit" /lib/systemd/system/*.wants/"$unit"; do
      [ -e "$link" ] || [ -h "$link" ] || continue
      link=${link%.wants/*}; wants=$wants${wants:+,}${link##*/}
    done
    case $state in
      '' | not-found) printf '%s absent\n' "$unit" ;;
      *) printf '%s id=%s load=? active=? sub=? enablement=%s wanted_by=%s\n' "$unit" "$unit" "$state" "$wants" ;;
    esac
  done
  printf 'end\n'
}
@OPENRC@openrc() {
  for unit do
    name=${unit%.service}
    if [ ! -e "/etc/init.d/$name" ]; then printf '%s absent\n' "$unit"; continue; fi
    wanted_by_level "$name"
    state_of "$name"
    printf '%s id=%s load=loaded active=%s sub=%s ' "$unit" "$name" "$active" "$sub"
    printf 'enablement=%s pid=%s wanted_by=%s triggered_by=\n' $enablement "$pid" "$wants"
  done
  printf 'end\n'
}
sysv() {
  for unit do
    name=${unit%.service}
    if [ ! -e "/etc/init.d/$name" ]; then printf '%s absent\n' "$unit"; continue; fi
    wants='' enablement=disabled
    for link in /etc/rc[2345S].d/S[0-9][0-9]"$name" /etc/rc.d/rc[2345].d/S[0-9][0-9]"$name"; do
      [ -e "$link" ] || continue
      link=${link%.d/*}; wants=$wants${wants:+,}${link##*/}; enablement=enabled
    done
    active='?' sub='?'
    if [ -x "/etc/init.d/$name" ] && [ "$one" = init ] && [ -e /etc/inittab ]; then
      "/etc/init.d/$name" status >/dev/null 2>&1
      case $? in 0) active=active sub=running ;; 1 | 2) active=failed sub=dead ;; 3) active=inactive sub=stopped ;; esac
    fi
    printf '%s id=%s load=loaded active=%s sub=%s ' "$unit" "$name" "$active" "$sub"
    printf 'enablement=%s wanted_by=%s\n' $enablement "$wants"
  done
  printf 'end\n'
}
one=; { read -r one </proc/1/comm; } 2>/dev/null
if [ -d /run/systemd/system ] && have systemctl; then systemd_running "$@"
elif [ -d /etc/runlevels ] && [ -d /etc/init.d ]; then openrc "$@"
elif have systemctl && [ -d /etc/systemd/system ]; then systemd_files "$@"
elif [ -d /etc/init.d ] && [ -e /etc/inittab ]; then sysv "$@"
else printf 'unobservable: no init system that is known here: systemd, OpenRC or System V\n'; fi""".replace(
        "@GENERATED@", GENERATED
    )
    .replace("@OPENRC@", OPENRC)
    .replace("@ENABLEMENT@", ENABLEMENT_AWK)
)


def ask(calls: Sequence[Arguments]) -> Question:
    """One `systemctl show` for all units of all calls."""
    units = list(dict.fromkeys(unit for call in calls for unit in _units(call)))
    touches = (
        "systemctl show",
        "systemctl is-enabled",
        "/run/systemd/generator*",
        "/etc/systemd/system",
        "/etc/runlevels",
        "/run/openrc",
        "/etc/init.d",
    )
    return Question(f"set -- {quote(*units)}{_SCRIPT}", touches)


def _units(call: Arguments) -> list[str]:
    return [name if name.endswith(_SUFFIXES) else name + ".service" for name in str(call["name"]).split("|")]


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """Each call's line: of its alternatives the first active one, else the first that exists, else `absent`."""
    if reply(answer):
        return same_for_all(calls, answer)
    told = dict(line.split(" ", 1) for line in closed_lines(answer))
    chosen = []
    for call in calls:
        there = [f"{unit} {told[unit]}" for unit in _units(call) if told[unit] != "absent"]
        active = [line for line in there if " active=active " in line]
        chosen.append(next(iter(active + there), "absent"))
    return [replace(answer, stdout=f"{line}\n".encode(), exit=0) for line in chosen]


def read(call: Arguments, answer: Answer) -> Observation:
    """`UNIT id=.. load=.. active=.. sub=.. enablement=.. user=.. ...`; a word may be missing, `?` is unknown."""
    said = reply(answer, _describe(str(call["name"]).split("|")))
    if said:
        return said
    unit, *words = one_line(answer).split(" ")
    if unit not in _units(call):
        raise Unreadable(f"not the answer for {call['name']}")
    told = dict(word.split("=", 1) for word in words)
    active, load, wanted = told["active"], told["load"], _listed(told.get("wanted_by", ""))
    return Observed(
        {
            "active": _not_running if active == "?" else active in {"active", "reloading", "refreshing"},
            "enabled": starts_at_boot(told["enablement"], wanted),
            "enablement": told["enablement"] or Absent("a file of the unit"),
            "state": _not_running if active == "?" else f"{active} ({told.get('sub', '')})",
            "failed": _not_running if active == "?" else active == "failed",
            "masked": load == "masked" or told["enablement"].startswith("masked"),
            "loaded": _not_running if load == "?" else load == "loaded",
            "unit": told.get("id", unit),
            "user": _known(told, "user"),
            "main_pid": _number(told, "pid"),
            "restarts": _number(told, "restarts"),
            "restart_policy": _known(told, "restart"),
            "wanted_by": wanted,
            "triggered_by": _listed(told.get("triggered_by", "")),
        }
    )


def _describe(names: Sequence[str]) -> str:
    """The service, or the first of many that would do."""
    if len(names) <= _NAMED:
        return f"service {' or '.join(names)}"
    return f"service {', '.join(names[:_NAMED])} or one of {len(names) - _NAMED} others like it"


_NAMED = 3
_not_running = Unobservable("the init system does not run here, or does not tell")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.split(","))) if text else ()


def _known(told: dict[str, str], word: str) -> Value:
    if word not in told:
        return Unobservable("the init system does not tell")
    return told[word] or Absent("a value")


def _number(told: dict[str, str], word: str) -> Value:
    text = _known(told, word)
    return int(text) if isinstance(text, str) else text


PROBE = Probe(
    name="service",
    summary="A service (or other unit) of systemd, OpenRC or System V",
    arguments=(
        Argument(
            "name",
            Type.TEXT,
            "name of the service; without a suffix .service is meant; alternatives are separated by |, as in ssh|sshd",
            required=True,
            pattern=r"[A-Za-z0-9][A-Za-z0-9@:_.\\-]*(\|[A-Za-z0-9][A-Za-z0-9@:_.\\-]*)*",
        ),
    ),
    attributes=(
        Attribute("active", Type.BOOLEAN, "it runs now (for a one-shot service: it has run and counts as up)"),
        Attribute(
            "enabled", Type.BOOLEAN, "it starts at the next boot, by its own enablement or because an enabled target wants it"
        ),
        Attribute("enablement", Type.TEXT, "enabled, disabled, static, indirect, generated, masked, enabled-runtime, ..."),
        Attribute("state", Type.TEXT, "state and sub-state, such as active (running)"),
        Attribute("failed", Type.BOOLEAN, "its last run failed, or its process died"),
        Attribute("masked", Type.BOOLEAN, "it cannot be started at all"),
        Attribute("loaded", Type.BOOLEAN, "its definition was read without error"),
        Attribute("unit", Type.TEXT, "the name the init system uses, where the given one is an alias"),
        Attribute("user", Type.TEXT, "user it runs as; dynamic for a user made at start"),
        Attribute("main_pid", Type.INTEGER, "process id of its main process; 0 when none runs"),
        Attribute("restarts", Type.INTEGER, "how often it was restarted automatically"),
        Attribute("restart_policy", Type.TEXT, "no, on-failure, always, ..."),
        Attribute("wanted_by", Type.LIST, "units or run levels that start it"),
        Attribute("triggered_by", Type.LIST, "sockets, timers and paths that start it on demand"),
    ),
    ask=ask,
    read=read,
    split=split,
    example=(
        "ssh.service id=ssh.service load=loaded active=active sub=running enablement=enabled user=root pid=812 restarts=0 "
        "restart=on-failure wanted_by=multi-user.target triggered_by=\n"
    ),
    time_limit_s=30,
    condition="name",
)
