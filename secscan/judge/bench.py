"""The evidence of one target on the bench: observed when it is asked for, and proven once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from secscan.judge.observe import observe
from secscan.judge.proving import make_proof
from secscan.judge.rulebook import Rulebook
from secscan.model.assessment import Proof
from secscan.model.evidence import Exhibit
from secscan.model.probe import Call, Observation
from secscan.model.values import Unobservable

_NEVER_ASKED = Unobservable("this question was not asked when the evidence was collected")


@dataclass(slots=True)
class Bench:
    """The evidence of one target, observed lazily, and the proofs collected so far."""

    rulebook: Rulebook
    answers: Mapping[Call, Exhibit]
    labels: Mapping[str, str]
    now: float
    numbers: dict[Call, int] = field(default_factory=dict)
    observed: dict[Call, Observation] = field(default_factory=dict)
    proofs: dict[tuple[str, Call], int] = field(default_factory=dict)
    collected: list[Proof] = field(default_factory=list)

    def number(self, call: Call) -> int:
        """The number of the answer to a call, see Known."""
        number = self.numbers.get(call)
        if number is None:
            exhibit = self.answers.get(call)
            number = self.numbers[call] = self.rulebook.known.number(call, exhibit.answer if exhibit else None)
        return number

    def observe(self, call: Call) -> Observation:
        """What the evidence says to a call; Unobservable when it was never asked."""
        observation = self.observed.get(call)
        if observation is None:
            observation = self.observed[call] = self._look(call)
        return observation

    def _look(self, call: Call) -> Observation:
        number, known = self.number(call), self.rulebook.known.observations
        observation = known.get(number)
        if observation is None:
            exhibit = self.answers.get(call)
            observation = observe(self.rulebook.probes[call.probe], call, exhibit.answer) if exhibit else _NEVER_ASKED
            if number:
                known[number] = observation
        return observation

    def prove(self, name: str, call: Call) -> int:
        """The index of the proof for a call, made on first use."""
        key = (name, call)
        index = self.proofs.get(key)
        if index is None:
            index = self.proofs[key] = len(self.collected)  # benches of one assessment share what is collected
            self.collected.append(self._prove(name, call))
        return index

    def _prove(self, name: str, call: Call) -> Proof:
        exhibit, key, known = self.answers.get(call), (name, self.number(call)), self.rulebook.known.proofs
        proof = known.get(key)
        if proof is None:
            proof = make_proof(name, call, self.observe(call), exhibit, self.rulebook.probes[call.probe])
            if key[1]:
                known[key] = proof
        elif exhibit:
            proof = replace(proof, batch=exhibit.batch, script_sha256=exhibit.script_sha256, elapsed_s=exhibit.elapsed_s)
        return proof
