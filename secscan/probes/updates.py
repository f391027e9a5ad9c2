"""Pending updates as the package manager's own, already fetched lists tell: nothing is downloaded and nothing is written.

How each package manager is asked stands in secscan/syntax/updates_*.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_words, reply
from secscan.syntax.kernels import newest_kernel
from secscan.syntax.systemd import SYSTEMD_IS_INIT
from secscan.syntax.updates_apk import UPDATES_APK
from secscan.syntax.updates_apt import UPDATES_APT
from secscan.syntax.updates_rpm import UPDATES_RPM

_SCRIPT = (
    SYSTEMD_IS_INIT
    + r"""
masked() { [ "$(readlink "/etc/systemd/system/$1" 2>/dev/null)" = /dev/null ]; }
# a unit is wanted at boot when systemd brings the host up, some target wants it and nobody has masked it
wanted() {
  systemd_is_init || return 1
  ! masked "$1" || return 1
  for link in "/etc/systemd/system/"*".wants/$1" "/usr/lib/systemd/system/"*".wants/$1" "/lib/systemd/system/"*".wants/$1"; do
    [ ! -e "$link" ] && [ ! -h "$link" ] || return 0
  done
  return 1
}
# unread FILE...: what holds packages back, and this user may not see
unread() {
  for file do
    if [ -e "$file" ] && [ ! -r "$file" ]; then printf 'held unobservable: %s cannot be read by this user\n' "$file"; fi
  done
}"""
    + UPDATES_APT
    + UPDATES_RPM
    + UPDATES_APK
    + r"""
if [ -s /var/lib/dpkg/status ]; then manager=apt
elif [ -s /lib/apk/db/installed ] || [ -s /usr/lib/apk/db/installed ]; then manager=apk
elif have zypper; then manager=zypper
elif have dnf; then manager=dnf
else printf 'unobservable: no package manager that is known here: apt, dnf, zypper or apk\n'; part 0 0; exit 0; fi
printf 'now %s\n' "$(date +%s)"
ask_$manager
held_$manager
automatic_$manager
running=; [ ! -e /proc/self ] || running=$(uname -r)
printf 'running %s\n' "$running"
for d in /lib/modules/*/kernel; do [ ! -d "$d" ] || { d=${d%/kernel}; printf 'kernel %s\n' "${d##*/}"; }; done
for f in /run/reboot-required /var/run/reboot-required /run/reboot-needed; do
  if [ -e "$f" ]; then printf 'reboot yes %s exists\n' "$f"; break; fi
done
# Debian may put a new build in the place of the running kernel, under the same name
if [ $manager = apt ] && [ -n "$running" ] && have dpkg-query; then
  runs=$(uname -v | sed -n 's/.* Debian \([^ ]*\).*/\1/p')
  there=$(dpkg-query -W -f='${Version}' "linux-image-$running" 2>/dev/null)
  if [ -n "$runs" ] && [ -n "$there" ] && [ "$runs" != "$there" ]; then
    printf 'reboot yes kernel %s runs, %s is installed\n' "$runs" "$there"
  fi
fi
# what dnf needs-restarting -r looks at: these came after the boot
if [ $manager = dnf ] && ! ask_rpm -q rpm >/dev/null 2>&1 && [ -z "$(ask_rpm -qa 2>/dev/null | head -n 1)" ]; then
  printf 'reboot unobservable: %s\n' "$(why_no_rpm)"
elif [ $manager = dnf ] && read -r up _ </proc/uptime; then
  ask_rpm -q --qf 'at %{INSTALLTIME} %{NAME}\n' -- kernel kernel-core kernel-rt glibc linux-firmware systemd dbus dbus-broker \
    dbus-daemon microcode_ctl 2>/dev/null | while read -r word at name; do
    if [ "$word" = at ] && [ "$at" -gt $(($(date +%s) - ${up%%.*})) ]; then
      printf 'reboot yes %s was updated since the boot\n' "$name"
    fi
  done
