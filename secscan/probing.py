"""What probes share: quoting into shell, and reading raw answers without ever taking silence for an answer.

Shell that a probe prints runs with these functions defined (see plan/collector.sh):
  part INDEX EXIT   ends the output of call INDEX (counted from 0) with its exit status
  have COMMAND      true when the command exists
and three conventional single lines that any call may answer with, read here by `reply`:
  absent                      looked, it is not there
  unobservable: REASON        could not look
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence

from secscan.model.probe import Answer, Arguments
from secscan.model.values import Absent, Unobservable


class Unreadable(ValueError):
    """An answer that does not have the shape the probe's own shell prints."""


def quote(*words: object) -> str:
    """Words as shell arguments, each quoted."""
    return " ".join(shlex.quote(str(word)) for word in words)


def reply(answer: Answer, what: str = "") -> Absent | Unobservable | None:
    """The conventional one-line replies; None when the answer is something else.

    A non-zero exit with nothing printed is Unobservable: 127 is a missing tool, 126 a refused one.
    """
    if answer.stdout == b"absent\n":
        return Absent(what)
    if answer.stdout.startswith(b"unobservable: ") and answer.stdout.endswith(b"\n") and answer.stdout.count(b"\n") == 1:
        return Unobservable(answer.text[len("unobservable: ") :].strip())
    if not answer.stdout:
        if answer.exit == 0:
            return Unobservable("empty answer" + (f": {answer.complaint}" if answer.complaint else ""))
        reason = {126: "permission denied", 127: "command not found"}.get(answer.exit, f"exit status {answer.exit}")
        return Unobservable(answer.complaint or reason)
    return None


def whole_lines(answer: Answer) -> list[str]:
    """The lines of an answer; Unreadable unless the last one is ended (a cut answer lacks that)."""
    if not answer.stdout.endswith(b"\n"):
        raise Unreadable("the answer is cut off: its last line does not end")
    return answer.text.split("\n")[:-1]


def closed_lines(answer: Answer, closing: str = "end") -> list[str]:
    """The lines before a closing line; Unreadable when that witness is missing.

    Lists are printed with such a witness so that a shortened list is never taken for a short one.
    """
    lines = whole_lines(answer)
    if not lines or lines[-1] != closing:
        raise Unreadable(f"the answer is cut off: its closing line {closing!r} is missing")
    return lines[:-1]


def closed_words(answer: Answer) -> dict[str, list[str]]:
    r"""By the first word of each line before `end`, what follows it, in order; Unreadable when `end` is missing.

    >>> closed_words(Answer(b"rules 3\nhint ufw\nhint nftables\nend\n"))
    {'rules': ['3'], 'hint': ['ufw', 'nftables']}
    """
    told: dict[str, list[str]] = {}
    for line in closed_lines(answer):
        word, _, rest = line.partition(" ")
        told.setdefault(word, []).append(rest)
    return told


def one_line(answer: Answer) -> str:
    """The only line of an answer; Unreadable when there are more or fewer."""
    lines = whole_lines(answer)
    if len(lines) != 1:
        raise Unreadable(f"expected one line, got {len(lines)}")
    return lines[0]


