"""What is said about every single answer: made here, since there are hundreds of thousands and a template takes far longer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from secscan.findings import write_value
from secscan.inert import for_html
from secscan.messages import mark
from secscan.reporters.html.templates import ENGLISH_MARK, as_templates_do, for_markup, markup
from secscan.reporters.html.views import ProofView
from secscan.terms import STATES
from secscan.wording import Wording

_KNOWN = 20_000  # phrases that are remembered
_REASON = 600  # characters
_QUESTION, _PROBE, _MADE_OF_IT = mark("Question"), mark("Probe"), mark("What was made of it")
_RAW_ANSWER, _NOTHING, _COMPLAINT = mark("Raw answer"), mark("Nothing on standard output."), mark("On standard error")
_SAME, _SEE_IT = mark("The same answer serves another check:"), mark("see it there")
_BEGINNING = mark("This is the beginning of {bytes} bytes. The sealed bundle has all of them.")


@dataclass(frozen=True, slots=True)
class Proofs:
    """Says how a question was asked and what was made of the answer. `timed` adds how long it took, and its whole digest."""

    w: Wording
    timed: bool

    def section(self, shown: ProofView, level: str) -> Any:
        """A question, its answer and what was made of it, under a heading of a level."""
        answer = self._elsewhere(shown.elsewhere) if shown.elsewhere else self._answer(shown)
        made_of = self._made_of(shown.proof, whole=not shown.elsewhere)
        return markup("".join([self._question(shown, level), *answer, *made_of, "</section>"]))

    def _question(self, shown: ProofView, level: str) -> str:
        proof, w = shown.proof, self.w
        return (
            f'<section class="proof" id="{as_templates_do(shown.anchor)}">\n'
            f"<{level}>{_said(w, _QUESTION)}: <code>{as_templates_do(proof['name'])}</code></{level}>\n"
            f'<p class="question">{_said(w, _PROBE)} <code><b>{as_templates_do(proof["probe"])}</b>'
            f"{self._arguments(proof['arguments'])}</code></p>\n"
        )

    def _arguments(self, arguments: Mapping[str, Any]) -> str:
        """What a probe was asked with; texts stand as they are, without quotes."""
        told = ((name, value if isinstance(value, str) else write_value(self.w, value)) for name, value in arguments.items())
        return "".join([f" {as_templates_do(name)}={as_templates_do(value)}" for name, value in told])

    def _answer(self, shown: ProofView) -> Iterator[str]:
        w, excerpt, complaint = self.w, shown.excerpt, shown.complaint
        label = _said(w, _RAW_ANSWER)
        yield f'<p class="label">{label}</p>\n'
        if excerpt:
            yield f'<pre tabindex="0" role="group" aria-label="{label}">{as_templates_do(excerpt)}</pre>'
        else:
            yield f'<p class="none">{_said(w, _NOTHING)}</p>'
        if complaint:
            label = _said(w, _COMPLAINT)
            yield f'<p class="label">{label}</p>\n'
            yield f'<pre tabindex="0" role="group" aria-label="{label}" class="complaint">{as_templates_do(complaint)}</pre>'
        if shown.cut:
            said = w.translate(_BEGINNING)
            yield f'<p class="aside cut">{as_templates_do(said.format(bytes=w.number(shown.proof["stdout_bytes"])))}</p>'
        yield f'<p class="facts">{self.measures(shown.proof)}</p>\n'

    def _elsewhere(self, anchor: str) -> Iterator[str]:
        same, there = _said(self.w, _SAME), _said(self.w, _SEE_IT)
        yield f'<p class="aside">{same} <a href="#{as_templates_do(anchor)}">{there}</a>.</p>\n'

    def _made_of(self, proof: Mapping[str, Any], *, whole: bool) -> Iterator[str]:
        """What an answer came to. Where the page has it elsewhere, only that it came to nothing."""
        w, label, nothing = self.w, _said(self.w, _MADE_OF_IT), proof["state"] != "observed"
        if whole or nothing:
            yield f'<p class="label">{label}</p>\n'
        if nothing:
            reason, english = as_templates_do(w.cut(proof["reason"], _REASON)), "" if w.language == "en" else ENGLISH_MARK
            yield f'<p><span class="tag">{_said(w, STATES[proof["state"]])}</span> <bdi{english}>{reason}</bdi></p>'
        if whole and proof["observation"]:
            yield f'<div class="scroll" tabindex="0" role="group" aria-label="{label}"><table class="observation"><tbody>\n'
            yield f"{self.attributes(proof['observation'])}\n</tbody></table></div>\n"

    def measures(self, proof: Mapping[str, Any]) -> Any:
        """Exit status, user, size, time and digests of an answer."""
        parts = [_how(self.w, proof["exit"], proof["uid"]), _size(self.w, proof["stdout_bytes"])]
        if self.timed and proof["elapsed_s"] >= 0:
            parts.append(for_html(self.w.translate(mark("{number} s")).format(number=self.w.number(proof["elapsed_s"]))))
        parts.append(_script(self.w, proof["batch"], proof["script_sha256"]))
        if proof["stdout_sha256"]:
            answer = self.w.translate(mark("answer"))
            parts.append(f"{for_html(answer)} {_digest(proof['stdout_sha256'], whole=self.timed)}")
        return markup(" · ".join(parts))

    def attributes(self, observation: Mapping[str, Any]) -> Any:
        """A table row for each attribute of an observation."""
        rows = [
            f'<tr><th scope="row"><code>{_name(name)}</code></th><td>{for_markup(write_value(self.w, value))}</td></tr>\n'
            for name, value in observation.items()
        ]
        return markup("".join(rows))


@lru_cache(_KNOWN)
def _said(w: Wording, text: str) -> str:
    """Words of ours in a language, escaped."""
    return as_templates_do(w.translate(text))


@lru_cache(_KNOWN)
def _name(name: str) -> str:
    return for_html(name)


@lru_cache(_KNOWN)
def _size(w: Wording, count: int) -> str:
    return for_html(w.bytes(count))


@lru_cache(_KNOWN)
def _how(w: Wording, status: int, uid: int) -> str:
    unknown = w.translate(mark("unknown"))
    ended = w.translate(mark("exit {status}")).format(status=status if status >= 0 else unknown)
    user = w.translate(mark("as uid {uid}")).format(uid=uid if uid >= 0 else unknown)
    return for_html(f"{ended} · {user}")


@lru_cache(_KNOWN)
def _script(w: Wording, batch: int, sha256: str) -> str:
    said = for_html(w.translate(mark("batch {number}")).format(number=batch))
    shell = w.translate(mark("shell text"))
    return f"{said} · {for_html(shell)} {_digest(sha256, whole=False)}" if sha256 else said


def _digest(sha256: str, *, whole: bool) -> str:
    title = f' title="{for_html(sha256)}"' if whole else ""
    return f'<code class="digest"{title}>{for_html(sha256[:16])}</code>'
