"""Local accounts: /etc/passwd joined with what may be known of /etc/shadow, homes, shells and last sign-ins.

A password leaves the host only as the class of its hash. Accounts of a directory service (LDAP, SSSD) are not local and not
listed: asking for all of them may take a directory server minutes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, quote, repeated, reply
from secscan.syntax.names import ID_AWK

_CAP = 20000
_DAY = 86400
_CLASSES_AWK = r"""
function scheme(hash) {
  if (hash ~ /^\$y\$/) return "yescrypt"
  if (hash ~ /^\$gy\$/) return "gost_yescrypt"
  if (hash ~ /^\$7\$/) return "scrypt"
  if (hash ~ /^\$6\$/) return "sha512"
  if (hash ~ /^\$5\$/) return "sha256"
  if (hash ~ /^\$2[abxy]?\$/) return "bcrypt"
  if (hash ~ /^\$1\$/) return "md5"
  if (hash ~ /^\$md5/) return "sunmd5"
  if (hash ~ /^\$sha1\$/) return "sha1"
  if (hash ~ /^\$3\$/) return "nthash"
  if (hash ~ /^_/ && length(hash) == 20) return "bsdi"
  if (hash ~ /^[.\/0-9A-Za-z]+$/ && length(hash) == 13) return "des"
  return ""
}
function classify(field,   rest) { # sets class and hash
  hash = "none"
  if (field == "") { class = "empty"; return }
  rest = field
  sub(/^!+/, "", rest)
  if (rest == "" || rest ~ /^[*!]*$/) { class = "none"; return }
  hash = scheme(rest)
  if (hash == "") hash = (field ~ /^[!*]/ || length(rest) < 13) ? "none" : "unknown"
  class = hash == "none" ? "none" : field ~ /^!/ ? "locked" : hash
}
function word(name, value) { if (value ~ /^-?[0-9]+$/) printf " %s=%s", name, value }
BEGIN { FS = ":" }
"""
# Reads marked lines: `shadow:` before each line of shadow, `shell:PATH`, `home:MODE:OWNER:PATH`, `last:NAME:MOMENT`, `passwd:`.
_JOIN_AWK = (
    _CLASSES_AWK
    + ID_AWK
    + r"""
