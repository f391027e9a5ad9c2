"""Target 4: the same over links with a round-trip time of a tenth of a second and more."""

from __future__ import annotations

from tests.bench.bench import Bench, Row
from tests.bench.measuring import median, ratio, round_robin


def measure(bench: Bench) -> list[Row]:
    """Rows for 100 ms and 600 ms."""
    return [row for rtt_ms in (100, 600) for row in _over(bench, rtt_ms)]


def _over(bench: Bench, rtt_ms: int) -> list[Row]:
    rtt_s, name = rtt_ms / 1000, f"far{rtt_ms}"
    with bench.lab.relay(bench.host.address, rtt_s) as relay:
        bench.meter.leave_out(relay.pid)
        bench.lab.client.know("127.0.0.1", bench.host.host_keys, relay.port)
        bench.lab.client.alias(name, "127.0.0.1", Port=str(relay.port))
        bench.meter.run(bench.scan([name]), allowed=bench.judged)
        trips = relay.next_connection()["turns"]  # one more for TCP's own, one less for the farewell that nobody waits for
        samples = round_robin(
            {
                "ssh": lambda: bench.meter.run(bench.ssh(name, "true")),
                "secscan": lambda: bench.meter.run(bench.scan([name]), allowed=bench.judged),
            },
            max(2, bench.rounds // 2),
        )
    to_ssh = ratio(samples, "secscan", "ssh")
    limited = rtt_ms == 100
    return [
        Row(
            "4" if limited else "",
            f"round-trip time {rtt_ms} ms, whole process, to `ssh HOST true`: wall",
            "<= 1.2x" if limited else "",
            f"{to_ssh:.2f}x ({median(samples, 'secscan'):.2f} s)",
            to_ssh <= 1.2 if limited else None,
        ),
        Row(
            "4" if limited else "",
            f"round trips at {rtt_ms} ms: how often the client waits for the host (TCP's own included)",
            "<= 7" if limited else "",
            f"{trips}",
            trips <= 7 if limited else None,
        ),
    ]
