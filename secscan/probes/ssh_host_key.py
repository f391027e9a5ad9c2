"""The keys a host proves itself with over SSH: who may read them, how strong they are, and their fingerprints. Never a key."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.sshd import LIST_MATCHES, VALUES_OF
from secscan.syntax.sshd_starts import FIND_SSHD

_KEYS = r"""nl='
'
keys=$nl fault=''
while read -r word file; do
  case $word in
    fault) fault=$file ;;
    set | match) case $keys in *"$nl$file$nl"*) ;; *) keys=$keys$file$nl ;; esac ;;
  esac
done <<EOS
$(values_of hostkey all)
EOS
for file in /etc/ssh/ssh_host_*_key /etc/dropbear/dropbear_*_host_key; do
  case $keys in *"$nl$file$nl"*) ;; *) keys=$keys$file$nl ;; esac
done
set -f
IFS=$nl
# shellcheck disable=SC2086 # one path a line
set -- $keys
IFS=" 	$nl"
set +f
for file in "$@"; do
  shift
  if [ -f "$file" ]; then set -- "$@" "$file"; fi
done
if [ -n "$fault" ]; then printf 'unobservable: %s\n' "$fault"
elif [ $# = 0 ]; then printf 'absent\n'
else
  stat -L -c '%a %U %G %n' -- "$@" | while read -r mode owner group file; do
    case $file in
      */dropbear_*)
        type=${file##*/dropbear_}
        type=${type%_host_key}
        bits='?'
        print=$(dropbearkey -y -f "$file" 2>/dev/null | sed -n 's/^Fingerprint:.* //p')
        ;;
      *)
        public=$file
        [ ! -r "$file.pub" ] || public=$file.pub
        line=$(ssh-keygen -lf "$public" 2>/dev/null) || line=''
        type=${line##*\(}
        type=${type%\)}
        bits=${line%% *}
        print=${line#* }
        print=${print%% *}
        ;;
    esac
    printf 'key type=%s bits=%s mode=%s owner=%s group=%s fingerprint=%s path=%s\n' \
      "${type:-?}" "${bits:-?}" "$mode" "$owner" "$group" "${print:-?}" "$file"
  done
  printf 'end\n'
fi
part 0 0"""

_KEY = re.compile(r"key type=(\S+) bits=(\d+|\?) mode=([0-7]{1,4}) owner=(\S+) group=(\S+) fingerprint=(\S+) path=(/.*)")


def ask(calls: Sequence[Arguments]) -> Question:
    """Every key once: one stat for all, one ssh-keygen per key, on its public part where that is a file."""
    files = ("/etc/ssh/sshd_config and what it includes", "/etc/ssh/ssh_host_*_key", "/etc/dropbear")
    return Question(FIND_SSHD + LIST_MATCHES + VALUES_OF + _KEYS, (*files, "ssh-keygen -l", "dropbearkey -y"))


def read(call: Arguments, answer: Answer) -> Observation:
    """One `key type=... bits=... mode=... owner=... group=... fingerprint=... path=...` a line, then `end`."""
    said = reply(answer, "host keys")
    if said:
        return said
    lines = closed_lines(answer)
    if not lines:
        raise Unreadable("no keys before the closing line")
    return Observed({"keys": tuple(map(_record, lines))})


def _record(line: str) -> Record:
    found = _KEY.fullmatch(line)
    if not found:
        raise Unreadable(f"expected a line of one key, got {line[:120]!r}")
    kind, bits, mode, owner, group, fingerprint, path = found.groups()
    unknown = Unobservable("the public part cannot be read by this user, or ssh-keygen is missing")
    return {
        "path": path,
        "type": kind.lower() if kind != "?" else unknown,
        "bits": int(bits) if bits != "?" else unknown,
        "mode": int(mode, 8),
        "owner": owner,
        "group": group,
        "fingerprint": fingerprint if fingerprint != "?" else unknown,
    }


PROBE = Probe(
    name="ssh_host_key",
    summary="Every host key of the SSH server: file, strength and fingerprint",
    arguments=(),
    attributes=(
        Attribute(
            "keys",
            Type.RECORDS,
            "one record per private key file that HostKey names or that has one of the usual names",
            (
                Attribute("path", Type.TEXT, "file of the private key"),
                Attribute("type", Type.TEXT, "rsa, ecdsa, ed25519 or dsa"),
                Attribute("bits", Type.INTEGER, "size of the key in bits"),
                Attribute("mode", Type.MODE, "permissions of the private key file"),
                Attribute("owner", Type.TEXT, "owner of the private key file"),
                Attribute("group", Type.TEXT, "group of the private key file"),
                Attribute("fingerprint", Type.TEXT, "SHA256:... of the public key"),
            ),
        ),
    ),
    ask=ask,
    read=read,
    example=(
        "key type=ED25519 bits=256 mode=600 owner=root group=root fingerprint=SHA256:uGJ3o1NmXzq8mV0eOeJmQ7vAm9sT5xqYcHk1nC4Zl2A "
        "path=/etc/ssh/ssh_host_ed25519_key\nend\n"
    ),
    time_limit_s=30,
)
