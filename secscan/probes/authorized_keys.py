"""Public keys that let somebody sign in: every entry of the authorized_keys files of all local accounts, without the keys."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, quote, reply
from secscan.syntax.names import ID_AWK
from secscan.syntax.sshd import LIST_MATCHES, VALUES_OF
from secscan.syntax.sshd_starts import FIND_SSHD

_CAP = 20000
# places: one line `account uid file` per file an account may have, as AuthorizedKeysFile (of every Match block too) names them
_PLACES_AWK = (
    ID_AWK
    + r"""
function expand(pattern, name, uid, home,   out, at) {
  out = ""
  while (at = index(pattern, "%")) {
    out = out substr(pattern, 1, at - 1)
    c = substr(pattern, at + 1, 1)
    out = out (c == "h" ? home : c == "u" ? name : c == "U" ? uid : c == "%" ? "%" : "")
    pattern = substr(pattern, at + 2)
  }
  out = out pattern
  return out ~ /^\// ? out : home "/" out
}
BEGIN {
  FS = ":"
  count = split(patterns, pattern, " ")
}
{ sub(/^[ \t\r\f\v]+/, "") }
/^[^#]/ && id($3) != "" && $6 ~ /^(\/|$)/ {
  for (i = 1; i <= count; i++) if (tolower(pattern[i]) != "none") print $1 "\t" id($3) "\t" expand(pattern[i], $1, id($3), $6)
}
"""
)
# entries: reads `account uid file` lines. mode=keys prints `type blob number` for ssh-keygen, mode=records what leaves the host.
_ENTRIES_AWK = r"""
function kind(word) { return word ~ /^(ssh-|ecdsa-|sk-|rsa-sha2-|webauthn-)[A-Za-z0-9@.-]+$/ }
function skip(text,   i, c, quoted) { # length of the options at the start of an entry
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (c == "\\" && substr(text, i + 1, 1) == "\"") i++
    else if (c == "\"") quoted = !quoted
    else if (!quoted && (c == " " || c == "\t")) return i - 1
  }
  return 0
}
function reduce(text,   i, c, quoted, piece, out) { # options without the arguments of a command and the values of an environment
  text = text ","
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (c == "\\" && substr(text, i + 1, 1) == "\"") { piece = piece "\\\""; i++; continue }
    if (c == "\"") quoted = !quoted
    if (c != "," || quoted) { piece = piece c; continue }
    if (tolower(piece) ~ /^environment=/) sub(/=.*/, "=\"********\"", piece)
    if (tolower(piece) ~ /^command=/ && match(piece, /[ \t]/)) piece = substr(piece, 1, RSTART) "...\""
    out = out (out == "" ? "" : ",") piece
    piece = ""
  }
  return out
}
BEGIN { FS = "\t" }
!listed { # lines of ssh-keygen: BITS FINGERPRINT NUMBER (TYPE)
  if ($0 == "--") { listed = 1; next }
  if (!split($0, word, " ")) next
  bits[word[3]] = word[1]; print_of[word[3]] = word[2]; known = 1
  next
}
{
  while ((got = (getline line < $3)) > 0) {
    sub(/^[ \t]+/, "", line); sub(/\r$/, "", line); gsub(/[\001-\010\013-\037\177]/, "?", line)
    if (line == "" || line ~ /^#/) continue
    split(line, word, /[ \t]+/)
    options = ""
    if (!(kind(word[1]) && word[2] ~ /^AAAA/)) {
      if (!(at = skip(line))) continue
      options = substr(line, 1, at)
      split(substr(line, at + 1), rest, " ")
      word[1] = rest[1]; word[2] = rest[2]
      if (!(kind(word[1]) && word[2] ~ /^AAAA/)) continue
    }
    if (++number > cap) { print "unobservable: more than " cap " keys"; exit }
    if (mode == "keys") { print word[1] " " word[2] " " number; continue }
    if (known && !(number in bits)) continue # what ssh-keygen does not take for a key opens nothing
    printf "key account=%s uid=%s type=%s bits=%s fingerprint=%s", $1, $2, word[1], \
      (number in bits) ? bits[number] : "?", (number in bits) ? print_of[number] : "?"
    printf " file=%s options=%s\n", $3, reduce(options)
  }
  if (got < 0) print "fault " $3 " cannot be read"
  close($3)
}
"""
_SCRIPT = f"""if [ "$(id -u)" != 0 ]; then printf 'unobservable: needs root to look into every home\\n'; part 0 0; exit 0; fi
{FIND_SSHD}{LIST_MATCHES}{VALUES_OF}told=$(values_of authorizedkeysfile)
patterns=$(printf '%s\\n' "$told" | sed -n 's/^set //p; s/^match //p' | tr '\\n' ' ')
case "
$told" in
  *'
set '*) ;;
  *) patterns="$patterns .ssh/authorized_keys .ssh/authorized_keys2" ;; # of everybody whom no Match block gives others
