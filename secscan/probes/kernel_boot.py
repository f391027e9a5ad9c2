"""How the kernel was booted and what protects it: command line, lockdown, security modules, Secure Boot, CPU weaknesses, taint."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import MASK_COMMAND_AWK, Unreadable, closed_lines, reply

# Lines `name=value`. A file that is not there is left out; one that cannot be read is told as `closed=PATH`.
_SCRIPT = r"""first() {
  # first NAME FILE: its first line
  [ -e "$2" ] || return 0
  line=
  if { IFS= read -r line <"$2"; } 2>/dev/null || [ -n "$line" ]; then printf '%s=%s\n' "$1" "$line"
  elif [ -r "$2" ] && [ ! -s "$2" ]; then printf '%s=\n' "$1"
  else printf 'closed=%s\n' "$2"; fi
}
# a bypass that the kernel speaks of is no pass word
safe() { awk '@MASK@
  {
    gsub(/bypass/, "byp%ss"); many = split($0, words, " "); line = mask_command(words, many)
    gsub(/byp%ss/, "bypass", line); print line
  }'
}
configured() {
  entry=
  for dir in /boot/loader/entries /boot/efi/loader/entries /efi/loader/entries; do
    if [ -e "$dir" ] && [ ! -r "$dir" ]; then printf 'closed=%s\n' "$dir"; return; fi
    for file in "$dir"/*.conf; do
      [ -e "$file" ] || continue
      entry=yes
      case $file in *rescue*) continue ;; esac
      if [ ! -r "$file" ]; then printf 'closed=%s\n' "$file"; return; fi
      options=$(sed -n 's/^options[[:space:]]*//p' "$file" | tr '\n' ' ')
      for name in kernelopts tuned_params; do # variables of GRUB, as RHEL has them
        case $options in *"\$$name"*) ;; *) continue ;; esac
        if [ -e /boot/grub2/grubenv ] && [ ! -r /boot/grub2/grubenv ]; then printf 'closed=/boot/grub2/grubenv\n'; return; fi
        value=$(sed -n "s/^$name=//p" /boot/grub2/grubenv 2>/dev/null)
        if [ $name = kernelopts ] && [ -z "$value" ]; then printf 'closed=/boot/grub2/grubenv\n'; return; fi
        options=${options%%"\$$name"*}$value${options#*"\$$name"}
      done
      printf '%s\n' "$options" | safe | sed "s|^|next=$dir |"
    done
  done
  [ -z "$entry" ] || return 0
  # GRUB itself reads its menu; /etc/default/grub is what the next update-grub will write there
  menu=
  for file in /boot/grub/grub.cfg /boot/grub2/grub.cfg /boot/efi/EFI/*/grub.cfg; do
    [ -e "$file" ] || continue
    if [ ! -r "$file" ]; then printf 'closed=%s\n' "$file"; return; fi
    entries=$(awk '$1 == "menuentry" { aside = /-recovery-|recovery mode|osprober/ }
      !aside && $1 ~ /^linux(16|efi)?$/ && $2 ~ /vmlinu|[Ii]mage|kernel|linux/ {
        line = "-"
        for (i = 3; i <= NF; i++) if ($i !~ /^(root=.*|ro|rw|[$]vt_handoff|[$][{]extra_cmdline[}])$/) line = line " " $i
        print line
      }' "$file")
    [ -n "$entries" ] || continue
    menu=yes
    printf '%s\n' "$entries" | safe | sed "s|^- *|next=$file |"
  done
  [ -z "$menu" ] || return 0
  if [ -r /etc/default/grub ]; then
    cat /etc/default/grub /etc/default/grub.d/*.cfg 2>/dev/null | awk '
      /^[ \t]*(export[ \t]+)?GRUB_CMDLINE_LINUX(_DEFAULT)?\+?=/ {
        sub(/^[ \t]*(export[ \t]+)?/, ""); p = index($0, "="); name = substr($0, 1, p - 1); text = substr($0, p + 1)
        append = sub(/\+$/, "", name)
        q = substr(text, 1, 1)
        if (q == "\"" || q == "\047") { text = substr(text, 2); e = index(text, q)
        text = e ? substr(text, 1, e - 1) : text "$" } else sub(/[ \t#].*/, "", text)
        if (q != "\047") for (other in value) {
          while ((at = index(text, "${" other "}")))
            text = substr(text, 1, at - 1) value[other] substr(text, at + length(other) + 3)
          if (text ~ ("[$]" other "($|[^A-Z_])")) {
            at = index(text, "$" other)
            text = substr(text, 1, at - 1) value[other] substr(text, at + length(other) + 1)
          }
        }
        value[name] = append ? value[name] text : text
      }
      END {
        always = value["GRUB_CMDLINE_LINUX"]
        print always (always != "" ? " " : "") value["GRUB_CMDLINE_LINUX_DEFAULT"]
      }' |
      safe | sed 's|^|next=/etc/default/grub |'
  elif [ -e /etc/default/grub ]; then printf 'closed=/etc/default/grub\n'
  elif [ -r /etc/update-extlinux.conf ]; then
    sed -n 's/^default_kernel_opts=["'\'']\{0,1\}\([^"'\'']*\).*/\1/p' /etc/update-extlinux.conf | tail -n 1 | safe |
      sed 's|^|next=/etc/update-extlinux.conf |'
  fi
}
if [ ! -r /proc/cmdline ]; then printf 'unobservable: /proc is not mounted\n'
else
  safe </proc/cmdline | sed 's/^/cmdline=/'
  first tainted /proc/sys/kernel/tainted
  while read -r word value _; do [ "$word" != btime ] || printf 'btime=%s\n' "$value"; done </proc/stat
  printf 'now=%s\n' "$(date +%s)"
  [ ! -d /sys/kernel ] || printf 'sysfs=yes\n'
  security=/sys/kernel/security
  [ ! -e $security/lsm ] || printf 'securityfs=yes\n'
  first lsm $security/lsm
  first lockdown $security/lockdown
  first apparmor /sys/module/apparmor/parameters/enabled
  if [ -e $security/apparmor/profiles ]; then
    awk '{ count[$NF]++ }
      END { printf "profiles=%d %d %d\n", count["(enforce)"] + count["(kill)"], count["(complain)"], NR }' \
      $security/apparmor/profiles 2>/dev/null || printf 'closed=%s\n' $security/apparmor/profiles
  fi
  while read -r _ kind; do [ "$kind" != selinuxfs ] || printf 'selinuxfs=yes\n'; done </proc/filesystems
  first selinux /sys/fs/selinux/enforce
  # as libselinux reads it: the first line that begins so and has a value it knows
  [ ! -e /etc/selinux/config ] ||
    tr '[:upper:]' '[:lower:]' </etc/selinux/config |
    sed -n 's/^selinux=[[:space:]]*\(enforcing\|permissive\|disabled\).*/selinux_configured=\1/p' | head -n 1
  first sig_enforce /sys/module/module/parameters/sig_enforce
  [ ! -d /sys/firmware/efi ] || printf 'efi=yes\n'
  for file in /sys/firmware/efi/efivars/SecureBoot-*; do
    [ ! -r "$file" ] || printf 'secure_boot=%s\n' "$(od -An -v -tu1 "$file" | tr -s ' \n' ' ')"
  done
  for file in /sys/firmware/efi/efivars/MokSBStateRT-*; do
    [ ! -r "$file" ] || printf 'shim=%s\n' "$(od -An -v -tu1 "$file" | tr -s ' \n' ' ')"
  done
  for file in /sys/devices/system/cpu/vulnerabilities/*; do
    [ ! -e "$file" ] || first "vulnerability ${file##*/}" "$file"
  done
  configured
  printf 'end\n'
