"""Questions from the scanner's side: asked while the host answers its script, each bounded, none able to stop the others."""

from __future__ import annotations

import subprocess
import threading
import time
from dataclasses import replace

import pytest

from secscan import plugins
from secscan.ask import outside
from secscan.ask.exchange import Limits, ask_target
from secscan.bundles import read_bundle, write_bundle
from secscan.errors import UnreachableError
from secscan.judge.observe import exhibits, observe
from secscan.model.probe import Answer, Argument, Attribute, Call, Observed, Probe, Question
from secscan.model.target import Exchanged, Target
from secscan.model.values import Absent, Type, Unobservable
from secscan.plan.compile import compile_plan
from secscan.probing import closed_lines, reply

SEEN = Probe(
    "seen",
    "What the tests see from outside",
    (Argument("what", Type.TEXT, "how it behaves", required=True),),
    (Attribute("value", Type.TEXT, "it"),),
    lambda calls: Question("", tuple(f"the tests: {call['what']}" for call in calls)),
    lambda call, answer: reply(answer) or Observed({"value": closed_lines(answer)[0]}),
    "it\nend\n",
    outside=True,
    time_limit_s=1,
)
PROBES = {**plugins.probes(), "seen": SEEN}
NEVER = threading.Event()


def shell_host(target, request, receive):
    """A transport that runs the script here."""
    command = ["sh", "-c", 'IFS= read -r secscan_nonce; eval "$(cat)"']
    done = subprocess.run(command, input=f"{request.nonce}\n{request.script}".encode(), capture_output=True, check=False)
    receive(done.stdout)
    return Exchanged(done.returncode, done.stderr)


def inquire(call, place, deadline_s):
    """Behaves as its argument says."""
    if call["what"] == "raises":
        raise ValueError("a peer that nobody expected")
    if call["what"] == "hangs":
        NEVER.wait(30)
    if call["what"] == "endless":
        return b"x" * (outside.ANSWER_LIMIT + 1)
    if call["what"] == "refuses":
        return b"absent\n"
    return f"{call['what']} at {place.address}\nend\n".encode()


def asked(*what: str, target: Target | None = None, transport=shell_host, limits: Limits | None = None):
    """The bundle, and what each question is read as."""
    plan = compile_plan([Call.of("seen", {"what": word}) for word in what], PROBES)
    target = target or Target("host", "local")
    bundle = ask_target(target, plan, transport, "", limits or Limits(), lambda name: inquire)
    found = exhibits(bundle, PROBES)
    calls = [Call.of("seen", {"what": word}) for word in what]
    return plan, bundle, [observe(SEEN, call, found[call].answer) for call in calls]


def test_what_is_asked_from_outside_is_no_part_of_the_script_and_of_its_digests():
    plan, _, _ = asked("a", "b")
    without = compile_plan([], PROBES)
    assert (plan.script, plan.questions_sha256, plan.calls) == (without.script, without.questions_sha256, without.calls)
    assert [inquiry.contacts for inquiry in plan.inquiries] == [("the tests: a",), ("the tests: b",)]


def test_answers_from_outside_stand_in_the_bundle_beside_those_of_the_host_and_survive_its_file(tmp_path):
    _, bundle, (said,) = asked("a")
    assert said == Observed({"value": "a at 127.0.0.1"})
    assert [batch.probe for batch in bundle.batches] == ["platform", "seen"]
    sealed, path = write_bundle(bundle, tmp_path)
    again = exhibits(read_bundle(path), PROBES)
    assert again == exhibits(sealed, PROBES)
    assert again[Call.of("seen", {"what": "a"})].answer.uid == -1


def test_a_peer_that_hangs_raises_or_never_ends_stops_none_of_the_others():
    began = time.monotonic()
    _, bundle, (hung, raised, endless, refused, good) = asked("hangs", "raises", "endless", "refuses", "good")
    assert time.monotonic() - began < 15
    assert "time limit of 1 s" in hung.reason
    assert "nobody expected" in raised.reason
    assert "larger than" in endless.reason
    assert isinstance(refused, Absent)
    assert good == Observed({"value": "good at 127.0.0.1"})
    assert bundle.batches[0].frame.exit == 0


