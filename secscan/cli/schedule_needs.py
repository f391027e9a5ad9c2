"""What a scheduled run needs of its machine: folders that it writes in, and files that a /tmp of its own would hide."""

from __future__ import annotations

import contextlib
import os
import pwd
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import secscan
from secscan.cli.confidential import SECRET_VARIABLES
from secscan.cli.memory import data_folder
from secscan.cli.settings import KEYS
from secscan.errors import InputError, UsageError

if TYPE_CHECKING:
    from secscan.cli.configuration import Configuration
    from secscan.model.target import Target
    from secscan.ssh_config import SshConfig

_SSH = {"ssh", "openssh"}
_OF_THE_SYSTEM = Path("/etc/ssh/ssh_config")
_SHARED_SOCKETS = {"C": "C", "j": "j"}  # tokens of ControlPath alone; they stand in the name of the file


@contextlib.contextmanager
def seen_by(user: str) -> Iterator[None]:
    """The home is that of who will run: what `~` means in secscan.yml. Empty: whoever calls."""
    account = pwd.getpwnam(user) if user else None
    if account is None or account.pw_uid == os.geteuid():
        yield
        return
    theirs = {"HOME": account.pw_dir, "LOGNAME": account.pw_name, "XDG_DATA_HOME": "", "XDG_CACHE_HOME": ""}
    before = {name: os.environ.get(name) for name in theirs}
    os.environ.update(theirs)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def written_folders(configuration: Configuration, folder: Path, targets: Iterable[Target]) -> Iterator[Path]:
    """The folders that a run writes in. Raises UsageError where none is named."""
    from secscan.pipeline import cache_folder  # noqa: PLC0415 - keep --help free of it

    settings = configuration.settings
    if "output" not in settings:
        raise UsageError("{path} names no output; allowed: output: DIR, where a run keeps what it finds", path=configuration.path)
    yield folder / settings["output"].value
    for order in configuration.reports:
        yield folder / order.directory
    if "prometheus" in settings:
        yield (folder / settings["prometheus"].value).parent
    if "history" in settings:
        yield from _history_folders(folder, settings["history"].value)
    yield from (data_folder().absolute(), cache_folder().absolute())
    for way in _ways(configuration, targets):
        yield from way.key_folders(folder)


def socket_folders(configuration: Configuration, targets: Iterable[Target]) -> Iterator[Path]:
    """The folders of the sockets over which `ssh` shares connections (ControlPath)."""
    for way in _ways(configuration, targets):
        if {word.lower() for word in way.words("controlmaster")} - {"no", "false"}:
            for word in way.words("controlpath"):
                yield from (Path(place).parent for place in _expanded(word))


def needed_files(configuration: Configuration, folder: Path, targets: Iterable[Target]) -> Iterator[Path]:
    """Files and sockets that a run must find, as far as secscan.yml and the configuration of ssh name them."""
    yield from (Path(sys.executable), Path(secscan.__file__))
    for name, setting in configuration.settings.items():
        places = setting.value if isinstance(setting.value, list | tuple) else [setting.value]
        yield from (folder / place for place in places if KEYS[name].place and "://" not in place)
    for channel in configuration.notify.channels if configuration.notify else ():
        if channel.kind == "file":
            yield folder / channel.place
    for way in _ways(configuration, targets):
        for word in way.words("identityagent"):
            yield from (Path(place) for place in _expanded(word) if place.startswith("/"))


def needed_variables(configuration: Configuration) -> list[str]:
    """Variables with secrets that a run by hand has: those of channels, and ours where they are set now."""
    channels = configuration.notify.channels if configuration.notify else ()
    named = {channel.place for channel in channels if channel.kind == "env"}
    return sorted(named | {name for name in SECRET_VARIABLES.values() if os.environ.get(name)})


@dataclass(frozen=True, slots=True)
class _Way:
    """What hosts that are reached alike are reached with: options as in the inventory, empty where it says nothing."""

    ssh_config: str
    known_hosts: str
    policy: str

    def words(self, keyword: str) -> Iterator[str]:
        """Every value of a keyword, for whichever host it is: to know for which would run the commands of `Match exec`."""
        for config in self._configs():
            yield from config.values(keyword)

    def key_folders(self, folder: Path) -> Iterator[Path]:
        """Where the keys of new hosts are remembered, if somebody chose that."""
        if "accept-new" not in {self.policy, *(word.lower() for word in self.words("stricthostkeychecking"))}:
            return
        if self.known_hosts:
            yield (folder / Path(self.known_hosts).expanduser()).parent
            return
        files = [word for value in self.words("userknownhostsfile") for word in value.split() if word.lower() != "none"]
        for word in files or ["~/.ssh/known_hosts"]:
            yield from (Path(place).parent for place in _expanded(word))

    def _configs(self) -> Iterator[SshConfig]:
        from secscan.ssh_config import read_ssh_config  # noqa: PLC0415 - keep --help free of it

        if self.ssh_config == "none":
            return
        own = Path(self.ssh_config).expanduser() if self.ssh_config else Path.home() / ".ssh/config"
        for path in (own, _OF_THE_SYSTEM):
            with contextlib.suppress(InputError):  # the run tells what is wrong with it, if it needs it
                yield read_ssh_config(path)


def _ways(configuration: Configuration, targets: Iterable[Target]) -> set[_Way]:
    usual = {name: configuration.settings[name].value for name in ("ssh_config", "known_hosts") if name in configuration.settings}
    return {
        _Way(*(str({**usual, **target.options}.get(name) or "") for name in ("ssh_config", "known_hosts", "host_key_policy")))
        for target in targets
        if target.transport in _SSH
    }


def _history_folders(folder: Path, place: str) -> Iterator[Path]:
    """SQLite writes beside its file, wherever that is: where a link leads to."""
    from secscan.history.schema import database_file  # noqa: PLC0415 - SQLAlchemy is slow to import

    file = database_file(place) if "://" in place else Path(place)
    if file:
        yield from ((folder / file).parent, (folder / file).resolve().parent)


def _expanded(word: str) -> Iterator[str]:
    """A place as ssh would take it; nothing where only the run can know."""
    from secscan.ssh_config import expand, tokens_for  # noqa: PLC0415 - keep --help free of it

    tokens = {**tokens_for("host", "host", 22, "user"), **_SHARED_SOCKETS}
    with contextlib.suppress(KeyError):  # a number without a name, as in containers
        tokens["i"] = str(pwd.getpwnam(tokens["u"]).pw_uid)
    with contextlib.suppress(UsageError):
        yield expand(word, tokens)
