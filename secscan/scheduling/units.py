"""The text of a service and a timer for systemd. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from secscan.scheduling.planned import MARK, SHUT_IN, Planned

_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - nothing is written there
# What shows a process another machine than the one it runs on, or needs the system's manager.
_OTHER_VIEW = (
    "ProtectSystem=strict",
    "ProtectHome=read-only",
    "PrivateDevices=yes",
    "ProtectKernelTunables=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelLogs=yes",
    "ProtectControlGroups=yes",
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "SystemCallFilter=@system-service",
)
# What shows the same machine, but allows no more rights; sudo on this machine would not work with it.
_NO_MORE_RIGHTS = (
    "NoNewPrivileges=yes",
    "RestrictSUIDSGID=yes",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "LockPersonality=yes",
    "SystemCallArchitectures=native",
)


def service_text(planned: Planned) -> str:
    """The service. Its run counts as done whatever was found, so that a failed unit is a run that broke."""
    return "\n".join((*_head(planned, "service"), *_network(planned), "", "[Service]", *_service(planned), ""))


def timer_text(planned: Planned) -> str:
    """The timer, which catches up with a run that was missed while the machine was off."""
    lines = (
        "[Timer]",
        f"OnCalendar={planned.on_calendar}",
        "Persistent=true",
        f"RandomizedDelaySec={planned.random_delay_s}s",
        "AccuracySec=1s",
        "",
        "[Install]",
        "WantedBy=timers.target",
    )
    return "\n".join((*_head(planned, "timer"), "", *lines, ""))


def _head(planned: Planned, kind: str) -> Iterator[str]:
    edit = "systemctl edit" if planned.user else "systemctl --user edit"
    yield f"{MARK}, which writes it anew. Changes belong in a drop-in: {edit} {planned.name}.{kind}"
    yield "[Unit]"
    yield f"Description=Compliance of hosts by secscan ({planned.name})"


def _network(planned: Planned) -> Iterator[str]:
    if planned.user:
        yield "Wants=network-online.target"
        yield "After=network-online.target postgresql.service"  # where a history may be; nothing where there is none


def _service(planned: Planned) -> Iterator[str]:
    yield "Type=oneshot"
    if planned.user:
        yield f"User={planned.user}"
    yield f"WorkingDirectory={_plain(_with_its_end(str(planned.folder)))}"
    for name, value in planned.environment.items():
        yield f"Environment={_quoted(f'{name}={value}')}"
    yield "ExecStart=" + " ".join(_quoted(word).replace("$", "$$") for word in planned.command)
    yield "SuccessExitStatus=1 3 4"
    yield "UMask=0077"
    if planned.sees_machine:
        return
    yield f"Environment={SHUT_IN}=yes"
    yield from _NO_MORE_RIGHTS
    if planned.user:  # a user's own manager can do this only where users may make namespaces
        yield from _OTHER_VIEW
        # Files and folders of others are open to root, as they are without a sandbox; nobody else has such rights.
        yield f"CapabilityBoundingSet={'CAP_DAC_OVERRIDE' if planned.user == 'root' else ''}"
        if not any(_is_below(path) for path in (planned.folder, *planned.writes, *planned.reads)):
            yield "PrivateTmp=yes"
        yield "ReadWritePaths=" + " ".join(_quoted(f"-{path}") for path in dict.fromkeys((*planned.writes, *planned.sockets)))


def _is_below(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in _TEMPORARY)


def _with_its_end(folder: str) -> str:
    """A folder that stands unquoted at the end of a line, where a blank would be dropped and a backslash take the next line."""
    return f"{folder}/." if folder.endswith(("\\", " ")) else folder


def _plain(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    """One word as systemd.syntax(7) writes it."""
    text = _plain(word).replace("\\", "\\\\").replace('"', '\\"')
    return text if re.fullmatch(r"[\w@%+=:,./-]+", text) else f'"{text}"'
