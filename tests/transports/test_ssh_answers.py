"""Answers over SSH: large, endless, noisy, hanging and broken ones; limits that hold; what is sent and to whom."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from servers import GREET, NONCE, ask

from secscan.errors import ExchangeError
from secscan.model.target import Become, Request
from secscan.transports.ssh import TRANSPORT

MIB = 2**20


def test_an_answer_larger_than_any_window_arrives_whole(scene):
    _, answer = ask(TRANSPORT, scene.target, f"head -c {6 * MIB} /dev/zero; echo end")
    assert len(answer) == 6 * MIB + len("end\n")


def test_a_flood_of_complaints_blocks_nothing_and_is_cut(scene):
    exchanged, answer = ask(TRANSPORT, scene.target, f"head -c {6 * MIB} /dev/zero >&2; echo end")
    assert answer == b"end\n"
    assert len(exchanged.stderr) == 65_536


def test_both_outputs_may_be_large_at_once(scene):
    script = f"head -c {4 * MIB} /dev/zero >&2 & head -c {4 * MIB} /dev/zero; wait; echo end"
    assert len(ask(TRANSPORT, scene.target, script)[1]) == 4 * MIB + 4


def test_a_script_larger_than_any_window_is_sent_whole(scene):
    assert ask(TRANSPORT, scene.target, "#" + "x" * (3 * MIB) + "\necho end")[1] == b"end\n"


def test_what_comes_after_the_end_mark_is_not_waited_for(scene):
    began = time.monotonic()
    exchanged, answer = ask(TRANSPORT, scene.target, "echo END; sleep 20", end=b"END")
    assert answer == b"END\n"
    assert exchanged.cut_short == ""
    assert time.monotonic() - began < 10


def test_an_endless_answer_ends_with_the_time_for_it(scene):
    exchanged, answer = ask(TRANSPORT, scene.target, "while :; do echo x; sleep 0.05; done", total_s=3)
    assert exchanged.cut_short == "not finished within 3 s"
    assert answer.startswith(b"x\nx\n")


def test_a_hang_in_mid_answer_ends_with_the_time_for_silence_and_keeps_what_came(scene):
    began = time.monotonic()
    exchanged, answer = ask(TRANSPORT, scene.target, "echo first; sleep 20", idle_s=2)
    assert (answer, exchanged.cut_short) == (b"first\n", "not a byte for 2 s")
    assert time.monotonic() - began < 10


def test_a_host_that_hangs_up_in_mid_answer_is_told_from_one_that_is_done(scene):
    exchanged, answer = ask(TRANSPORT, scene.target, "echo first; sleep 0.3; kill -9 $PPID $$")
    assert answer == b"first\n"
    assert exchanged.cut_short.startswith("no exit status")


def test_what_the_reader_refuses_ends_the_exchange(scene):
    def receive(data: bytes) -> bool:
        raise ExchangeError("not the collector's")

    with pytest.raises(ExchangeError, match="not the collector's"):
        TRANSPORT(scene.target, Request(GREET + "yes", NONCE), receive)


def test_a_host_that_runs_no_shell_is_an_error_with_its_own_words(make_scene):
    scene = make_scene(ForceCommand="echo This account is not available. >&2; exit 1")
    with pytest.raises(ExchangeError, match=r"ran no collector: This account is not available\. \(exit status 1\)"):
        ask(TRANSPORT, scene.target)


def test_a_host_that_allows_no_session_is_an_error(make_scene):
    scene = make_scene(MaxSessions="0")
    with pytest.raises(ExchangeError, match="refused a channel"):
        ask(TRANSPORT, scene.target)


def test_a_pinned_host_gets_the_nonce_and_no_script(make_scene):
    scene = make_scene(ForceCommand='IFS= read -r n; printf "\\n%s H plain\\n" "$n"; cat')
    exchanged, answer = ask(TRANSPORT, replace(scene.target, pinned=True, become=Become()), "echo never sent")
    assert (answer, exchanged.exit) == (b"", 0)


def test_nothing_of_the_exchange_is_written_on_the_host(scene, tmp_path):
    _, answer = ask(TRANSPORT, scene.target, 'echo "$0 $# [$-]"; echo ${#secscan_nonce}')
    assert answer.splitlines()[-1] == str(len(NONCE)).encode()