$1 == "shadow" && $2 in classes { next } # the first line of a name counts
$1 == "shadow" { classify($3); classes[$2] = class; hashes[$2] = hash; for (i = 4; i <= 9; i++) aging[$2, i] = $i; next }
$1 == "shell" { works[$2] = 1; next }
$1 == "home" { at = $4; for (i = 5; i <= NF; i++) at = at ":" $i; modes[at] = $2; owners[at] = $3; next }
$1 == "last" { at = $3; for (i = 4; i <= NF; i++) at = at ":" $i; last[$2] = at; next }
$1 == "passwd" && $2 ~ /^[^#]/ {
  name = $2; uid = id($4); gid = id($5)
  if (name ~ /^[+-]/ || (NF >= 8 && $4 == "")) { if (uid == "") uid = "?"; if (gid == "") gid = "?" } # musl takes no id for 0
  else if (uid == "" || gid == "") next # skipped by the C library too
  if (++count > cap) { print "unobservable: more than " cap " accounts"; exit }
  shell = $8 == "" ? "/bin/sh" : $8
  gsub(/[ \t\001-\037\177]/, "?", shell); gsub(/[\001-\037\177]/, "?", $7); gsub(/[ \t\001-\037\177]/, "?", $2)
  printf "account %s uid=%s gid=%s", $2, uid, gid
  printf " field=%s", $3 == "x" ? "shadow" : "passwd"
  if ($3 != "x") { classify($3); printf " password=%s hash=%s", class, hash }
  else if (shadow != "read") printf " password=? hash=?"
  else if (name in classes) printf " password=%s hash=%s", classes[name], hashes[name]
  else printf " password=none hash=none"
  if ($3 == "x" && name in classes) {
    word("changed", aging[name, 4]); word("min", aging[name, 5]); word("max", aging[name, 6])
    word("warn", aging[name, 7]); word("inactive", aging[name, 8]); word("expires", aging[name, 9])
  }
  if (name in last) printf " last=%s", last[name]
  else if (logins == "read") printf " last=never"
  if ($7 in modes) printf " home_mode=%s home_owner=%s", modes[$7], owners[$7]
  else if (asker != 0) printf " home_mode=?"
  printf " shell=%s shell_exists=%s home=%s\n", shell, (shell in works) ? "yes" : "no", $7
}
"""
)
# lines of lastlog and lastlog2 that end in a moment: NAME ... Mon Jan  5 08:12:44 +0000 2026
_MOMENT_SED = (
    r"s/^\([^ ]*\) .*[A-Z][a-z][a-z] \([A-Z][a-z][a-z]\) *\([0-9]*\) \([0-9:]*\) \([+-][0-9]*\) \([0-9]*\)$"
    r"/last:\1:\6-\2-\3T\4\5/p"
)
_SCRIPT = f"""nl='
'
uid_min=1000 uid_max=60000
for file in /usr/etc/login.defs /usr/etc/login.defs.d/*.defs /etc/login.defs /etc/login.defs.d/*.defs; do
  [ -r "$file" ] || continue
  while read -r key value rest; do
    case $key in UID_MIN) uid_min=$value ;; UID_MAX) uid_max=$value ;; esac
  done <"$file"
done
if [ -r /etc/shadow ]; then shadow='read'; elif [ -e /etc/shadow ]; then shadow=hidden; else shadow=missing; fi
shells=$nl homes=$nl
while IFS=: read -r name _ _ _ _ home shell || [ -n "$name" ]; do
  shell=${{shell:-/bin/sh}}
  case $shells in
    *"$nl$shell$nl"*) ;;
    *) if [ -f "$shell" ] && [ -x "$shell" ]; then shells=$shells$shell$nl; fi ;;
  esac
  case $homes in
    *"$nl$home$nl"*) ;;
    *) if [ -d "$home" ]; then homes=$homes$home$nl; fi ;;
  esac
done </etc/passwd
lasts='' logins=missing
for tool in lastlog lastlog2; do
  if [ "$logins" = missing ] && have "$tool" && lasts=$("$tool" 2>/dev/null) && [ -n "$lasts" ]; then logins='read'; fi
done
printf 'uid_min=%s uid_max=%s shadow=%s logins=%s\\n' "$uid_min" "$uid_max" "$shadow" "$logins"
{{
  [ "$shadow" != read ] || sed 's/^[[:space:]]*/shadow:/' /etc/shadow
  printf '%s' "${{shells#"$nl"}}" | sed 's/^/shell:/'
  set -f
  IFS=$nl
  # shellcheck disable=SC2086 # one path a line
  set -- $homes
  IFS=" 	$nl"
  set +f
  [ $# = 0 ] || stat -L -c 'home:%a:%U:%n' -- "$@" 2>/dev/null
  printf '%s\\n' "$lasts" | sed -n {quote(_MOMENT_SED)}
  sed 's/^[[:space:]]*/passwd:/' /etc/passwd
}} | awk -v shadow="$shadow" -v logins="$logins" -v asker="$(id -u)" -v cap={_CAP} {quote(_JOIN_AWK)}
printf 'end\\n'
part 0 0"""
_NO_SHELL = {"nologin", "false", "true", "sync", "halt", "shutdown", "reboot", "poweroff"}
_AGING = {"min_days": "min", "max_days": "max", "warn_days": "warn", "inactive_days": "inactive"}
_NO_SHADOW = {"hidden": "/etc/shadow cannot be read by this user", "missing": "there is no /etc/shadow"}


def ask(calls: Sequence[Arguments]) -> Question:
    """Every account once: a handful of processes however many accounts there are."""
    return Question(
        _SCRIPT, ("/etc/passwd", "/etc/shadow (classes only)", "/etc/login.defs", "home directories (stat)", "lastlog", "lastlog2")
    )


def read(call: Arguments, answer: Answer) -> Observation:
    """A line about the host, then a line `account NAME uid=... ...` for each account, then `end`. Words left out are unknown."""
    said = reply(answer, "accounts")
    if said:
        return said
    first, *lines = closed_lines(answer)
    host = _words(first)
    if not host:
        raise Unreadable(f"expected uid_min=... shadow=..., got {first[:120]!r}")
    capped = next((line for line in lines if line.startswith("unobservable: ")), "")
    if capped:
        return Unobservable(capped.removeprefix("unobservable: "))
    if not lines:
        raise Unreadable("no accounts before the closing line")
    accounts = tuple(_record(line, host) for line in lines)
    return Observed({
        "accounts": accounts,
        "shared_uids": repeated(str(account["uid"]) for account in accounts if isinstance(account["uid"], int)),
        "shared_names": repeated(str(account["name"]) for account in accounts),
    })  # fmt: skip


def _words(text: str) -> dict[str, str]:
    """`a=b c=d home=REST` by name; the home comes last and may hold blanks."""
    head, marker, home = text.partition(" home=")
    pairs = dict(word.split("=", 1) for word in head.split(" ") if "=" in word)
    return {**pairs, "home": home} if marker else pairs


def _record(line: str, host: Mapping[str, str]) -> Record:
    found = re.fullmatch(r"account (\S+) (uid=.*)", line)
    if not found:
        raise Unreadable(f"expected 'account NAME uid=...', got {line[:120]!r}")
    words = _words(found[2])
    if missing := {"uid", "gid", "password"} - set(words):
        raise Unreadable(f"account {found[1]} lacks {', '.join(sorted(missing))}")
    hidden = Unobservable(_NO_SHADOW.get(host.get("shadow", ""), "not told"))
    known = words["password"] != "?"  # noqa: S105 - a class, not a password
    no_home = Unobservable("cannot be seen by this user") if "home_mode" in words else Absent("the directory")
    uid: Value = int(words["uid"]) if words["uid"].isdigit() else Unobservable("no user id in /etc/passwd")
    return {
        "name": found[1],
        "uid": uid,
        "gid": int(words["gid"]) if words["gid"].isdigit() else Unobservable("no group id in /etc/passwd"),
        "system": _is_system(uid, host) if isinstance(uid, int) else uid,
        "shell": words.get("shell", Unobservable("not told")),
        "login_shell": _opens_shell(words),
        "password": words["password"] if known else hidden,
        "hash": _hash(words) if known else hidden,
        "shadowed": words["field"] == "shadow" if "field" in words else Unobservable("not told"),
        "last_change": _moment(words.get("changed"), "a change") if known else hidden,
        **{name: _days(words.get(word)) if known else hidden for name, word in _AGING.items()},
        "expires": _moment(words.get("expires"), "a day on which it expires") if known else hidden,
        "home": words.get("home", Unobservable("not told")),
        "home_mode": int(words["home_mode"], 8) if "home_owner" in words else no_home,
        "home_owner": words.get("home_owner", no_home),
        "last_login": _last_login(words.get("last"), host),
    }


def _is_system(uid: int, host: Mapping[str, str]) -> bool:
    """Below UID_MIN, or of systemd's own ranges, or nobody; never root."""
    return 0 < uid < int(host.get("uid_min", "1000")) or 61184 <= uid <= 65519 or uid in {65534, 65535}


