"""Package repositories as apt, dnf, zypper or apk are configured to use them, and whether signatures are demanded of them."""

from __future__ import annotations

from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply

_LIMIT = 2000
# Lines of tab-separated columns `repository FILE NAME URI SUITE ENABLED SIGNED METADATA KEYS`; passwords in addresses stay here.
_PRINT_AWK = r"""
function safe(text) { gsub(/:\/\/[^\/@]*@/, "://***@", text); gsub(/[\001-\037]/, " ", text); return text == "" ? "-" : text }
function show(name, uri, suite, enabled, signed, metadata, keys) {
  printf "repository\t%s\t%s\t%s\t%s\t", safe(file), safe(name), safe(uri), safe(suite)
  printf "%s\t%s\t%s\t%s\n", enabled, signed, metadata, safe(keys)
}
function yes(text) { return tolower(text) ~ /^(yes|true|1|on|with|enable)$/ }
function no(text) { return tolower(text) ~ /^(no|false|0|off|without|disable)$/ }
/^\001/ { flush(); file = substr($0, 2); next }
/^\002/ { print "closed\t" substr($0, 2); next }
"""
_ONE_LINE_AWK = (
    _PRINT_AWK
    + r"""
function flush() {}
/^[ \t]*deb(-src)?[ \t]/ {
  line = $0; sub(/^[ \t]*/, "", line); kind = line; sub(/[ \t].*/, "", kind); sub(/^[^ \t]+[ \t]+/, "", line); options = ""
  if (line ~ /^\[/) { options = line; sub(/\].*/, "", options); sub(/^\[[ \t]*/, "", options); sub(/^[^]]*\][ \t]*/, "", line) }
  split(line, part, /[ \t]+/)
  signed = "yes"; keys = ""
  many = split(options, option, /[ \t]+/)
  for (i = 1; i <= many; i++) {
    value = option[i]; sub(/^[^=]*=/, "", value)
    if (option[i] ~ /^(trusted|allow-insecure|allow-weak|allow-downgrade-to-insecure)=/ && yes(value)) signed = "no"
    if (option[i] ~ /^signed-by=/) keys = value
  }
  show(kind, part[1], part[2], "yes", signed, signed, keys)
}"""
)
_DEB822_AWK = (
    _PRINT_AWK
    + r"""
function flush(  i, j, many, count) {
  if (value["uris"] != "") {
    signed = "yes"
    if (yes(value["trusted"]) || yes(value["allow-insecure"])) signed = "no"
    if (yes(value["allow-weak"]) || yes(value["allow-downgrade-to-insecure"])) signed = "no"
    keys = value["signed-by"]; if (keys ~ /BEGIN PGP/) keys = "a key in this file"
    many = split(value["uris"], uri, " "); count = split(value["suites"], suite, " ")
    used = no(value["enabled"]) ? "no" : "yes"
    for (i = 1; i <= many; i++) for (j = 1; j <= count; j++) show(value["types"], uri[i], suite[j], used, signed, signed, keys)
  }
  split("", value); field = ""
}
/^#/ { next }
/^[ \t]*$/ { flush(); next }
/^[ \t]/ { text = $0; sub(/^[ \t]+/, "", text); value[field] = value[field] " " text; next }
{
  p = index($0, ":"); field = tolower(substr($0, 1, p - 1)); text = substr($0, p + 1); gsub(/^[ \t]+|[ \t]+$/, "", text)
  value[field] = text
}
END { flush() }"""
)
_INI_AWK = (
    _PRINT_AWK
    + r"""
function flush(  check) {
  if (section == "main") { for (name in value) common[name] = value[name] }
  else if (section != "") {
    check = "gpgcheck" in common ? common["gpgcheck"] : standard
    if ("gpgcheck" in value) check = value["gpgcheck"]; else if ("pkg_gpgcheck" in value) check = value["pkg_gpgcheck"]
    metadata = "repo_gpgcheck" in value ? value["repo_gpgcheck"] : "repo_gpgcheck" in common ? common["repo_gpgcheck"] : standard
    if (!("repo_gpgcheck" in value) && standard != "0" && "gpgcheck" in value) metadata = value["gpgcheck"]  # zypper
    uri = value["baseurl"]; if (uri == "") uri = value["metalink"]; if (uri == "") uri = value["mirrorlist"]
    used = no(value["enabled"]) ? "no" : "yes"
    show(section, uri, "", used, yes(check) ? "yes" : "no", yes(metadata) ? "yes" : "no", value["gpgkey"])
  }
  split("", value); section = ""
}
/^[ \t]*[#;]/ { next }
/^\[/ { flush(); section = $0; gsub(/^\[|\].*$/, "", section); field = ""; next }
/^[ \t]+[^ \t]/ { text = $0; sub(/^[ \t]+/, "", text); if (field != "") value[field] = value[field] " " text; next }
/=/ {
  p = index($0, "="); field = tolower(substr($0, 1, p - 1)); gsub(/[ \t]/, "", field); text = substr($0, p + 1)
  gsub(/^[ \t]+|[ \t]+$/, "", text); value[field] = text
}
END { flush() }"""
)
_APK_AWK = (
    _PRINT_AWK
    + r"""
function flush() {}
/^[ \t]*(#|$)/ { next }
{ tag = ""; uri = $1; if (uri ~ /^@/) { tag = uri; uri = $2 } show(tag, uri, "", "yes", "yes", "yes", "") }"""
)
_SCRIPT = (
    r"""
# the files that are there, each after a line with its name; one that cannot be read as a line of another kind
stream() {
  for file do
    [ -e "$file" ] || continue
    if [ -r "$file" ] && [ -f "$file" ]; then printf '\001%s\n' "$file"; cat -- "$file"; printf '\n'
    else printf '\002%s\n' "$file"; fi
  done
}
closed_by_awk() { printf 'closed\ta file that awk failed on\n'; }
closed() { if [ -d "$1" ] && [ ! -r "$1" ]; then printf 'closed\t%s\n' "$1"; fi; }
on_apt() {
  printf 'manager\tapt\n'
  closed /etc/apt/sources.list.d
  stream /etc/apt/sources.list /etc/apt/sources.list.d/*.list | awk '@ONE_LINE@' || closed_by_awk
  stream /etc/apt/sources.list.d/*.sources | awk '@DEB822@' || closed_by_awk
  # apt does nothing with settings that it cannot read, and so nothing is known of them
  if ! settings=$(apt-config dump 2>/dev/null); then printf 'closed\tapt-config fails: the settings of apt\n'; fi
  printf '%s\n' "$settings" | awk '
    /^(APT::Get::AllowUnauthenticated|Acquire::Allow(DowngradeTo)?InsecureRepositories|Acquire::AllowWeakRepositories) / {
      if (tolower($2) ~ /^"(true|yes|1|on)"/) print "lax\t" $1
    }'
}
on_rpm() {
  # on_rpm STANDARD FILE...: STANDARD is what counts where nothing is said
  standard=$1
  shift
  stream "$@" | awk -v standard="$standard" '@INI@' || closed_by_awk
}
told() {
  if [ -s /var/lib/dpkg/status ]; then on_apt
  elif [ -d /etc/apk ]; then
    printf 'manager\tapk\n'
    stream /etc/apk/repositories /etc/apk/repositories.d/*.list | awk '@APK@' || closed_by_awk
  elif [ -d /etc/zypp/repos.d ]; then
    printf 'manager\tzypper\n'
    closed /etc/zypp/repos.d
    standard=$(sed -n 's/^[ 	]*gpgcheck[ 	]*=[ 	]*\([a-z0-9]*\).*/\1/p' /etc/zypp/zypp.conf 2>/dev/null | tail -n 1)
    on_rpm "${standard:-on}" /etc/zypp/repos.d/*.repo
  else
    printf 'manager\tdnf\n'
    closed /etc/yum.repos.d
    on_rpm 0 /etc/dnf/dnf.conf /etc/yum.conf /etc/yum.repos.d/*.repo /etc/distro.repos.d/*.repo
  fi
}
if ! have awk; then printf 'unobservable: awk is missing\n'
elif [ -s /var/lib/dpkg/status ] || [ -d /etc/apk ] || [ -d /etc/zypp/repos.d ] || [ -d /etc/yum.repos.d ]; then
  told | awk 'NR > @LIMIT@ { exit } { print } END { if (NR > @LIMIT@) print "too many"; print "end" }'
else printf 'unobservable: no package manager that is known here: apt, dnf, zypper or apk\n'; fi
part 0 0""".replace("@ONE_LINE@", _ONE_LINE_AWK)
    .replace("@DEB822@", _DEB822_AWK)
    .replace("@INI@", _INI_AWK)
    .replace("@APK@", _APK_AWK)
    .replace("@LIMIT@", str(_LIMIT))
)
_FIELDS = (
    Attribute("uri", Type.TEXT, "its address, *** for a password in it; for dnf and zypper a mirror list may stand for it"),
    Attribute("enabled", Type.BOOLEAN, "packages are installed from it"),
    Attribute(
        "signed",
        Type.BOOLEAN,
        "a valid signature is demanded: for apt of its lists, for dnf of packages, for zypper and apk of either",
    ),
    Attribute("metadata_signed", Type.BOOLEAN, "a valid signature of its lists is demanded"),
    Attribute("suite", Type.TEXT, "suite of a Debian repository; absent elsewhere"),
    Attribute("name", Type.TEXT, "id or tag of the repository; for apt deb, deb-src or both"),
    Attribute("keys", Type.TEXT, "the key files it is confined to; absent when any trusted key will do"),
    Attribute("file", Type.TEXT, "the file that names it"),
)


