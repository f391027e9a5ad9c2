"""What is said about every single answer: made here, since there are hundreds of thousands and a template takes far longer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from secscan.inert import for_html
from secscan.reporters.html.templates import for_markup, markup
from secscan.wording import Wording, mark

_KNOWN = 20_000  # phrases that are remembered


@dataclass(frozen=True, slots=True)
class Proofs:
    """Says how a question was asked and what was made of the answer. `timed` adds how long it took, and whole digests."""

    w: Wording
    timed: bool

    def measures(self, proof: Mapping[str, Any]) -> Any:
        """Exit status, user, size, time and digests of an answer."""
        parts = [_how(self.w, proof["exit"], proof["uid"]), for_html(self.w.bytes(proof["stdout_bytes"]))]
        if self.timed and proof["elapsed_s"] >= 0:
            parts.append(for_html(self.w.translate(mark("{number} s")).format(number=self.w.number(proof["elapsed_s"]))))
        parts.append(_script(self.w, proof["batch"], proof["script_sha256"], self.timed))
        if proof["stdout_sha256"]:
            answer = self.w.translate(mark("answer"))
            parts.append(f"{for_html(answer)} {_digest(proof['stdout_sha256'], whole=self.timed)}")
        return markup(" · ".join(parts))

    def attributes(self, observation: Mapping[str, Any]) -> Any:
        """A table row for each attribute of an observation."""
        rows = [
            f'<tr><th scope="row"><code>{for_html(name)}</code></th><td>{for_markup(self.w.value(value))}</td></tr>\n'
            for name, value in observation.items()
        ]
        return markup("".join(rows))


@lru_cache(_KNOWN)
def _how(w: Wording, status: int, uid: int) -> str:
    unknown = w.translate(mark("unknown"))
    ended = w.translate(mark("exit {status}")).format(status=status if status >= 0 else unknown)
    user = w.translate(mark("as uid {uid}")).format(uid=uid if uid >= 0 else unknown)
    return for_html(f"{ended} · {user}")


@lru_cache(_KNOWN)
def _script(w: Wording, batch: int, sha256: str, timed: bool) -> str:
    said = for_html(w.translate(mark("batch {number}")).format(number=batch))
    shell = w.translate(mark("shell text"))
    return f"{said} · {for_html(shell)} {_digest(sha256, whole=timed)}" if sha256 else said


def _digest(sha256: str, *, whole: bool) -> str:
    title = f' title="{for_html(sha256)}"' if whole else ""
    return f'<code class="digest"{title}>{for_html(sha256[:16])}</code>'
