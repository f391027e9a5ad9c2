"""Targets 2, 3 and 5: every question to one host, against OpenSSH with the very same script and against one command a question."""

from __future__ import annotations

import shlex
from collections import Counter

from secscan import pipeline
from secscan.plan.compile import compile_plan
from secscan.plan.script import PlannedBatch
from secscan.transports.ssh.connecting import connect
from secscan.transports.ssh.settings import settings_for
from tests.bench.bench import Bench, Row
from tests.bench.measuring import BenchError, Samples, median, ratio, round_robin, run_command

_LIBRARY = """\
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
have() { command -v "$1" >/dev/null 2>&1; }
part() { printf "\\n%s P %s %s\\n" nonce "$1" "$2"; }
"""


def measure(bench: Bench) -> list[Row]:
    """Rows of targets 2 and 3, and what goes over the wire."""
    meter, host = bench.meter, bench.host
    command, script = bench.same_script(host.name)
    questions = single_questions(bench)
    whole = round_robin(
        {
            "ssh": lambda: meter.run(bench.ssh(host.name, "true"), [host]),
            "script": lambda: meter.run(command, [host], script),
            "secscan": lambda: meter.run(bench.scan([host.name]), [host], allowed=bench.judged),
        },
        bench.rounds,
    )
    inside = round_robin(
        {
            "batched": lambda: meter.call(lambda: pipeline.collect(bench.engine, bench.target), [host]),
            "singly": lambda: meter.call(lambda: ask_singly(bench, questions), [host]),
        },
        max(2, bench.rounds // 2),
    )
    to_script, to_ssh = ratio(whole, "secscan", "script"), ratio(whole, "secscan", "ssh")
    faster = ratio(inside, "singly", "batched")
    wire = bytes_on_the_wire(bench)
    asked = f"{bench.engine.plan.calls} questions, {len(bench.engine.rulebook.baseline.selections)} checks"
    return [
        Row(
            "2",
            f"{asked}, whole process, to OpenSSH running the same script: wall",
            "<= 1.25x",
            f"{to_script:.2f}x",
            to_script <= 1.25,
        ),
        Row("2", "the same, to `ssh HOST true`: wall", "<= 2.2x", f"{to_ssh:.2f}x", to_ssh <= 2.2),
        Row("", "the same: wall; client CPU; host CPU", "", _spent(whole, "secscan")),
        Row("", "OpenSSH, same script: wall; client CPU; host CPU", "", _spent(whole, "script")),
        Row("", "`ssh HOST true`: wall; client CPU; host CPU", "", _spent(whole, "ssh")),
        Row("3", "batched, to one command a question on a tuned socket: wall", ">= 5x faster", f"{faster:.1f}x", faster >= 5),
        Row("", "batched, in process: wall; client CPU; host CPU", "", _spent(inside, "batched")),
        Row("", "one command a question: wall; client CPU; host CPU", "", _spent(inside, "singly")),
        Row("", "what takes the host longest", "", slowest(bench)),
        Row("5", "on the wire, both ways, connection included", "<= 60 KB a host", f"{wire / 1000:.0f} KB", wire <= 60_000),
    ]


def slowest(bench: Bench, count: int = 6) -> str:
    """The probes that take the host longest for all their questions together, by its own clock."""
    taken: Counter[str] = Counter()
    for batch in pipeline.collect(bench.engine, bench.target).batches:
        taken[batch.probe] += round(max(0.0, batch.frame.elapsed_s) * 1000)
    return ", ".join(f"{probe} {taken_ms} ms" for probe, taken_ms in taken.most_common(count))


def single_questions(bench: Bench) -> list[PlannedBatch]:
    """Every question by itself, as if nothing were shared."""
    probes = bench.engine.vocabulary.probes
    calls = [call for batch in bench.engine.plan.batches for call in batch.calls]
    return [compile_plan([call], probes).batches[-1] for call in calls]


def ask_singly(bench: Bench, questions: list[PlannedBatch]) -> None:
    """One connection, one command for each question, one after the other."""
    connection = connect(settings_for(bench.target), 15.0)
    with connection.closing:
        for question in questions:
            heard, _ = run_command(connection.transport, shlex.join(("sh", "-c", _LIBRARY + question.script)))
            if not heard:
                raise BenchError(f"a {question.probe} question was not answered")


def bytes_on_the_wire(bench: Bench) -> int:
    """What one scan sends and receives, as a relay counts it."""
    with bench.lab.relay(bench.host.address, 0.0) as relay:
        bench.meter.leave_out(relay.pid)
        bench.lab.client.know("127.0.0.1", bench.host.host_keys, relay.port)
        bench.lab.client.alias("counted", "127.0.0.1", Port=str(relay.port))
        bench.meter.run(bench.scan(["counted"]), allowed=bench.judged)
        passed = relay.next_connection()
    return passed["sent"] + passed["received"]


def _spent(samples: Samples, name: str) -> str:
    wall, client, host = (median(samples, name, what) * 1000 for what in ("wall_s", "client_cpu_s", "host_cpu_s"))
    return f"{wall:.0f} ms; {client:.0f} ms; {host:.0f} ms"
