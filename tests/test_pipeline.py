"""The whole flow for one target, with hosts that are honest, silent, lying or gone."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from secscan import pipeline, plugins
from secscan.ask.exchange import read_answers
from secscan.bundles import read_bundle, write_bundle
from secscan.errors import EvidenceError, ExchangeError, InputError, UnreachableError
from secscan.model.assessment import Outcome
from secscan.model.target import Exchanged, Target


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> pipeline.Engine:
    """A small baseline on secscan's own checks, so that a test takes a moment only."""
    folder = tmp_path_factory.mktemp("content")
    (folder / "small.yaml").write_text("id: small\ntitle: Small\nrequirements:\n  UNC-IS-07: [kernel_addresses_randomised]\n")
    return pipeline.load_engine("small", baseline_folders=(folder,), cache=tmp_path_factory.mktemp("cache"))


def answering(answer):
    """A transport that runs the script here and hands over what `answer` makes of its output."""

    def exchange(target, request, receive):
        command = ["sh", "-c", 'IFS= read -r secscan_nonce; eval "$(cat)"']
        done = subprocess.run(command, input=f"{request.nonce}\n{request.script}".encode(), capture_output=True, check=False)
        for piece in answer(done.stdout, request.nonce.encode()):
            if receive(piece):
                break
        return Exchanged(done.returncode, done.stderr)

    return exchange


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch):
    """Makes every transport the given one."""

    def become(transport):
        monkeypatch.setattr(plugins, "transport", lambda name: transport)

    return become


def outcome(engine: pipeline.Engine) -> tuple[Outcome, str]:
    assessment, _ = pipeline.scan(engine, Target("here", "local"))
    (result,) = assessment.results
    return result.outcome, assessment.unreachable or result.reason or "; ".join(assessment.problems)


def test_an_honest_host_is_judged(engine, host):
    host(answering(lambda output, nonce: [output]))
    assert outcome(engine)[0] in {Outcome.PASS, Outcome.FAIL}


def test_the_pieces_an_answer_comes_in_do_not_matter(engine, host):
    host(answering(lambda output, nonce: [output[n : n + 1] for n in range(len(output))]))
    assert outcome(engine)[0] in {Outcome.PASS, Outcome.FAIL}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(lambda output, nonce: [], "did not run the collector", id="silence"),
        pytest.param(lambda output, nonce: [b"Welcome!\n" * 20_000], "without the collector's greeting", id="endless-banner"),
        pytest.param(
            lambda output, nonce: [b"\n" + nonce + b" H plain " + b"0" * 64 + b"\n"], "asks other questions", id="another-plan"
        ),
    ],
)
def test_a_host_that_does_not_run_the_collector_is_unreachable(engine, host, answer, reason):
    host(answering(answer))
    result, why = outcome(engine)
    assert result is Outcome.UNREACHABLE
    assert reason in why


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(lambda output: output[: len(output) // 2], "", id="cut-in-half"),
        pytest.param(lambda output: output[:-40], "", id="tail-missing"),
        pytest.param(lambda output: output[:150] + b"garbage" * 50, "", id="garbage-in-gzip"),
    ],
)
def test_an_answer_that_is_not_whole_is_never_a_pass(engine, host, spoil, reason):
    host(answering(lambda output, nonce: [spoil(output)]))
    result, why = outcome(engine)
    assert result is Outcome.ERROR, why


def test_frames_without_the_nonce_are_not_believed(engine, host):
    def fake(output: bytes, nonce: bytes):
        greeting, _, _ = output.partition(b" gzip ")
        digest = engine.plan.questions_sha256.encode()
        forged = b"\n" + b"0" * 32 + b" B 1 1\nkernel.randomize_va_space = 2\n\n" + b"0" * 32 + b" P 0 0\n"
        return [greeting.replace(b"H", b"H") + b" plain " + digest + b"\n" + forged * 3]

    host(answering(fake))
    assert outcome(engine)[0] is Outcome.ERROR


def test_a_host_that_cannot_be_reached_says_why_and_has_no_score(engine, host):
    def gone(target, request, receive):
        raise UnreachableError("no route to host")

    host(gone)
    assessment, bundle = pipeline.scan(engine, Target("gone"))
    assert assessment.unreachable == "no route to host"
    assert assessment.tally.compliance is None
    assert bundle is None


def test_a_bundle_judged_later_gives_the_same_results(engine, host, tmp_path: Path):
    host(answering(lambda output, nonce: [output]))
    assessment, bundle = pipeline.scan(engine, Target("here", "local", labels={"role": "web"}, site="geneva"))
    sealed, path = write_bundle(bundle, tmp_path)
    again = pipeline.evaluate(engine, read_bundle(path))
    assert again.results == assessment.results
    assert again.proofs == assessment.proofs
    assert again.host.labels == {"role": "web", "site": "geneva"}
    replayed, _ = pipeline.scan(engine, Target("replayed", "replay", str(path)))
    assert replayed.results == assessment.results
    assert sealed.sha256 == again.bundle_sha256


def test_evidence_that_was_changed_is_refused(engine, host, tmp_path: Path):
    host(answering(lambda output, nonce: [output]))
    _, bundle = pipeline.scan(engine, Target("here", "local"))
    _, path = write_bundle(bundle, tmp_path)
    _, other = write_bundle(replace(bundle, problems=("forged",)), tmp_path / "other")
    other.replace(path)
    with pytest.raises(EvidenceError, match="was changed"):
        read_bundle(path)


def test_answers_collected_by_hand_are_judged(engine, tmp_path: Path):
    answers = tmp_path / "isolated"
    script = tmp_path / "collector.sh"
    script.write_text(engine.plan.script)
    with answers.open("wb") as stream:
        subprocess.run(["sh", str(script)], input=b"0123456789abcdef\n", stdout=stream, check=False)
    assessment = pipeline.evaluate(engine, pipeline.read_evidence(engine, answers))
    assert assessment.host.name == "isolated"
    assert assessment.results[0].outcome in {Outcome.PASS, Outcome.FAIL}


def test_answers_to_another_plan_are_refused(engine):
    data = b"\n0123 H plain " + b"a" * 64 + b"\n"
    with pytest.raises(ExchangeError, match="other questions"):
        read_answers(data, engine.plan, "x", "", 0.0)
    with pytest.raises(EvidenceError, match="greeting"):
        read_answers(b"nothing like it", engine.plan, "x", "", 0.0)


def test_the_inventory_can_set_only_parameters_that_exist(engine):
    target = Target("web1", parameters={"kernel_addresses_randomized": {}, "kernel_addresses_randomised": {"level": "1"}})
    with pytest.raises(InputError) as caught:
        pipeline.localise(engine, target)
    text = str(caught.value)
    assert "did you mean 'kernel_addresses_randomised'" in text
    assert "unknown key 'level'" in text
    assert "host web1" in text


def test_the_same_questions_make_the_same_script_byte_for_byte(engine):
    again = pipeline.Engine(engine.library, engine.vocabulary, engine.baseline)
    assert again.plan.script == engine.plan.script
    assert again.plan.script_sha256 == engine.plan.script_sha256
