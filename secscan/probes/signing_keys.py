"""Keys that the package manager trusts to sign packages: whose they are, until when, and whether what is installed needs them.

The public keys come without what their signatures prove and are read here: the host needs no gpg, which would leave files behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, quote, reply
from secscan.syntax.key_rings import SHOW
from secscan.syntax.openpgp import SigningKey, issuers, signing_keys, unarmour
from secscan.syntax.rpm import ASK_RPM

_LINES = 200000
_NAMED_AWK = """tolower($0) ~ /^[ \\t]*signed-by:/ { sub(/^[^:]*:/, ""); print; next }
match(tolower($0), /signed-by=[^] \\t]+/) { print substr($0, RSTART + 10, RLENGTH - 10) }"""
_SCRIPT = f"""{SHOW}on_apt() {{
  printf 'manager apt\\n'
  for place in /etc/apt/sources.list.d /etc/apt/trusted.gpg.d /var/lib/apt/lists; do
    if [ -d $place ] && [ ! -r $place ]; then printf 'closed %s\\n' $place; fi
  done
  set -- /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources
  for file do
    shift
    if [ -r "$file" ]; then set -- "$@" "$file"; fi
  done
  named=''
  if [ $# -gt 0 ]; then named=$(awk {quote(_NAMED_AWK)} "$@" | tr -s ', \\t' '\\n' | grep '^/' | sort -u); fi
  show keys 'PUBLIC KEY BLOCK' /etc/apt/trusted.gpg /etc/apt/trusted.gpg.d/*.gpg /etc/apt/trusted.gpg.d/*.asc
  show keys 'PUBLIC KEY BLOCK' /etc/apt/sources.list.d/*.sources
  set -f
  IFS=$nl
  for file in $named; do
    case $file in /etc/apt/trusted.gpg | /etc/apt/trusted.gpg.d/*) ;; *) show keys 'PUBLIC KEY BLOCK' "$file" ;; esac
  done
  set +f
  IFS=" $nl"
  show list SIGNATURE /var/lib/apt/lists/*InRelease /var/lib/apt/lists/*Release.gpg
}}
{ASK_RPM}on_rpm() {{
  printf 'manager rpm\\n'
  ask_rpm -q gpg-pubkey --qf 'keys gpg-pubkey-%{{VERSION}}-%{{RELEASE}}\\n%{{DESCRIPTION}}\\n' 2>/dev/null | awk '
    /^keys / {{ print; next }}
    /^-----BEGIN PGP PUBLIC/ {{ inside = 1 }}
    inside {{ print "+" $0 }}
    /^-----END/ {{ inside = 0 }}'
  form='%{{RSAHEADER:pgpsig}} %{{SIGPGP:pgpsig}} %{{DSAHEADER:pgpsig}} %{{SIGGPG:pgpsig}}\\n'
  if told=$(ask_rpm -qa --qf "$form" 2>/dev/null) && [ -n "$told" ]; then
    printf '%s\\n' "$told" | tr ',' '\\n' | sed -n 's/.*[Kk]ey ID \\([0-9a-fA-F]\\{{16,\\}}\\).*/used \\1/p' | sort -u
  else printf 'unasked %s\\n' "$(why_no_rpm)"; fi
}}
nl='
'
told() {{
  if [ -s /var/lib/dpkg/status ]; then on_apt
  elif [ -d /etc/apk ]; then printf 'manager apk\\n'
  elif have rpm; then on_rpm
  fi
}}
missing=''
for tool in awk od sed tr sort; do have $tool || missing=$tool; done
if [ -n "$missing" ]; then printf 'unobservable: there is no %s command\\n' "$missing"
elif [ -s /var/lib/dpkg/status ] || [ -d /etc/apk ] || have rpm; then
  told | awk 'NR > {_LINES} {{ exit }} {{ print }} END {{ if (NR > {_LINES}) print "too many"; print "end" }}'
else printf 'absent\\n'; fi
part 0 0"""
_FIELDS = (
    Attribute("name", Type.TEXT, "whom the key names first"),
    Attribute("fingerprint", Type.TEXT, "fingerprint of the key, or of the key below it that signs"),
    Attribute("file", Type.TEXT, "the file it is in; for rpm its name in the database"),
    Attribute("ends", Type.TIMESTAMP, "when it ends, by itself or with the key above it; absent when it never does"),
    Attribute("revoked", Type.BOOLEAN, "its owner has withdrawn it"),
    Attribute("used", Type.BOOLEAN, "it has signed fetched package lists, or for rpm an installed package"),
)


@dataclass(slots=True)
class _Block:
    """A file with what it holds: hexadecimals of the whole file, or armoured blocks."""

    word: str
    file: str
    binary: list[str] = field(default_factory=list)
    armoured: list[str] = field(default_factory=list)
    large: bool = False

    def parts(self) -> Iterator[bytes]:
        """What the file holds as bytes; ValueError for what cannot be understood."""
        if self.large:
            raise ValueError("it is too large for a key ring")
        if self.binary:
            yield bytes.fromhex("".join(self.binary))
        block: list[str] = []
        for line in self.armoured:
            block.append(line)
            if line.startswith("-----END "):
                yield unarmour(block)
                block = []
        if block:
            raise ValueError("a block is cut off")


def ask(calls: Sequence[Arguments]) -> Question:
    """One question for all: there are no arguments."""
    touches = (
        "/etc/apt/trusted.gpg", "/etc/apt/trusted.gpg.d", "/etc/apt/sources.list", "/etc/apt/sources.list.d",
        "the key rings that sources name", "/var/lib/apt/lists", "rpm -q gpg-pubkey", "rpm -qa", "setpriv", "awk", "od", "sed",
        "sort", "tr", "wc",
    )  # fmt: skip
    return Question(_SCRIPT, touches)


def read(call: Arguments, answer: Answer) -> Observation:
    """`manager NAME`; `keys FILE` or `list FILE` with `=HEX` or `+ARMOUR`; `used ID`; `closed FILE`, `unasked REASON`; `end`."""
    said = reply(answer, "a package manager")
    if said:
        return said
    first, *lines = closed_lines(answer)
    word, _, manager = first.partition(" ")
    if word != "manager" or manager not in {"apt", "rpm", "apk"}:
        raise Unreadable("expected a package manager")
    if "too many" in lines:
        return Unobservable(f"more than {_LINES} lines of keys")
    closed = next((line.removeprefix("closed ") for line in lines if line.startswith("closed ")), "")
    if closed:
        return Unobservable(f"{closed} cannot be read by this user")
    if unasked := next((line.removeprefix("unasked ") for line in lines if line.startswith("unasked ")), ""):
        return Unobservable(unasked)
    used = {line.removeprefix("used ").upper()[-16:] for line in lines if line.startswith("used ")}
    blocks = _blocks(line for line in lines if not line.startswith("used "))
    fault = "nothing that was signed is there to tell" if not used else ""
    for block in (block for block in blocks if block.word == "list"):
        try:
            used |= {issuer for part in block.parts() for issuer in issuers(part)}
            fault = ""
        except ValueError as error:
            return Unobservable(f"{block.file}: {error}")
    keys = tuple(record for block in blocks if block.word == "keys" for record in _records(block, used, fault))
    return Observed({"keys": keys, "count": len(keys), "manager": manager})


def _blocks(lines: Iterator[str]) -> list[_Block]:
    found: list[_Block] = []
    for line in lines:
        word, _, file = line.partition(" ")
        if word in {"keys", "list"} and file:
            found.append(_Block(word, file))
        elif found and line.startswith("+"):
            found[-1].armoured.append(line[1:])
        elif found and line.startswith("="):
            found[-1].binary.append(line[1:])
        elif found and line == "large":
            found[-1].large = True
        else:
            raise Unreadable(f"not a line about a key: {line[:120]!r}")
    return found


def _records(block: _Block, used: set[str], fault: str) -> Iterator[Record]:
    try:
        keys = [key for part in block.parts() for key in signing_keys(part)]
    except ValueError as error:
        unknown = Unobservable(f"{block.file}: {error}")
        yield {**{field.name: unknown for field in _FIELDS}, "file": block.file}
        return
    yield from (_record(block.file, key, used, fault) for key in keys)


def _record(file: str, key: SigningKey, used: set[str], fault: str) -> Record:
    return {
        "name": key.name,
        "fingerprint": key.fingerprint,
        "file": file,
        "ends": key.ends if key.ends is not None else Absent("a day on which it ends"),
        "revoked": key.revoked,
        "used": Unobservable(fault) if fault else key.key_id in used,
    }


PROBE = Probe(
    name="signing_keys",
    summary="Keys that the package manager trusts, and until when",
    arguments=(),
    attributes=(
        Attribute(
            "keys", Type.RECORDS, "one record per key that can sign; one that says why per file that cannot be read", _FIELDS
        ),
        Attribute("count", Type.INTEGER, "how many"),
        Attribute("manager", Type.TEXT, "apt, rpm or apk, whose keys never end"),
    ),
    ask=ask,
    read=read,
    example=(
        "manager apt\n"
        "keys /etc/apt/trusted.gpg.d/example.asc\n"
        "+-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
        "+\n"
        "+mDMEZ3SFgBYJKwYBBAHaRw8BAQdAVsD0aL+TwfsRUYowczV0ak6kAtlr/V8E0Pp7\n"
        "+xajMIHa0JUV4YW1wbGUgQXJjaGl2ZSA8YXJjaGl2ZUBleGFtcGxlLm9yZz6IlgQT\n"
        "+FggAPhYhBJj4+pcFq61876n36Qds/umNQYULBQJndIWAAhsDBQkDwmcABQsJCAcC\n"
        "+BhUKCQgLAgQWAgMBAh4BAheAAAoJEAds/umNQYULBk0BANuOxwYea5RVMmD2/7hD\n"
        "+POSxGFwwxjZiVHWycaGwh3N+AP9OevunBGAVGYf4MGI9f0V4ZySu/wBbnqRCyaHh\n"
        "+y6+XAQ==\n"
        "+=PZWt\n"
        "+-----END PGP PUBLIC KEY BLOCK-----\n"
        "list /var/lib/apt/lists/archive.example.org_dists_stable_InRelease\n"
        "+-----BEGIN PGP SIGNATURE-----\n"
        "+\n"
        "+iIoEARYIADIWIQSY+PqXBautfO+p9+kHbP7pjUGFCwUCZ3SFgBQcYXJjaGl2ZUBl\n"
        "+eGFtcGxlLm9yZwAKCRAHbP7pjUGFC8RJAP9VoN4b3eKOqpeKxAp88GACQNmNC9Ue\n"
        "+alcPOLvjwZUC6gD+OYfSo265V0lc69nKkSdLaG9xiK1uIib5Yi3EkfdNVQs=\n"
        "+=7HTp\n"
        "+-----END PGP SIGNATURE-----\n"
        "end\n"
    ),
    time_limit_s=30,
)