def _opens_shell(words: Mapping[str, str]) -> bool | Unobservable:
    if "shell" not in words:
        return Unobservable("not told")
    return words["shell"].rsplit("/", 1)[-1] not in _NO_SHELL and words.get("shell_exists", "yes") == "yes"


def _hash(words: Mapping[str, str]) -> Value:
    told = words.get("hash") or ("none" if words["password"] in {"empty", "none", "locked"} else words["password"])
    return Absent("a password hash") if told == "none" else told


def _days(text: str | None) -> Value:
    return int(text) if text is not None else Absent("a limit")


def _moment(days: str | None, otherwise: str) -> Value:
    return float(int(days) * _DAY) if days is not None and int(days) >= 0 else Absent(otherwise)


def _last_login(text: str | None, host: Mapping[str, str]) -> Value:
    if text == "never":
        return Absent("a sign-in")
    if text is None:
        return Unobservable("not told" if host.get("logins") == "read" else "no lastlog on this host")
    return datetime.strptime(text, "%Y-%b-%dT%H:%M:%S%z").astimezone(UTC).timestamp()


PROBE = Probe(
    name="account",
    summary="Every local account: identity, shell, class of its password, ageing, home and last sign-in",
    arguments=(),
    attributes=(
        Attribute(
            "accounts",
            Type.RECORDS,
            "one record per line of /etc/passwd",
            (
                Attribute("name", Type.TEXT, "name of the account; one that begins with + or - is a leftover of NIS"),
                Attribute("uid", Type.INTEGER, "user id"),
                Attribute("gid", Type.INTEGER, "id of the primary group"),
                Attribute(
                    "system",
                    Type.BOOLEAN,
                    "a system account: user id below UID_MIN of login.defs, of systemd's ranges, or nobody; never root",
                ),
                Attribute("shell", Type.TEXT, "sign-in shell; an empty one means /bin/sh"),
                Attribute("login_shell", Type.BOOLEAN, "the shell exists and is none of nologin, false, sync and the like"),
                Attribute(
                    "password",
                    Type.TEXT,
                    "empty (no password needed), none (no password fits), locked (a hash behind !), or the scheme: yescrypt, "
                    "gost_yescrypt, scrypt, sha512, sha256, bcrypt, md5, sunmd5, sha1, nthash, bsdi, des, unknown",
                ),
                Attribute("hash", Type.TEXT, "scheme of the stored hash, locked or not"),
                Attribute(
                    "shadowed", Type.BOOLEAN, "/etc/passwd, which everybody can read, refers to /etc/shadow for the password"
                ),
                Attribute(
                    "last_change", Type.TIMESTAMP, "day of the last password change; 1970-01-01 means it must be changed now"
                ),
                Attribute("min_days", Type.INTEGER, "days before the password may be changed again"),
                Attribute("max_days", Type.INTEGER, "days after which the password must be changed"),
                Attribute("warn_days", Type.INTEGER, "days of warning before that"),
                Attribute("inactive_days", Type.INTEGER, "days after that before the account is locked; -1 means never"),
                Attribute("expires", Type.TIMESTAMP, "day the account expires"),
                Attribute("home", Type.TEXT, "home directory"),
                Attribute("home_mode", Type.MODE, "permissions of the home directory, links followed"),
                Attribute("home_owner", Type.TEXT, "owner of the home directory"),
                Attribute(
                    "last_login", Type.TIMESTAMP, "last sign-in that lastlog or lastlog2 knows; absent when there never was one"
                ),
            ),
        ),
        Attribute("shared_uids", Type.LIST, "user ids that more than one account has"),
        Attribute("shared_names", Type.LIST, "names that more than one line of /etc/passwd has"),
    ),
    ask=ask,
    read=read,
    example=(
        "uid_min=1000 uid_max=60000 shadow=read logins=read\n"
        "account root uid=0 gid=0 field=shadow password=yescrypt hash=yescrypt changed=20000 min=0 max=99999 warn=7 "
        "last=2026-Jan-05T08:12:44+0000 home_mode=700 home_owner=root shell=/bin/bash shell_exists=yes home=/root\n"
        "account www-data uid=33 gid=33 field=shadow password=none hash=none last=never shell=/usr/sbin/nologin shell_exists=yes "
        "home=/var/www\n"
        "end\n"
    ),
    time_limit_s=60,
)
