"""Private SSH keys that people left in home directories: whether a passphrase protects them. Nothing of a key leaves the host."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply

_CAP = 2000
_LINE = re.compile(r"key (\S+) (\d{1,10}) (openssh|pem|putty) (passphrase|none|hardware|unknown) (/.*)")
# An OpenSSH key names its cipher at its very beginning, in letters of base64 that never change, and where there is no cipher, the
# kind of key at its 65th letter: `sk-` stands for a key in a device that must be touched.
_SCRIPT = r"""if [ "$(id -u)" != 0 ]; then printf 'unobservable: needs root to look into every home\n'; part 0 0; exit 0; fi
if [ ! -r /etc/passwd ]; then printf 'unobservable: there is no /etc/passwd that can be read\n'; part 0 0; exit 0; fi
nl='
'
classify() { # FILE: prints its format and its protection, or fails
  first='' second='' third=''
  { IFS= read -r first && IFS= read -r second && IFS= read -r third; } 2>/dev/null <"$1"
  case $first in
    '-----BEGIN OPENSSH PRIVATE KEY-----'*)
      case $second in
        b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ*)
          kind=${second#????????????????????????????????????????????????????????????????}
          case $kind in ay1[zl]*) printf 'openssh hardware' ;; *) printf 'openssh none' ;; esac
          ;;
        b3BlbnNzaC1rZXktdjEA*) printf 'openssh passphrase' ;;
        *) printf 'openssh unknown' ;;
      esac
      ;;
    '-----BEGIN ENCRYPTED PRIVATE KEY-----'*) printf 'pem passphrase' ;;
    '-----BEGIN PRIVATE KEY-----'*) printf 'pem none' ;;
    '-----BEGIN RSA PRIVATE KEY-----'* | '-----BEGIN DSA PRIVATE KEY-----'* | '-----BEGIN EC PRIVATE KEY-----'*)
      case $second in *Proc-Type:*ENCRYPTED*) printf 'pem passphrase' ;; *) printf 'pem none' ;; esac
      ;;
    PuTTY-User-Key-File-*)
      case $second$third in
        *'Encryption: none'*) printf 'putty none' ;;
        *'Encryption: aes'*) printf 'putty passphrase' ;;
        *) printf 'putty unknown' ;;
      esac
      ;;
    *) return 1 ;;
  esac
}
seen=$nl
looked=''
while IFS=: read -r account _ uid _ _ home _ || [ -n "$account" ]; do
  account=${account##*[ 	]}
  uid=${uid##*[!0-9]}
  if [ -z "$uid" ]; then continue; fi
  home=${home%/}
  looked=yes
  case $home in '' | [!/]*) continue ;; esac
  case $seen in *"$nl$home$nl"*) continue ;; esac
  seen=$seen$home$nl
  if [ ! -d "$home/.ssh" ]; then continue; fi
  if [ ! -r "$home/.ssh" ] || [ ! -x "$home/.ssh" ]; then
    printf 'fault %s cannot be listed by this user\n' "$home/.ssh"
    continue
  fi
  for file in "$home"/.ssh/*; do
    if [ ! -f "$file" ]; then continue; fi
    case $file in *"$nl"*) printf 'fault a file name in %s holds a line break\n' "$home/.ssh"; continue ;; esac
    if [ ! -r "$file" ]; then printf 'fault %s cannot be read by this user\n' "$file"; continue; fi
    if told=$(classify "$file"); then printf 'key %s %s %s %s\n' "$account" "$uid" "$told" "$file"; fi
  done
done </etc/passwd
if [ -n "$looked" ]; then printf 'looked\n'; fi
printf 'end\n'
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """The first lines of the files in every `.ssh`, read by the shell itself."""
    return Question(_SCRIPT, ("/etc/passwd", "the first three lines of ~/.ssh/* of every account"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`key ACCOUNT UID FORMAT PROTECTION PATH` for each private key; then `looked` and `end`."""
    said = reply(answer, "home directories")
    if said:
        return said
    lines = closed_lines(answer)
    if not lines or lines.pop() != "looked":
        raise Unreadable("nothing tells that the host looked")
    if len(lines) > _CAP:
        return Unobservable(f"more than {_CAP} private keys")
    keys = []
    for line in lines:
        if line.startswith("fault "):
            return Unobservable(line.removeprefix("fault "))
        match = _LINE.fullmatch(line)
        if not match:
            raise Unreadable(f"not a line about a private key: {line[:120]!r}")
        keys.append(_record(match))
    return Observed({"keys": tuple(keys), "count": len(keys)})


def _record(match: re.Match[str]) -> Record:
    protection: Value = match[4]
    if protection == "unknown":
        protection = Unobservable(f"{match[5]} is in a format that is not understood")
    return {"account": match[1], "uid": int(match[2]), "format": match[3], "protection": protection, "path": match[5]}


PROBE = Probe(
    name="ssh_user_key",
    summary="Private SSH keys in the home directories of local accounts, and what protects them",
    arguments=(),
    attributes=(
        Attribute(
            "keys",
            Type.RECORDS,
            "the private keys",
            (
                Attribute("account", Type.TEXT, "account in whose home it lies"),
                Attribute("uid", Type.INTEGER, "user id of that account"),
                Attribute("format", Type.TEXT, "openssh, pem or putty"),
                Attribute("protection", Type.TEXT, "passphrase; hardware: it is of use only with a device; none"),
                Attribute("path", Type.TEXT, "the file"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many"),
    ),
    ask=ask,
    read=read,
    example="key alice 1000 openssh passphrase /home/alice/.ssh/id_ed25519\nlooked\nend\n",
    time_limit_s=60,
    needs_root=True,
)