def test_all_questions_together_end_with_the_host_s_own_limit():
    began = time.monotonic()
    _, _, said = asked(*(f"hangs{'' if number == 0 else number}" for number in range(3)), "hangs", limits=Limits(total_s=2))
    assert time.monotonic() - began < 12
    assert isinstance(said[-1], Unobservable)


def test_the_questions_are_asked_while_the_host_answers():
    moments = {}

    def slow_host(target, request, receive):
        time.sleep(0.5)
        moments["host"] = time.monotonic()
        return shell_host(target, request, receive)

    def note(call, place, deadline_s):
        moments["outside"] = time.monotonic()
        return b"x\nend\n"

    plan = compile_plan([Call.of("seen", {"what": "a"})], PROBES)
    ask_target(Target("host", "local"), plan, slow_host, "", Limits(), lambda name: note)
    assert moments["outside"] < moments["host"]


def test_a_host_that_cannot_be_signed_in_to_is_unreachable_whatever_is_seen_of_it():
    def gone(target, request, receive):
        raise UnreachableError("no route to host")

    with pytest.raises(UnreachableError):
        asked("a", transport=gone)


def test_every_shortened_answer_from_outside_is_unobservable():
    for cut in range(len("it\nend\n")):
        assert isinstance(observe(SEEN, Call.of("seen", {"what": "a"}), Answer(b"it\nend\n"[:cut])), Unobservable)


PLACES = [
    pytest.param(Target("local", "local"), "127.0.0.1", "", id="local"),
    pytest.param(Target("web1", "ssh", "192.0.2.7", 2222), "192.0.2.7", "", id="address"),
    pytest.param(Target("web1", "ssh", "www.example.org"), "www.example.org", "www.example.org", id="name"),
    pytest.param(Target("x", "jail", "www.example.org"), "www.example.org", "www.example.org", id="plugin"),
    pytest.param(Target("root", "chroot", "/srv/root"), "", "", id="chroot"),
    pytest.param(Target("box", "container", "box"), "", "", id="container"),
    pytest.param(Target("box", "container", "box", options={"seen_at": "192.0.2.9"}), "192.0.2.9", "", id="said"),
    pytest.param(Target("box", "container", "box", options={"seen_at": "-oProxyCommand"}), "", "", id="refused"),
]


@pytest.mark.parametrize(("target", "address", "name"), PLACES)
def test_a_target_is_asked_where_it_is_seen(target: Target, address: str, name: str):
    target = replace(target, options={"ssh_config": "none", **target.options})
    place = outside.place_of(target)
    assert (place.address, place.name) == (address, name)
    assert bool(place.reason) is not bool(address)
    assert place.ssh_port == (2222 if target.port else 22)


def test_an_alias_of_the_ssh_configuration_is_followed_to_the_host(tmp_path):
    (tmp_path / "config").write_text("Host web\n  HostName www.example.org\n  Port 2022\n")
    place = outside.place_of(Target("web", "ssh", "web", options={"ssh_config": str(tmp_path / "config")}))
    assert (place.address, place.name, place.ssh_port) == ("www.example.org", "www.example.org", 2022)


def test_an_address_behind_a_jump_host_is_not_taken_for_one_of_the_scanner_s_own_network(tmp_path):
    (tmp_path / "config").write_text("Host inner\n  HostName 10.0.0.5\n  ProxyJump gate.example.org\n")
    options = {"ssh_config": str(tmp_path / "config")}
    hidden = outside.place_of(Target("inner", "ssh", "inner", options=options))
    assert (hidden.address, "through another host" in hidden.reason) == ("", True)
    assert outside.place_of(Target("inner", "ssh", "inner", options={**options, "seen_at": "192.0.2.7"})).address == "192.0.2.7"


def test_the_declared_domain_is_the_label_of_that_name_where_it_can_be_one():
    assert outside.place_of(Target("local", "local", labels={"domain": "example.org"})).domain == "example.org"
    assert outside.place_of(Target("local", "local", labels={"domain": "-x;id"})).domain == ""