def same_for_all(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """A splitter for probes whose joint output serves every call whole."""
    return [answer] * len(calls)


def fields(line: str, names: Iterable[str], separator: str | None = None) -> dict[str, str]:
    """The columns of a line by name; Unreadable when there are too few. The last column keeps the rest."""
    wanted = list(names)
    values = line.split(separator, len(wanted) - 1)
    if len(values) != len(wanted):
        raise Unreadable(f"expected {len(wanted)} columns in {line[:120]!r}")
    return dict(zip(wanted, values, strict=True))


def repeated(items: Iterable[str]) -> tuple[str, ...]:
    """Items that come more than once, each once, in order.

    >>> repeated(["0", "1", "0", "0"])
    ('0',)
    """
    return tuple(item for item, count in Counter(items).items() if count > 1)


# mask(LINE), an awk function: the line without password hashes and without what looks like a password, token or key after
# `=` or `:`, or in a URL. Words that only switch something stay, and so do paths: `tls_key = /etc/ssl/key.pem` tells no secret.
_SECRETS = "password|passphrase|secret|token|psk|api_key|api-key|apikey|access_key|secret_key|private_key|privatekey"
MASK_AWK = rf"""function mask(line,   low, at, rest) {{
  gsub(/:\/\/[^\/@ \t:]*:[^\/@ \t]*@/, "://********@", line)
  gsub(/\$(1|2[abxy]?|5|6|7|y|gy|sha1|apr1|argon2[a-z]*)\$[^: \t"']+/, "********", line)
  gsub(/grub\.pbkdf2\.[^ \t]+/, "********", line)
  if (line ~ /^[^:]+:[^:]*:[0-9]*:[0-9]*:[0-9]*:[0-9]*:[0-9]*:[0-9]*:[0-9]*$/) sub(/:[^:]*/, ":********", line)
  low = tolower(line)
  if (match(low, /({_SECRETS}|passwd|pass|pwd)["']?[ \t]*=[ \t]*/) || match(low, /({_SECRETS})["']?:[ \t]+/)) {{
    at = RSTART + RLENGTH
    rest = substr(low, at)
    if (rest !~ /^["']?(yes|no|true|false|on|off|none|0|1|\/[^ \t]*)?["']?[ \t;,]*$/) line = substr(line, 1, at - 1) "********"
  }}
  return line
}}
"""


_BESIDE_THE_BOOT = re.compile(
    r"(rescue|emergency|initrd.*|shutdown|reboot|halt|poweroff|kexec|exit|final|umount|sleep|suspend.*|hibernate|hybrid-sleep|system-update.*)"
    r"\.target"
)


def starts_at_boot(enablement: str, wanted: Iterable[str]) -> bool | Unobservable:
    """Whether a unit of systemd (or a service of another init system) starts at the next boot.

    A unit without an [Install] section of its own starts when something that belongs to a normal boot wants it.

    >>> starts_at_boot("static", ["sysinit.target"]), starts_at_boot("static", ["rescue.target"])
    (True, False)
    >>> starts_at_boot("enabled-runtime", ["multi-user.target"])  # gone after the boot
    False
    """
    if enablement in {"static", "indirect", "generated", "transient"}:
        return any(not _BESIDE_THE_BOOT.fullmatch(unit) for unit in wanted)
    if enablement == "bad":
        return Unobservable("the unit's file is not valid")
    return enablement in {"enabled", "alias"}


# mask_command(WORDS, COUNT), an awk function: the words of a command line as one line of at most 4000 bytes, without secrets.
# It covers `--password=x`, `--token x`, `PASSWORD=x`, `scheme://user:x@`, `Bearer x`, and the short options of well-known clients.
MASK_COMMAND_AWK = r"""
function mask_command(words, count,   i, word, low, out, cover, quoted, client, header, rest) {
  out = ""; cover = 0; quoted = ""; client = 0; header = 0
  for (i = 1; i <= count; i++) {
    word = words[i]; low = tolower(word)
    if (low ~ /(^|\/)(sshpass|mysql[a-z]*|mariadb[a-z-]*|mongo[a-z]*|ldap[a-z]*|ipmitool|(smb|rpc)client|snmp[a-z]*)$/) client = 1
    if (low ~ /(^|\/)(curl|wget|htpasswd|zip|7z[a-z]*|redis-cli|mosquitto_[a-z]*|openssl|lftp|psql|pg_[a-z]*)$/) client = 1
    if (quoted != "") { if (index(word, quoted)) quoted = ""; continue }
    if (header && low ~ /^(bearer|basic|token|digest|negotiate|apikey)$/) { header = 0; cover = 1; out = out " " word; continue }
    if (header) { header = 0; cover = 1 }
    if (cover) {
      cover = 0
      if (low == "=" || low == ":") { cover = 1 }
      else {
        if (word ~ /^["\047]/ && !index(substr(word, 2), substr(word, 1, 1))) quoted = substr(word, 1, 1)
        out = out " ***"; continue
      }
    }
    gsub(/[\001-\037\177]/, " ", word)
    if (match(word, /:\/\/[^\/@]*:[^@]*@/)) word = substr(word, 1, RSTART + 2) "***@" substr(word, RSTART + RLENGTH)
    low = tolower(word)
    if (low ~ /authorization["\047]?[:=]$/) header = 1
    else if (low ~ /(bearer|basic)["\047]?$/) cover = 1
    else if (match(low, /(pass|pwd|secret|token|access_?key|credential|auth|cookie)[a-z0-9_-]*["\047]?[=:]|key["\047]?[=:]/)) {
      rest = substr(word, RSTART + RLENGTH)
      if (substr(low, RSTART, RLENGTH) !~ /file["\047]?[=:]$/) {
        word = substr(word, 1, RSTART + RLENGTH - 1) "***"
        if (match(rest, /["\047]/) && !index(substr(rest, RSTART + 1), substr(rest, RSTART, 1))) quoted = substr(rest, RSTART, 1)
        else if (rest == "") cover = 1
      }
    }
    else if (low ~ /^-.*(pass(word|wd|phrase|in|out)?|pwd|secret|token|(api|access|secret|private)[_-]?key|credential)$/) cover = 1
    else if (client && word ~ /^-[pPwAXauc]$/) cover = 1
    else if (client && word ~ /^-[pPwAX]./) word = substr(word, 1, 2) "***"
    else if (client && word ~ /^(-u|--user=).*:/) word = substr(word, 1, index(word, ":")) "***"
    else if (client && word == "--user") cover = 1
    else if (client && word ~ /%./) word = substr(word, 1, index(word, "%")) "***"
    out = out " " word
  }
  return length(out) > 4000 ? substr(out, 2, 4000) "..." : substr(out, 2)
}
"""


# become USER COMMAND...: runs a command as a user, by what there is on the host; as oneself when not root
BECOME = r"""become() { # USER COMMAND...
  user=$1
  shift
  if [ "$(id -u)" != 0 ]; then "$@"
  elif setpriv --reuid=0 true 2>/dev/null; then setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups -- "$@"
  elif have runuser; then runuser -u "$user" -- "$@"
  else
    line=''
    for word; do line="$line '$(printf '%s' "$word" | sed "s/'/'\\\\''/g")'"; done
    su -s /bin/sh "$user" -c "$line"
  fi
}
"""
