"""Records of restores that were tried: small JSON files that whoever restores leaves on a host (docs/continuity.md)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from secscan.filesystem.entries import PATH
from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value, read_timestamp
from secscan.probing import Unreadable, closed_lines, quote, reply

FOLDER = "/var/lib/secscan/restore-tests"
_SIZE_LIMIT = 16384  # bytes of one record
_CAP = 500
_RESULTS = {"pass": True, "fail": False}

# No line break is part of a JSON value: a record without them is the same record on one line.
_SCRIPT = f"""answer() {{ # DIRECTORY
  if [ ! -x "$1/" ] || [ ! -r "$1/" ]; then
    if [ -e "$1" ]; then printf 'unobservable: %s cannot be listed by this user\\n' "$1"; return 0; fi
    parent=$1
    while parent=${{parent%/*}}; do
      if [ -e "${{parent:-/}}" ]; then break; fi
    done
    if [ -x "${{parent:-/}}" ]; then printf 'absent\\n'
    else printf 'unobservable: %s cannot be searched by this user\\n' "${{parent:-/}}"; fi
    return 0
  fi
  count=0
  for file in "$1"/*.json; do
    if [ ! -e "$file" ] && [ ! -L "$file" ]; then continue; fi
    count=$((count + 1))
    if [ $count -gt {_CAP} ]; then printf 'fault more than {_CAP} records\\n'; break; fi
    printf 'file %s\\n' "$(printf '%s' "${{file##*/}}" | tr -c '[:alnum:]._ -' '?')"
    if [ ! -f "$file" ]; then printf '? not a regular file\\n'
    elif [ ! -r "$file" ]; then printf '? cannot be read by this user\\n'
    elif [ "$(head -c {_SIZE_LIMIT + 1} "$file" | wc -c)" -gt {_SIZE_LIMIT} ]; then printf '? larger than {_SIZE_LIMIT} bytes\\n'
    else printf '= %s\\n' "$(tr -d '\\000\\r\\n' <"$file")"; fi
  done
  printf 'end\\n'
}}
"""


def ask(calls: Sequence[Arguments]) -> Question:
    """The files of a directory, each on one line."""
    asked = "\n".join(f"answer {quote(str(call['folder']).rstrip('/'))}\npart {index} 0" for index, call in enumerate(calls))
    return Question(_SCRIPT + asked, tuple(dict.fromkeys(f"{call['folder']}/*.json" for call in calls)))


def read(call: Arguments, answer: Answer) -> Observation:
    """`file NAME` and `= JSON` or `? REASON` for each record, then `end`; `absent` without the directory."""
    said = reply(answer, f"records of restores in {call['folder']}")
    if said:
        return said
    lines = closed_lines(answer)
    if lines and lines[-1].startswith("fault "):
        return Unobservable(lines[-1].removeprefix("fault "))
    if len(lines) % 2 or any(not line.startswith("file ") for line in lines[::2]):
        raise Unreadable("expected pairs of lines: file and record")
    records = tuple(_read_record(name.removeprefix("file "), line) for name, line in zip(lines[::2], lines[1::2], strict=True))
    return Observed({"tests": records, "count": len(records)})


def _read_record(name: str, line: str) -> Record:
    fault = line.removeprefix("? ") if line.startswith("? ") else ""
    told: object = None
    if line.startswith("= "):
        try:
            told = json.loads(line.removeprefix("= "))
        except (ValueError, RecursionError):
            fault = "is not valid JSON"
    elif not fault:
        raise Unreadable("expected a record or why there is none")
    if not fault and not isinstance(told, dict):
        fault = "is not a JSON object"
    if not isinstance(told, dict):
        return {"file": name, **{field.name: Unobservable(f"{name}: {fault}") for field in _FIELDS[1:]}}
    values = {field.name: _read_field(name, field.name, told) for field in _FIELDS[1:]}
    started, finished = values["started"], values["finished"]
    if isinstance(started, float) and isinstance(finished, float) and finished < started:
        backwards = Unobservable(f"{name}: it finished before it started")
        values |= {"started": backwards, "finished": backwards}
    return {"file": name, **values}


def _read_field(name: str, field: str, told: Mapping[str, object]) -> Value:
    """One field of a record; Unobservable for one that is not of its type, so that it counts for nothing."""
    key = _KEYS.get(field, field)
    if key not in told:
        return Unobservable(f"{name}: it does not say {key!r}") if key in _NEEDED else Absent(key.replace("_", " "))
    try:
        return _READERS[key](told[key])
    except (ValueError, TypeError, KeyError):
        return Unobservable(f"{name}: {key!r} cannot be {str(told[key])[:80]!r}")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(value)
    return value[:200]


def _bytes(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(value)
    return value


_READERS: Mapping[str, Callable[[object], Value]] = {
    **dict.fromkeys(("service", "data_set", "restore_point", "repository", "verified_by", "by"), _text),
    **dict.fromkeys(("started", "finished"), lambda value: read_timestamp(_text(value))),
    **dict.fromkeys(("bytes", "full_bytes"), _bytes),
    "result": lambda value: _RESULTS[_text(value)],
}
_NEEDED = ("data_set", "started", "finished", "result")
_KEYS = {"passed": "result"}  # what a record calls it
_FIELDS = (
    Attribute("file", Type.TEXT, "name of the record; characters that no plain name has are shown as ?"),
    Attribute("service", Type.TEXT, "the service whose data was restored; absent where one data set of that name is meant"),
    Attribute("data_set", Type.TEXT, "the data set that was restored, by its id in the inventory"),
    Attribute("started", Type.TIMESTAMP, "when the restore began"),
    Attribute("finished", Type.TIMESTAMP, "when the data could be used again"),
    Attribute("bytes", Type.SIZE, "bytes that were restored; absent where it was everything"),
    Attribute("full_bytes", Type.SIZE, "bytes of the whole data set; absent where nobody counted them"),
    Attribute("passed", Type.BOOLEAN, "what came back was looked at and is right"),
    Attribute("restore_point", Type.TEXT, "the restore point that was used, as the backup program names it"),
    Attribute("repository", Type.TEXT, "the repository it came from, by its id in the inventory; absent where nobody says"),
    Attribute("verified_by", Type.TEXT, "how it was looked at: hash, row count, application test"),
    Attribute("by", Type.TEXT, "who restored"),
)

PROBE = Probe(
    name="restore_tests",
    summary="Records of restores that were tried on this host",
    arguments=(Argument("folder", Type.TEXT, "the directory of the records", default=FOLDER, pattern=PATH),),
    attributes=(
        Attribute("tests", Type.RECORDS, "one record per file; one that cannot be understood says why in every field", _FIELDS),
        Attribute("count", Type.INTEGER, "how many records"),
    ),
    ask=ask,
    read=read,
    example='file ledger-2025-12.json\n= {"data_set": "ledger", "started": "2025-12-30T08:00:00Z", '
    '"finished": "2025-12-30T08:42:00Z", "bytes": 52428800, "result": "pass", "verified_by": "row count"}\nend\n',
)
