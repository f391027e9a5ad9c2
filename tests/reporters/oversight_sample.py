"""A register of oversight recommendations in every state: overdue, in time, closed, at odds with results, linked to nothing."""

from __future__ import annotations

import samples

from secscan.model.recommendation import DAY_S, Recommendation, Status

AS_OF = samples.STARTED // DAY_S * DAY_S


def recommendation(
    name: str, status: Status, *, raised: int, due: int, closed: int | None = None, **more: object
) -> Recommendation:
    """One of them; days before the moment of the samples, negative after it."""
    fields: dict[str, object] = {
        "source": "JIU/REP/2021/3, recommendation 4",
        "text": "The executive heads should report to their governing bodies on cybersecurity.",
        "owner": "Chief of ICT",
        "root_cause": "No report was ever asked for.",
        "path": "oversight.yml",
        "line": 2,
    }
    days = {"raised_at": AS_OF - raised * DAY_S, "due_at": AS_OF - (due - 1) * DAY_S}
    ended = None if closed is None else AS_OF - (closed - 1) * DAY_S
    return Recommendation(id=name, status=status, closed_at=ended, **{**fields, **days, **more})  # type: ignore[arg-type]


def register() -> tuple[Recommendation, ...]:
    """Recommendations in every state."""
    return (
        recommendation(
            "JIU-2021-3-R4", Status.IN_PROGRESS, raised=1858, due=-60, checks=("sshd_root_login_disabled", "grub_password_set"),
            requirements=("UNC-IS-03",), note="First report in session 78.",
        ),
        recommendation(
            "BOA-2023/17", Status.NOT_STARTED, raised=700, due=31, source="Board of Auditors, A/78/5 (Vol. I), para. 417",
            owner="Chief of operations", checks=("security_updates_installed", "backup_restore_tested"), line=14,
        ),
        recommendation("OIOS-2024-02", Status.NOT_STARTED, raised=200, due=-400, source="OIOS, 2024/02", owner="CISO", line=26),
        recommendation(
            "JIU-2021-3-R2", Status.IMPLEMENTED, raised=1858, due=900, closed=950, checks=("sshd_root_login_disabled",), line=33
        ),
        recommendation(
            "JIU-2019-1", Status.IMPLEMENTED, raised=2400, due=1500, closed=1600, checks=("kernel_randomizes_addresses",), line=44
        ),
        recommendation("JIU-2019-7", Status.OVERTAKEN, raised=2400, due=1500, closed=1200, requirements=("UNC-GV-09",), line=52),
        recommendation("OIOS-2022-09", Status.NOT_ACCEPTED, raised=1300, due=1000, closed=1100, owner="Controller", line=60),
    )  # fmt: skip