def ask(calls: Sequence[Arguments]) -> Question:
    """One question for all: there are no arguments."""
    touches = ("/etc/apt/sources.list", "/etc/apt/sources.list.d", "apt-config dump", "/etc/dnf/dnf.conf",
               "/etc/yum.conf", "/etc/yum.repos.d", "/etc/zypp/repos.d", "/etc/zypp/zypp.conf",
               "/etc/apk/repositories", "awk", "cat", "sed")  # fmt: skip
    return Question(_SCRIPT, touches)


def read(call: Arguments, answer: Answer) -> Observation:
    """Tab-separated lines: `manager`, `repository` with eight columns, `lax OPTION`, `closed FILE`; then `end`."""
    said = reply(answer, "package repositories")
    if said:
        return said
    first, *lines = closed_lines(answer)
    word, _, manager = first.partition("\t")
    if word != "manager" or manager not in {"apt", "dnf", "zypper", "apk"}:
        raise Unreadable("expected a package manager")
    if "too many" in lines:
        return Unobservable(f"more than {_LIMIT} repositories")
    records: list[Record] = []
    lax: list[str] = []
    for line in lines:
        word, *columns = line.split("\t")
        if word == "closed":
            return Unobservable(f"{columns[0]} cannot be read by this user")
        if word == "lax" and len(columns) == 1:
            lax.append(columns[0])
        elif word == "repository" and len(columns) == 8:
            records.append(_record(columns))
        else:
            raise Unreadable(f"not a repository: {line[:120]!r}")
    used = [record for record in records if record["enabled"]]
    return Observed(
        {
            "repositories": tuple(records),
            "unsigned": tuple(str(record["uri"]) for record in used if not record["signed"]),
            "uris": tuple(dict.fromkeys(str(record["uri"]) for record in used)),
            "lax": tuple(lax),
            "manager": manager,
        }
    )