fi
part 0 0""".replace("@MASK@", MASK_COMMAND_AWK)
_TAINTS = "PFSRMBUDAWCIOELKXTN"  # letters of /proc/sys/kernel/tainted by bit, Documentation/admin-guide/tainted-kernels.rst
_FIELDS = (
    Attribute("name", Type.TEXT, "name of the weakness, such as meltdown"),
    Attribute("state", Type.TEXT, "not affected, mitigated or vulnerable; on a virtual machine the kernel may not know"),
    Attribute("text", Type.TEXT, "what the kernel says"),
)


def ask(calls: Sequence[Arguments]) -> Question:
    """One question for all: there are no arguments."""
    touches = ("/proc/cmdline", "/proc/stat", "/proc/sys/kernel/tainted", "/sys/kernel/security/{lsm,lockdown}",
               "/sys/kernel/security/apparmor/profiles", "/sys/fs/selinux/enforce", "/etc/selinux/config",
               "/sys/firmware/efi/efivars/{SecureBoot,MokSBStateRT}-*", "/sys/module/module/parameters/sig_enforce",
               "/sys/devices/system/cpu/vulnerabilities", "{/boot,/boot/efi,/efi}/loader/entries", "/boot/grub2/grubenv",
               "/boot/{grub,grub2}/grub.cfg", "/boot/efi/EFI/*/grub.cfg",
               "/etc/default/grub", "/etc/default/grub.d", "/etc/update-extlinux.conf", "awk", "sed", "od", "date")  # fmt: skip
    return Question(_SCRIPT, touches)


def read(call: Arguments, answer: Answer) -> Observation:
    """`name=value` lines, closed by `end`."""
    said = reply(answer, "the running kernel")
    if said:
        return said
    told: dict[str, list[str]] = {}
    for line in closed_lines(answer):
        name, separator, value = line.partition("=")
        if not separator:
            raise Unreadable(f"expected name=value: {line[:120]!r}")
        told.setdefault(name, []).append(value)
    weaknesses = tuple(
        _weakness(name.removeprefix("vulnerability "), values[0])
        for name, values in told.items()
        if name.startswith("vulnerability ")
    )
    booted, now = float(told["btime"][0]), float(told["now"][0])
    tainted = int(told["tainted"][0]) if "tainted" in told else Unobservable("the kernel does not tell")
    no_weaknesses = None if weaknesses else Unobservable("the kernel does not tell: an old one, or /sys is not mounted")
    return Observed(
        {
            "command_line": told["cmdline"][0],
            "parameters": tuple(told["cmdline"][0].split()),
            "lockdown": _lockdown(told),
            "lsm": tuple(told["lsm"][0].split(",")) if told.get("lsm", [""])[0] else _unseen(told),
            **_apparmor(told),
            **_selinux(told),
            "secure_boot": _secure_boot(told),
            "module_signatures_enforced": _truth(told, "sig_enforce", Absent("a check of module signatures in this kernel")),
            "tainted": tainted,
            "taints": tuple(letter for bit, letter in enumerate(_TAINTS) if tainted >> bit & 1)
            if isinstance(tainted, int)
            else tainted,
            "vulnerabilities": no_weaknesses or weaknesses,
            "vulnerable": no_weaknesses or tuple(str(record["name"]) for record in weaknesses if record["state"] == "vulnerable"),
            **_configured(told),
            "uptime": max(0.0, now - booted),
            "booted": booted,
        }
    )


# `Mitigation: Enhanced IBRS; BHI: Vulnerable`: what is open beside a mitigation. `SMT vulnerable` is told of nearly every host.
_OPEN_PART = re.compile(r"[;,:] *[A-Za-z-]+: [Vv]ulnerable")


def _weakness(name: str, text: str) -> Record:
    plain = text.removeprefix("KVM: ")
    state: str | Unobservable = Unobservable(f"the kernel cannot tell: {text[:80]}")
    if _OPEN_PART.search(text):
        state = "vulnerable"
    elif plain.startswith("Not affected"):
        state = "not affected"
    elif plain.startswith("Mitigation"):
        state = "mitigated"
    elif plain.startswith(("Vulnerable", "Processor vulnerable")):
        state = "vulnerable"
    return {"name": name, "state": state, "text": text}


def _unseen(told: dict[str, list[str]]) -> Unobservable:
    return Unobservable("securityfs is not mounted here" if "securityfs" not in told else "the kernel does not tell")


def _lockdown(told: dict[str, list[str]]) -> Value:
    if "lockdown" not in told:
        return Absent("lockdown in this kernel") if "securityfs" in told else _unseen(told)
    chosen = [word.strip("[]") for word in told["lockdown"][0].split() if word.startswith("[")]
    return chosen[0] if chosen else Unobservable("the kernel does not tell")


def _truth(told: dict[str, list[str]], name: str, missing: Value) -> Value:
    if name not in told:
        return missing if "sysfs" in told else Unobservable("/sys is not mounted")
    return told[name][0] in {"Y", "1"}


def _apparmor(told: dict[str, list[str]]) -> dict[str, Value]:
    enabled = _truth(told, "apparmor", Absent("AppArmor in this kernel"))
    enforced: Value = Absent("AppArmor in force")
    complaining = enforced
    if "profiles" in told:
        enforced, complaining, _total = (int(number) for number in told["profiles"][0].split())
    elif enabled is True:
        enforced = complaining = Unobservable("the list of profiles is for root only, or securityfs is not mounted")
    return {"apparmor": enabled, "apparmor_enforced": enforced, "apparmor_complaining": complaining}


def _selinux(told: dict[str, list[str]]) -> dict[str, Value]:
    now: Value = "disabled" if "selinuxfs" not in told else Unobservable("SELinux is on, but its file system is not mounted here")
    if "selinux" in told:
        now = "enforcing" if told["selinux"][0] == "1" else "permissive"
    configured: Value = told["selinux_configured"][0] if "selinux_configured" in told else Absent("a mode in /etc/selinux/config")
    return {"selinux": now, "selinux_configured": configured}


def _secure_boot(told: dict[str, list[str]]) -> Value:
    if "secure_boot" in told:
        believed = told.get("shim", [""])[0].split()[-1:] == ["1"]  # mokutil --disable-validation: shim starts what is not signed
        return told["secure_boot"][0].split()[-1:] == ["1"] and not believed
    if "efi" in told:
        return Unobservable("the firmware's variables cannot be read here")
    return Absent("a start by UEFI") if "sysfs" in told else Unobservable("/sys is not mounted")


def _configured(told: dict[str, list[str]]) -> dict[str, Value]:
    """What the next boot will say. Several boot entries that differ are not decided here."""
    sources = {text: source for source, _, text in (entry.partition(" ") for entry in reversed(told.get("next", ())))}
    closed = [path for path in told.get("closed", ()) if path.startswith(("/boot", "/efi", "/etc/default"))]
    reason = ""
    if closed:
        reason = f"{closed[0]} cannot be read by this user"
    elif not sources:
        reason = "no boot loader configuration that is known here"
    elif len(sources) > 1:
        reason = "the boot entries differ"
    elif "$" in (text := next(iter(sources))) or "`" in text:
        reason = "the boot loader's configuration is computed"
    if reason:
        unknown = Unobservable(reason)
        return {"configured_command_line": unknown, "configured_parameters": unknown, "configured_in": unknown}
    return {"configured_command_line": text, "configured_parameters": tuple(text.split()), "configured_in": sources[text]}


PROBE = Probe(
    name="kernel_boot",
    summary="How the kernel was booted, and which protections it runs with",
    arguments=(),
    attributes=(
        Attribute("command_line", Type.TEXT, "the running kernel's command line, with *** for what looks like a secret"),
        Attribute("parameters", Type.LIST, "its words"),
        Attribute("lockdown", Type.TEXT, "none, integrity or confidentiality"),
        Attribute("lsm", Type.LIST, "security modules in use, such as apparmor, yama, landlock"),
        Attribute("apparmor", Type.BOOLEAN, "AppArmor is enabled; absent when the kernel has none"),
        Attribute("apparmor_enforced", Type.INTEGER, "how many profiles are enforced"),
        Attribute("apparmor_complaining", Type.INTEGER, "how many profiles only complain"),
        Attribute("selinux", Type.TEXT, "enforcing, permissive or disabled, now"),
        Attribute("selinux_configured", Type.TEXT, "the same for the next boot, from /etc/selinux/config"),
        Attribute(
            "secure_boot",
            Type.BOOLEAN,
            "UEFI Secure Boot was on and shim believed in it; absent when the host was not booted by UEFI",
        ),
        Attribute("module_signatures_enforced", Type.BOOLEAN, "modules without a valid signature are refused"),
        Attribute("tainted", Type.INTEGER, "the kernel's taint mask"),
        Attribute("taints", Type.LIST, "its letters: O out of tree, E unsigned, P proprietary, F forced, ..."),
        Attribute("vulnerabilities", Type.RECORDS, "weaknesses of the CPU and what the kernel does about them", fields=_FIELDS),
        Attribute("vulnerable", Type.LIST, "names of the weaknesses that are not mitigated"),
        Attribute("configured_command_line", Type.TEXT, "what the boot loader's own menu will pass at the next boot"),
        Attribute("configured_parameters", Type.LIST, "its words"),
        Attribute("configured_in", Type.TEXT, "where that is configured"),
        Attribute("uptime", Type.DURATION, "time since the boot"),
        Attribute("booted", Type.TIMESTAMP, "when the host was booted"),
    ),
    ask=ask,
    read=read,
    example=(
        "cmdline=BOOT_IMAGE=/vmlinuz-6.1.0-37-amd64 root=/dev/vda1 ro quiet\ntainted=0\nbtime=1767100000\nnow=1767225600\n"
        "sysfs=yes\nsecurityfs=yes\nlsm=lockdown,capability,landlock,yama,apparmor,bpf\nlockdown=none [integrity] confidentiality\n"
        "apparmor=Y\nprofiles=20 2 22\nsig_enforce=Y\nefi=yes\nsecure_boot= 6 0 0 0 1\n"
        "vulnerability meltdown=Mitigation: PTI\nnext=/etc/default/grub quiet\nend\n"
    ),
)
