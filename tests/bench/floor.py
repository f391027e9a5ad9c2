"""Target 1: connecting, signing in and running one command, against OpenSSH doing the same."""

from __future__ import annotations

from secscan.transports.ssh.connecting import connect
from secscan.transports.ssh.settings import settings_for
from tests.bench.bench import Bench, Row
from tests.bench.measuring import BenchError, median, ratio, round_robin, run_command


def measure(bench: Bench) -> list[Row]:
    """Rows of target 1."""
    settings = settings_for(bench.target)

    def sign_in_and_run() -> None:
        connection = connect(settings, 15.0)
        with connection.closing:
            if run_command(connection.transport, "true") != (0, 0):
                raise BenchError("true failed")

    samples = round_robin(
        {
            "ssh": lambda: bench.meter.run(bench.ssh(bench.host.name, "true"), [bench.host]),
            "ours": lambda: bench.meter.call(sign_in_and_run, [bench.host]),
        },
        bench.rounds * 3,
        warm_ups=3,
    )
    wall, cpu_ms = ratio(samples, "ours", "ssh"), median(samples, "ours", "client_cpu_s") * 1000
    ssh_ms, ssh_cpu_ms = median(samples, "ssh") * 1000, median(samples, "ssh", "client_cpu_s") * 1000
    return [
        Row("1", "connect, sign in, run `true` in process: wall, to `ssh HOST true`", "<= 0.3x", f"{wall:.2f}x", wall <= 0.3),
        Row("1", "the same: client CPU", "<= 4 ms", f"{cpu_ms:.1f} ms", cpu_ms <= 4),
        Row("", "`ssh HOST true` itself (curve25519): wall, client CPU", "", f"{ssh_ms:.0f} ms, {ssh_cpu_ms:.0f} ms"),
    ]
