"""The text of a small file, with whatever looks like a secret masked before it leaves the host."""

from __future__ import annotations

from collections.abc import Sequence

from secscan.filesystem.entries import LIST_ERRORS, PATH, STAT_FOLLOWING, settle
from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Type
from secscan.probing import MASK_AWK, Unreadable, closed_lines, quote, reply

_LIMIT = 256  # KiB
_REFUSED = ("shadow", "shadow-", "gshadow", "gshadow-", "opasswd", "master.passwd")

# Reads the lines of `stat` and says each again, with the file's text after it. What awk could not take whole is refused.
_AWK = f"""{MASK_AWK}/^[?] / {{ print; next }}
{{
  print
  path = $0; for (i = 1; i <= 5; i++) sub(/^[^ ]* /, "", path)
  path = substr(path, match(path, / \\//) + 1)
  why = ""; n = 0; bytes = 0; got = 0
  if (substr($1, 1, 1) != "-") why = "it is not a regular file"
  else if ($4 > {_LIMIT * 1024}) why = "it is larger than {_LIMIT} KiB"
  else {{
    while ((got = (getline line < path)) > 0) {{
      bytes += length(line) + 1
      if (bytes > {_LIMIT * 1024}) {{ why = "it is larger than {_LIMIT} KiB"; break }}
      if (line ~ /PRIVATE KEY|AGE-SECRET-KEY-|Private-Lines:/) {{ why = "it holds a private key"; break }}
      if (line ~ /^[^:]+:[^:]*:[0-9]*:[0-9]*:[0-9]*:[0-9]*:[0-9]*:[0-9]*:[0-9]*$/) {{ why = "it holds password hashes"; break }}
      lines[++n] = mask(line)
    }}
    close(path)
    if (got < 0) why = "it cannot be read by this user"
    else if (!why && path !~ /^\\/(proc|sys)\\// && bytes != $4 && bytes != $4 + 1)
      why = "it is not text, or changed while it was read"
  }}
  if (why) {{ print "refused " why; next }}
  for (i = 1; i <= n; i++) print "| " lines[i]
  if (!n) print "empty"
}}
END {{ print "end" }}"""


def _allowed(calls: Sequence[Arguments]) -> list[str]:
    paths = dict.fromkeys(str(call["path"]) for call in calls)
    return [path for path in paths if path.rpartition("/")[2] not in _REFUSED]


def ask(calls: Sequence[Arguments]) -> Question:
    """One `stat` and one awk for all files."""
    paths = _allowed(calls)
    if not paths:
        return Question("printf 'end\\n'", ())
    script = f"""{LIST_ERRORS}
for tool in stat awk; do
  if ! have $tool; then printf 'unobservable: there is no %s command\\n' $tool; exit 0; fi
done
list_errors {STAT_FOLLOWING} -- {quote(*paths)} | awk {quote(_AWK)}"""
    return Question(script, (*paths, "stat", "awk"))


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """The joint answer as one answer per call: the file's lines after `| `, then `end`; or why not."""
    if answer.stdout.startswith(b"unobservable: "):
        return [answer] * len(calls)
    heads: list[str] = []
    texts: list[list[str]] = []
    for line in closed_lines(answer):
        if line.startswith(("| ", "refused ")) or line == "empty":
            texts[-1].append(line)
        else:
            heads.append(line)
            texts.append([])
    found = settle(_allowed(calls), heads)
    text_of = dict(zip(heads, texts, strict=True))
    return [_one(str(call["path"]), found, text_of, answer) for call in calls]


def _one(path: str, found: dict[str, str], text_of: dict[str, list[str]], joint: Answer) -> Answer:
    if path not in found:
        own = ["unobservable: it holds password hashes, which stay on the host"]
    else:
        own = [*text_of.get(found[path], ()), "end"] if found[path] in text_of else [found[path]]
        if own[0].startswith("refused "):
            own = [f"unobservable: {own[0].removeprefix('refused ')}"]
    return Answer("".join(f"{line}\n" for line in own).encode("utf-8", "replace"), joint.stderr, joint.exit, joint.fault, joint.uid)


def read(call: Arguments, answer: Answer) -> Observation:
    """`| ` and a line of the file, for each line; `empty` for an empty file; then `end`."""
    said = reply(answer, str(call["path"]))
    if said:
        return said
    lines = closed_lines(answer)
    if not lines or (lines != ["empty"] and not all(line.startswith("|") for line in lines)):
        raise Unreadable("not the lines of a file")
    own = [] if lines == ["empty"] else [line[2:] for line in lines]
    text = "".join(f"{line}\n" for line in own)
    return Observed({"text": text, "lines": tuple(own), "size": len(text.encode())})


PROBE = Probe(
    name="file_content",
    summary=f"The text of a file of at most {_LIMIT} KiB; what looks secret is masked, private keys are refused",
    arguments=(Argument("path", Type.TEXT, "absolute path of a regular file", required=True, pattern=PATH),),
    attributes=(
        Attribute("text", Type.TEXT, "the whole text; what looks like a password, a token or a hash is ********"),
        Attribute("lines", Type.LIST, "its lines"),
        Attribute("size", Type.SIZE, "bytes of the text as it is told"),
    ),
    ask=ask,
    read=read,
    split=split,
    example="| Authorized users only. All activity may be monitored.\nend\n",
    time_limit_s=60,
    condition="path",
)
