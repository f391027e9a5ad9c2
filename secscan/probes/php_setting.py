"""A setting of PHP for each way it is run: php.ini and the files of the scan directory in order, then what pools and Apache say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, quote, reply

# Only settings that hold no secret: nothing else of the files leaves the host.
NAMES = (
    "allow_url_fopen", "allow_url_include", "cgi.fix_pathinfo", "cgi.force_redirect", "disable_functions", "display_errors",
    "display_startup_errors", "enable_dl", "error_reporting", "expose_php", "file_uploads", "html_errors", "log_errors",
    "max_execution_time", "max_input_time", "memory_limit", "open_basedir", "post_max_size", "session.cookie_httponly",
    "session.cookie_samesite", "session.cookie_secure", "session.use_only_cookies", "session.use_strict_mode",
    "session.use_trans_sid", "upload_max_filesize", "zend.exception_ignore_args",
)  # fmt: skip
_BESIDE_THE_WEB = {"cli", "phpdbg", "embed"}
_AWK = r"""BEGIN { many = split(names, each, " "); for (i = 1; i <= many; i++) wanted[each[i]] = 1 }
{
  sub(/\r$/, "")
  line = $0
  gsub(/^[ \t]+|[ \t]+$/, "", line)
  if (line ~ /^[;#]/) next
  if (line ~ /^\[/) {
    flush()
    sub(/\].*/, "]", line)
    special = tolower(line) ~ /^\[(host|path)[ \t]*=/
    if (pools || special || before) print "| " line
    before = special
    next
  }
  key = line
  sub(/[ \t]*=.*/, "", key)
  last = key ~ /^php_admin_/
  if (pools && !sub(/^php_(admin_)?(value|flag)\[[ \t]*/, "", key)) next
  if (pools) sub(/[ \t]*\]$/, "", key)
  if (!(key in wanted) || !sub(/^[^=]*=[ \t]*/, "", line)) next
  if (pools && last) admin[++held] = "| " key " = " line; else print "| " key " = " line
}
END { flush() }
function flush(   i) { # what a pool sets for good holds over its other values, wherever it stands
  for (i = 1; i <= held; i++) print admin[i]
  held = 0
}"""
_APACHE_AWK = r"""BEGIN { many = split(names, each, " "); for (i = 1; i <= many; i++) wanted[each[i]] = 1 }
tolower($1) ~ /^php_(admin_)?(value|flag)$/ && ($2 in wanted) {
  line = $0
  key = $2
  sub(/\r$/, "", line)
  sub(/^[ \t]*[^ \t]+[ \t]+[^ \t]+[ \t]*/, "", line)
  print "| " key " = " line
}"""
_SHELL = r"""tell() { # AWK POOLS FILE...: the wanted settings of files that are there
  program=$1 pools=$2
  shift 2
  for file; do
    if [ ! -e "$file" ]; then continue; fi
    if [ ! -r "$file" ] || [ ! -f "$file" ]; then told=unread
    else told=$(awk -v names="$names" -v pools="$pools" "$program" "$file"); fi
    if [ -n "$told" ]; then printf 'file %s\n%s\n' "$file" "$told"; fi
  done
}
sapi() { # WAY VERSION INI SCANNED [POOLS]
  known="$known $1-$2 "
  printf 'sapi %s %s\n' "$1" "$2"
  tell "$ini" 0 "$3" "$4"/*.ini
  if [ -n "${5:-}" ]; then
    printf 'pools\n'
    tell "$ini" 1 "$5"/*.conf
  fi
  if [ "$1" = apache2 ]; then
    printf 'apache\n'
    tell "$apache" 0 /etc/apache2/*.conf /etc/apache2/*-enabled/*.conf /etc/apache2/*.d/*.conf \
      /etc/httpd/conf/*.conf /etc/httpd/conf*.d/*.conf
  fi
  printf 'done\n'
}
place() { # WAY VERSION PROGRAM: where the program of this way and version looks, by the layout of the distribution
  case $known in *" $1-$2 "*) return 0 ;; esac
  if [ -n "$2" ] && [ -d "/etc/php/$2" ]; then
    sapi "$1" "$2" "/etc/php/$2/$1/php.ini" "/etc/php/$2/$1/conf.d" "/etc/php/$2/$1/pool.d"
  elif [ -n "$2" ] && [ -d "/etc/php$2/$1" ]; then
    sapi "$1" "$2" "/etc/php$2/$1/php.ini" "/etc/php$2/conf.d" "/etc/php$2/$1/php-fpm.d"
  elif [ -n "$2" ] && [ -d "/etc/php$2" ]; then sapi "$1" "$2" "/etc/php$2/php.ini" "/etc/php$2/conf.d" "/etc/php$2/php-fpm.d"
  elif [ -e /etc/php.ini ] || [ -d /etc/php.d ]; then sapi "$1" "${2:--}" /etc/php.ini /etc/php.d /etc/php-fpm.d
  else
    for directory in /etc/php[0-9]*; do
      if [ -d "$directory/$1" ]; then
        sapi "$1" "${directory#/etc/php}" "$directory/$1/php.ini" "$directory/conf.d" "$directory/$1/php-fpm.d"
        return 0
      fi
    done
    known="$known $1-$2 "
    printf 'sapi %s %s\nfile %s\nunread\ndone\n' "$1" "${2:--}" "$3"
  fi
}
if ! have awk; then printf 'unobservable: there is no awk command\n'; exit 0; fi
known=''
for file in /usr/sbin/php-fpm* /usr/bin/php-cgi* /usr/bin/php /usr/bin/php[0-9]* /usr/lib/apache2/modules/libphp*.so \
  /usr/lib/apache2/mod_php*.so /usr/lib64/apache2/mod_php*.so /usr/lib*/httpd/modules/libphp*.so; do
  if [ ! -e "$file" ] || { [ ! -x "$file" ] && [ "$file" = "${file%.so}" ]; }; then continue; fi
  if [ -L "$file" ]; then file=$(readlink -f -- "$file"); fi
  name=${file##*/}
  case $name in
    php-fpm*) place fpm "${name#php-fpm}" "$file" ;;
    php-cgi*) place cgi "${name#php-cgi}" "$file" ;;
    libphp*.so) name=${name#libphp} && place apache2 "${name%.so}" "$file" ;;
    mod_php*.so) name=${name#mod_php} && place apache2 "${name%.so}" "$file" ;;
    php | php[0-9] | php[0-9][0-9] | php[0-9].[0-9]*) place cli "${name#php}" "$file" ;;
  esac
done
if [ -z "$known" ]; then printf 'absent\n'; else printf 'end\n'; fi"""


@dataclass(frozen=True, slots=True)
class _Setting:
    """One time the setting is given a value. `place` is empty where it holds for the way as such."""

    place: str
    value: str
    file: str


@dataclass(slots=True)
class _Way:
    """One way PHP is run, with what its files say in the order they are read, and where the reading of them stands."""

    name: str
    version: str
    settings: list[_Setting] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    unread: str = ""
    kind: str = ""
    file: str = ""
    section: str = ""


def ask(calls: Sequence[Arguments]) -> Question:
    """The files of every way, once for all calls."""
    names = dict.fromkeys(str(call["name"]) for call in calls)
    script = f"names={quote(' '.join(names))}\nini={quote(_AWK)}\napache={quote(_APACHE_AWK)}\n{_SHELL}"
    return Question(
        script,
        ("/usr/sbin/php-fpm*, /usr/bin/php*, libphp*.so", "/etc/php*, /etc/php.d, /etc/php-fpm.d",
         "php_value and the like in /etc/apache2 and /etc/httpd", "awk", "readlink"),
    )  # fmt: skip


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """Each call's own settings, among the files."""
    lines = answer.text.split("\n")
    return [replace(answer, stdout="\n".join(_own(str(call["name"]), lines)).encode()) for call in calls]


def _own(name: str, lines: Iterable[str]) -> Iterable[str]:
    return (line for line in lines if not line.startswith("| ") or line.startswith(("| [", f"| {name} =")))


def read(call: Arguments, answer: Answer) -> Observation:
    """`sapi WAY VERSION`, `file PATH` with `| KEY = VALUE` and `| [SECTION]`, `pools`, `apache`, `done`; at last `end`."""
    said = reply(answer, "PHP")
    if said:
        return said
    name = str(call["name"])
    ways = list(_ways(closed_lines(answer), name))
    if not ways:
        raise Unreadable("neither a way to run PHP nor `absent`")
    return Observed({"places": tuple(record for way in ways for record in _records(way, name)), "count": len(ways)})


def _ways(lines: Iterable[str], name: str) -> Iterator[_Way]:
    way: _Way | None = None
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "sapi" and way is None and re.fullmatch(r"\S+ \S+", rest):
            sapi, version = rest.split(" ")
            way = _Way(sapi, version)
        elif way is not None and line == "done":
            yield way
            way = None
        elif way is None or not _take(way, line, name):
            raise Unreadable(f"not a setting of {name}: {line[:120]!r}")
    if way is not None:
        raise Unreadable("what is said of a way to run PHP is cut off: its closing line 'done' is missing")


def _take(way: _Way, line: str, name: str) -> bool:
    """Keep what a line says of one way; False when it is no such line."""
    if line in {"pools", "apache"}:
        way.kind, way.file = line, ""
    elif line.startswith("file /"):
        way.file, way.section = line.removeprefix("file "), ""
    elif not way.file:
        return False
    elif line == "unread":
        way.unread = way.unread or way.file
    elif line.startswith("| ["):
        way.section = line[3:].rstrip("]")
        if way.kind == "pools" and way.section != "global":
            way.places.append(f"pool {way.section}")
    elif line.startswith(f"| {name} ="):
        value = _plain(line.partition(" =")[2].strip())
        way.settings.append(_Setting(_place(way.kind, way.file, way.section), value, way.file))
    else:
        return False
    return True


def _place(kind: str, file: str, section: str) -> str:
    """The place a setting is for; empty: everywhere. Sections of php.ini mean nothing but [HOST=...] and [PATH=...]."""
    if kind == "pools":
        return f"pool {section}"
    if kind == "apache":
        return file
    return f"[{section}]" if re.match(r"(HOST|PATH)\s*=", section, re.IGNORECASE) else ""


def _plain(text: str) -> str:
    """A value without quotes and comment; the words that switch are `on` and `off`."""
    quoted = re.match(r"\"((?:[^\"\\]|\\.)*)\"|'([^']*)'", text)
    plain = (quoted[1] or quoted[2] or "") if quoted else text.partition(";")[0].strip()
    word = plain.lower()
    return "on" if word in {"on", "yes", "true"} else "off" if word in {"off", "no", "false", "none", "null", ""} else plain


def _records(way: _Way, name: str) -> Iterator[Record]:
    """The way as such, then each pool, and each host, path or file of Apache that has a value of its own."""
    for place in dict.fromkeys(("", *way.places, *(each.place for each in way.settings))):
        found = [each for each in way.settings if each.place == place] or [each for each in way.settings if not each.place]
        value: Value = found[-1].value if found else Absent(f"a setting of {name}")
        if way.unread:
            value = Unobservable(f"{way.unread} cannot be read")
        elif isinstance(value, str) and "${" in value:
            value = Unobservable(f"a variable of the environment: {value[:120]}")
        yield {
            "sapi": way.name,
            "version": way.version,
            "place": place,
            "web": way.name not in _BESIDE_THE_WEB,
            "value": value,
            "enabled": _switched(value) if isinstance(value, str) else value,
            "source": found[-1].file if found else Absent("a file that sets it"),
        }


def _switched(value: str) -> bool:
    """What PHP makes of a value where a switch is meant: words, or a number that is not 0."""
    number = re.match(r"\s*-?\d+", value)
    return value == "on" or bool(number and int(number[0]))


PROBE = Probe(
    name="php_setting",
    summary="A setting of PHP for each way it is run, with its pools and what Apache's files say",
    arguments=(Argument("name", Type.TEXT, "the setting, such as expose_php", required=True, choices=NAMES),),
    attributes=(
        Attribute(
            "places",
            Type.RECORDS,
            "every way PHP is run, every pool of it, and every host, path or file of Apache with a value of its own",
            (
                Attribute("sapi", Type.TEXT, "how it is run: fpm, cgi, apache2 or cli"),
                Attribute("version", Type.TEXT, "version as the names of files and directories have it; - where they have none"),
                Attribute("place", Type.TEXT, "such as pool www, or [PATH=/srv/www]; empty for the way as such"),
                Attribute("web", Type.BOOLEAN, "it answers requests from the web"),
                Attribute("value", Type.TEXT, "the value, words that switch as on or off; absent where PHP's built-in value holds"),
                Attribute("enabled", Type.BOOLEAN, "the value as a switch"),
                Attribute("source", Type.TEXT, "the file that sets it"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many ways to run PHP there are"),
    ),
    ask=ask,
    read=read,
    split=split,
    example=(
        "sapi fpm 8.2\nfile /etc/php/8.2/fpm/php.ini\n| expose_php = Off\n"
        "pools\nfile /etc/php/8.2/fpm/pool.d/www.conf\n| [www]\ndone\nend\n"
    ),
    time_limit_s=30,
    condition="name",
)