fi
printf 'end\n'
part 0 0"""
)
_FIELDS = (
    Attribute("name", Type.TEXT, "the package; on SUSE also security patches by name"),
    Attribute("installed", Type.VERSION, "the installed version; absent for a patch"),
    Attribute("candidate", Type.VERSION, "the version that would be installed"),
    Attribute("security", Type.BOOLEAN, "true when it, or a version it replaces, comes as a security update"),
    Attribute("phased", Type.BOOLEAN, "true when the vendor still holds it back from most hosts; not counted as pending"),
)


def ask(calls: Sequence[Arguments]) -> Question:
    """One question for all: there are no arguments."""
    touches = ("/var/lib/apt/lists", "/var/cache/dnf", "/var/cache/zypp", "/lib/modules", "/run/reboot-required",
               "apt-cache policy", "apt-get --print-uris update", "apt-config", "dpkg-query", "dnf -C check-update",
               "zypper --no-refresh list-updates", "zypper --no-refresh list-patches", "apk --no-network version",
               "/run/systemd/system", "/sbin/init", "rpm -q", "setpriv", "unshare -m", "mount")  # fmt: skip
    return Question(_SCRIPT, touches)


def read(call: Arguments, answer: Answer) -> Observation:
    """Lines of a word and its values, closed by `end`; `pending` and `security` say whether the updates are known."""
    said = reply(answer, "updates")
    if said:
        return said
    told = closed_words(answer)
    pending, security = _known(told, "pending"), _known(told, "security")
    records = tuple(_update(kind, text, security) for kind in ("update", "patch") for text in told.get(kind, ()))
    count = sum(1 for text in told.get("update", ()) if not text.endswith(" phased"))
    now = float(told["now"][0])
    updated = float(told["lists"][0]) if "lists" in told else None
    automatic, _, by = told["automatic"][0].partition(" ")
    attributes: dict[str, Value] = {
        "pending": pending or count,
        "security": pending or security or sum(1 for record in records if record["security"] is True),
        "lists_age": max(0.0, now - updated) if updated else _NEVER,
        "lists_updated": updated or _NEVER,
        "packages": pending or records,
        **_kernels(told),
        "held": _held(told.get("held", ())),
        "automatic": Unobservable(by) if automatic == "unobservable:" else automatic == "yes",
        "automatic_by": by
        if automatic == "yes"
        else Unobservable(by)
        if automatic == "unobservable:"
        else Absent(f"what would install them: {by}"),
        "manager": told["manager"][0],
    }
    return Observed(attributes)


_NOT_ITS_OWN = Unobservable("/proc is not mounted, so the kernel may not be its own")
_NEVER = Unobservable("there are no fetched package lists")
_NO_KERNEL = Unobservable("no kernel is installed here: a container, or a kernel from outside")


def _held(names: Sequence[str]) -> Value:
    hidden = next((name for name in names if name.startswith("unobservable: ")), "")
    return Unobservable(hidden.removeprefix("unobservable: ")) if hidden else tuple(dict.fromkeys(names))


def _known(told: dict[str, list[str]], word: str) -> Unobservable | None:
    state = told[word][0]
    if state == "known":
        return None
    if not state.startswith("unobservable: "):
        raise Unreadable(f"expected '{word} known'")
    return Unobservable(state.removeprefix("unobservable: "))


def _update(word: str, text: str, security: Unobservable | None) -> dict[str, Value]:
    name, installed, candidate, kind = text.split(" ")
    if kind not in {"plain", "security", "phased", "untold"}:
        raise Unreadable(f"not an update: {text[:120]!r}")
    urgent: Value = (
        kind == "security"
        if kind != "untold"
        else Unobservable("the package manager does not tell which packages its advisories fix")
    )
    return {
        "name": name,
        "installed": installed if installed != "-" else Absent("a patch" if word == "patch" else "an installed version"),
        "candidate": candidate,
        "security": security or urgent,
        "phased": kind == "phased",
    }


def _kernels(told: dict[str, list[str]]) -> dict[str, Value]:
    running = told["running"][0]
    if not running:
        return dict.fromkeys(("reboot_required", "running_kernel", "newest_kernel"), _NOT_ITS_OWN)
    newest = newest_kernel(running, told.get("kernel", ())) or _NO_KERNEL
    return {"reboot_required": _reboot(told), "running_kernel": running, "newest_kernel": newest}


def _reboot(told: dict[str, list[str]]) -> Value:
    said = told.get("reboot", ())
    if any(text.startswith("yes") for text in said):
        return True
    if unasked := next((text for text in said if text.startswith("unobservable: ")), ""):
        return Unobservable(unasked.removeprefix("unobservable: "))
    newest = newest_kernel(told["running"][0], told.get("kernel", ()))
    if newest and newest != told["running"][0]:
        return True
    return False if newest or said else _NO_KERNEL


PROBE = Probe(
    name="updates",
    summary="Pending updates and reboots, from package lists that were fetched before",
    arguments=(),
    attributes=(
        Attribute("pending", Type.INTEGER, "how many packages would be updated; could not look when the lists were never fetched"),
        Attribute("security", Type.INTEGER, "how many of them fix security (on SUSE: how many security patches are needed)"),
        Attribute(
            "lists_age", Type.DURATION, "time since the package lists were last refreshed, or since they were made if expired"
        ),
        Attribute("lists_updated", Type.TIMESTAMP, "when the package lists were last refreshed"),
        Attribute("packages", Type.RECORDS, "the pending updates", fields=_FIELDS),
        Attribute("reboot_required", Type.BOOLEAN, "the host says so, or a newer kernel of the running flavour is installed"),
        Attribute("running_kernel", Type.VERSION, "release of the running kernel"),
        Attribute("newest_kernel", Type.VERSION, "release of the newest installed kernel of that flavour"),
        Attribute(
            "held",
            Type.LIST,
            "packages that are kept from being updated: dpkg holds, pins of apt on security fixes, version locks, excludes "
            "of dnf, pins of apk",
        ),
        Attribute("automatic", Type.BOOLEAN, "updates are installed by themselves: installed, configured and scheduled"),
        Attribute("automatic_by", Type.TEXT, "what installs them"),
        Attribute("manager", Type.TEXT, "apt, dnf, zypper or apk"),
    ),
    ask=ask,
    read=read,
    example=(
        "now 1767225600\nmanager apt\nlists 1767200000\nupdate openssl 3.0.15-1~deb12u1 3.0.16-1~deb12u1 security\n"
        "update tzdata 2025a-0 2025b-0 plain\npending known\nsecurity known\nheld linux-image-amd64\n"
        "automatic yes unattended-upgrades\nrunning 6.1.0-35-amd64\nkernel 6.1.0-37-amd64\n"
        "reboot yes /run/reboot-required exists\nend\n"
    ),
    time_limit_s=120,
)