esac
if have dropbear; then patterns="$patterns .ssh/authorized_keys"; fi
nl='
'
tab='	'
seen=$nl
list=$(
  awk -v patterns="$patterns" {quote(_PLACES_AWK)} /etc/passwd | while IFS=$tab read -r account uid file; do
    home=${{file%/*}}
    if [ -d "$home" ] && [ ! -x "$home" ]; then printf 'fault\\t%s\\n' "$home"; continue; fi
    [ -f "$file" ] || continue
    case $seen in *"$nl$account $file$nl"*) continue ;; esac
    seen=$seen$account' '$file$nl
    printf '%s\\t%s\\t%s\\n' "$account" "$uid" "$file"
  done
)
entries() {{ awk -v mode="$1" -v cap={_CAP} {quote(_ENTRIES_AWK)}; }}
prints=''
if have ssh-keygen; then prints=$(printf '%s\\n' -- "$list" | entries keys | ssh-keygen -lf - 2>/dev/null); fi
case $nl$list in
  *"$nl"fault"$tab"*)
    list=$nl$list
    list=${{list#*"$nl"fault"$tab"}}
    printf 'unobservable: %s cannot be searched by this user\\n' "${{list%%"$nl"*}}"
    ;;
  *)
    [ -z "$list" ] || printf '%s\\n' "$prints" -- "$list" | entries records
    printf '%s\\n' "$told" | sed -n '/^fault /p'
    values_of authorizedkeyscommand | sed -n '/^fault /p; s/^[a-z]* \\(\\/[^ ]*\\).*/elsewhere \\1/p'
    printf 'end\\n'
    ;;
esac
part 0 0"""
_ENTRY = re.compile(r"key account=(\S+) uid=(\d+) type=(\S+) bits=(\d+|\?) fingerprint=(\S+) file=(/.*?) options=(.*)")
_ANYWHERE = re.compile(r"[*?.:]*\*[*?.:]*|.*/0+")
_SHELL = re.compile(r"(\S*/)?(ba|da|a|z|k|mk|c|tc|fi)?sh|eval|exec|\$\{?SSH_ORIGINAL_COMMAND\}?")


def ask(calls: Sequence[Arguments]) -> Question:
    """Every account in one go: one awk for the places, two for the entries, one ssh-keygen for all fingerprints."""
    files = ("/etc/passwd", "/etc/ssh/sshd_config and what it includes", "AuthorizedKeysFile of every local account")
    return Question(_SCRIPT, (*files, "ssh-keygen -l"))


def read(call: Arguments, answer: Answer) -> Observation:
    """One `key account=... uid=... type=... bits=... fingerprint=... file=... options=...` a line, `elsewhere PROGRAM`; `end`."""
    said = reply(answer, "authorized keys")
    if said:
        return said
    lines = closed_lines(answer)
    for line in lines:
        if line.startswith(("fault ", "unobservable: ")):
            return Unobservable(line.partition(" ")[2])
    programs = [line.removeprefix("elsewhere ") for line in lines if line.startswith("elsewhere /")]
    return Observed({
        "keys": tuple(_record(line) for line in lines if not line.startswith("elsewhere /")),
        "complete": Unobservable(f"sshd also takes keys that {programs[0]} prints, which are not seen here") if programs else True,
    })  # fmt: skip


def _record(line: str) -> Record:
    found = _ENTRY.fullmatch(line)
    if not found:
        raise Unreadable(f"expected a line of one key, got {line[:120]!r}")
    account, uid, kind, bits, fingerprint, file, options = found.groups()
    unknown = Unobservable("ssh-keygen is missing or does not know this key")
    words = _options(options)
    size: Value = int(bits) if bits != "?" else unknown
    return {
        "account": account,
        "uid": int(uid),
        "file": file,
        "key_type": kind,
        "bits": size,
        "options": words,
        "restricted": any(map(_limits, words)),
        "fingerprint": fingerprint if fingerprint != "?" else unknown,
    }


def _limits(option: str) -> bool:
    """Whether an option leaves out some addresses, or all commands but one. `restrict` does neither: it leaves any command."""
    name, _, value = option.partition("=")
    value = value.strip('"')
    if name.lower() == "from":
        return bool(value) and not any(_ANYWHERE.fullmatch(pattern.strip()) for pattern in value.split(","))
    return name.lower() == "command" and not _SHELL.fullmatch(value.strip('\\"'))


def _options(text: str) -> tuple[str, ...]:
    """Options split at the commas outside of quotes."""
    return tuple(re.findall(r'((?:[^",\\]|\\.|"(?:[^"\\]|\\.)*")+)', text))


PROBE = Probe(
    name="authorized_keys",
    summary="Every key that may sign in over SSH as a local account",
    arguments=(),
    attributes=(
        Attribute(
            "keys",
            Type.RECORDS,
            "one record per entry, in every file that AuthorizedKeysFile names, for every account of /etc/passwd",
            (
                Attribute("account", Type.TEXT, "account the key opens"),
                Attribute("uid", Type.INTEGER, "user id of the account"),
                Attribute("file", Type.TEXT, "file the entry stands in"),
                Attribute("key_type", Type.TEXT, "type of the key, such as ssh-ed25519"),
                Attribute("bits", Type.INTEGER, "size of the key in bits"),
                Attribute(
                    "options",
                    Type.LIST,
                    "options of the entry; of a command only the program, of an environment only that it is set",
                ),
                Attribute("restricted", Type.BOOLEAN, "a from= leaves out some addresses, or a command= is no shell"),
                Attribute("fingerprint", Type.TEXT, "SHA256:... of the public key"),
            ),
        ),
        Attribute("complete", Type.BOOLEAN, "true when all keys stand in files; could not look when a program prints some of them"),
    ),
    ask=ask,
    read=read,
    example=(
        "key account=root uid=0 type=ssh-ed25519 bits=256 fingerprint=SHA256:uGJ3o1NmXzq8mV0eOeJmQ7vAm9sT5xqYcHk1nC4Zl2A "
        'file=/root/.ssh/authorized_keys options=from="10.0.0.0/8",no-pty\nend\n'
    ),
    time_limit_s=60,
    needs_root=True,
)
