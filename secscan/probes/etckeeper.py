"""The history that etckeeper keeps of the system's configuration: how new, how complete, and whether a copy leaves the host."""

from __future__ import annotations

from collections.abc import Sequence

from secscan.filesystem.entries import PATH
from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Value
from secscan.probing import Unreadable, closed_lines, quote, reply

# No optional lock and no monitor: `git status` would write the index and run a program of the repository's choice.
_SCRIPT = """answer() { # DIRECTORY
  if [ ! -x "$1/" ]; then
    if [ -e "$1" ]; then printf 'unobservable: %s cannot be searched by this user\\n' "$1"; else printf 'absent\\n'; fi
    return 0
  fi
  for kind in .hg .bzr _darcs; do
    if [ -e "$1/$kind" ]; then
      printf 'unobservable: its history is kept by %s, which is not understood here\\n' "${kind#?}"
      return 0
    fi
  done
  if [ ! -e "$1/.git" ]; then printf 'absent\\n'; return 0; fi
  if [ ! -x "$1/.git/" ]; then printf 'unobservable: %s cannot be searched by this user\\n' "$1/.git"; return 0; fi
  if ! have git; then printf 'unobservable: there is no git command\\n'; return 0; fi
  ask_git() { directory=$1; shift; git --no-optional-locks -c core.fsmonitor=false -C "$directory" "$@"; }
  if ! changes=$(ask_git "$1" status --porcelain 2>/dev/null); then
    printf 'unobservable: git: %s\\n' "$(ask_git "$1" status --porcelain 2>&1 | head -n 1)"
    return 0
  fi
  printf 'mode %s\\n' "$(stat -c %a -- "$1/.git")"
  printf 'last %s\\n' "$(ask_git "$1" log -1 --format=%ct 2>/dev/null)"
  printf 'uncommitted %s\\n' "$(printf '%s' "${changes:+$changes.}" | grep -c .)"
  remotes=$(ask_git "$1" remote)
  if [ -n "$remotes" ]; then
    printf '%s\\n' "$remotes" | sed 's/^/remote /'
    printf 'unpushed %s\\n' "$(ask_git "$1" rev-list --count HEAD --not --remotes 2>/dev/null)"
  fi
  printf 'end\\n'
}
"""


def ask(calls: Sequence[Arguments]) -> Question:
    """A few calls of git for each directory."""
    asked = "\n".join(f"answer {quote(call['directory'])}\npart {index} 0" for index, call in enumerate(calls))
    return Question(_SCRIPT + asked, (*dict.fromkeys(f"{call['directory']}/.git" for call in calls), "git", "stat"))


def read(call: Arguments, answer: Answer) -> Observation:
    """Lines `mode`, `last` (time of the newest commit), `uncommitted`, with remotes `remote` and `unpushed`; then `end`."""
    said = reply(answer, f"a history of {call['directory']}")
    if said:
        return said
    told = [line.split(" ", 1) for line in closed_lines(answer)]
    words = dict(told)
    if len(words) < 3 or not set(words) <= {"mode", "last", "uncommitted", "remote", "unpushed"}:
        raise Unreadable("not what is told of a history")
    remotes = tuple(rest for word, rest in told if word == "remote")
    return Observed({
        "last_commit": float(words["last"]) if words["last"] else Absent("a commit"),
        "uncommitted": int(words["uncommitted"]),
        "remotes": remotes,
        "unpushed": _unpushed(words, remotes),
        "mode": int(words["mode"], 8),
    })  # fmt: skip


def _unpushed(words: dict[str, str], remotes: Sequence[str]) -> Value:
    if not remotes:
        return Absent("a place to push to")
    return int(words["unpushed"]) if words["unpushed"] else Absent("a commit")


PROBE = Probe(
    name="etckeeper",
    summary="The history of the system's configuration in git, as etckeeper keeps it",
    arguments=(Argument("directory", Type.TEXT, "the directory whose history is kept", default="/etc", pattern=PATH),),
    attributes=(
        Attribute("last_commit", Type.TIMESTAMP, "when the newest state was kept"),
        Attribute("uncommitted", Type.INTEGER, "how many files have changed since then"),
        Attribute("remotes", Type.LIST, "names of the places it is pushed to"),
        Attribute("unpushed", Type.INTEGER, "how many commits none of them has; absent without such a place"),
        Attribute("mode", Type.MODE, "permission bits of the history, which holds old secrets"),
    ),
    ask=ask,
    read=read,
    example="mode 700\nlast 1767222000\nuncommitted 0\nremote origin\nunpushed 0\nend\n",
    time_limit_s=60,
)  # fmt: skip