def _record(columns: Sequence[str]) -> Record:
    file, name, uri, suite, enabled, signed, metadata, keys = columns
    for word in (enabled, signed, metadata):
        if word not in {"yes", "no"}:
            raise Unreadable(f"expected yes or no, not {word[:20]!r}")
    return {
        "uri": uri,
        "enabled": enabled == "yes",
        "signed": signed == "yes",
        "metadata_signed": metadata == "yes",
        "suite": _given(suite),
        "name": _given(name),
        "keys": _given(keys),
        "file": file,
    }


def _given(text: str) -> Value:
    return Absent("a value") if text == "-" else text


PROBE = Probe(
    name="repositories",
    summary="Package repositories, and whether signatures are demanded of them",
    arguments=(),
    attributes=(
        Attribute("repositories", Type.RECORDS, "every configured repository", fields=_FIELDS),
        Attribute("unsigned", Type.LIST, "addresses of enabled repositories of which no signature is demanded"),
        Attribute("uris", Type.LIST, "addresses of the enabled repositories"),
        Attribute("lax", Type.LIST, "options that make the package manager accept unsigned packages or lists from anywhere"),
        Attribute("manager", Type.TEXT, "apt, dnf, zypper or apk"),
    ),
    ask=ask,
    read=read,
    example=(
        "manager\tapt\n"
        "repository\t/etc/apt/sources.list.d/debian.sources\tdeb\thttps://mirror.debian.org/debian\tbookworm\tyes\tyes\tyes\t"
        "/usr/share/keyrings/debian-archive-keyring.gpg\nend\n"
    ),
    time_limit_s=20,
)
