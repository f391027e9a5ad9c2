"""`secscan config`: what a run would go by, and where each of it comes from."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from secscan.addresses import without_password
from secscan.cli import SpokenCommand
from secscan.cli.confidential import SECRET_VARIABLES
from secscan.cli.configuration import Configuration, configuration_of, tell_unread_variables
from secscan.cli.job import job_options
from secscan.cli.journal import FORMATS, is_json
from secscan.cli.language import spoken
from secscan.cli.settings import KEYS
from secscan.messages import Message

_OF_THE_COMMAND_LINE = {
    "resume",
    "quiet",
    "colour",
    "targets",
    "ask_password",
    "ask_passphrase",
    "ask_become_password",
    "accept_new",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting as it is shown. `value` None: nothing is set."""

    name: str
    value: Any
    origin: str


@click.command("config", cls=SpokenCommand)
@job_options
@click.option("--prometheus", metavar="FILE", help="As of secscan run.")
@click.option("--keep", "policy", metavar="POLICY", help="As of secscan run.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def command(context: click.Context, /, as_json: bool, **options: Any) -> int:
    """Show every setting of a run, and where it comes from.

    Takes the options of `secscan run`, and asks nobody. The command line wins over environment variables SECSCAN_<NAME>, these
    over secscan.yml, and that over what is built in. Of secrets only the place is told.
    """
    if options["policy"]:
        from secscan.history.retention import parse_policy  # noqa: PLC0415 - only for a policy

        parse_policy(options["policy"])
    tell_unread_variables(configuration_of(context))
    shown = [*_settings(context, configuration_of(context), options), *_secrets()]
    if as_json:
        click.echo(json.dumps([asdict(each) for each in shown], indent=1))
        return 0
    from secscan.inert import visible  # noqa: PLC0415 - keep --help free of it

    width = max(len(each.name) for each in shown)
    for each in shown:
        click.echo(f"{each.name:<{width}}  {visible(_written(each.value))}  ({spoken(each.origin)})")
    return 0


def _settings(context: click.Context, configuration: Configuration, options: dict[str, Any]) -> Iterator[Shown]:
    for name, key in KEYS.items():
        if key.parameter in options or name == "log_format":  # which is read before any command
            value = options.get(key.parameter, FORMATS[is_json()])
            yield Shown(name, _plain(value), _origin(context, configuration, name, key.parameter))
        else:  # what only another command takes
            setting = configuration.settings.get(name)
            yield Shown(name, _plain(setting.value) if setting else None, setting.origin if setting else Message("default"))
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if name in _OF_THE_COMMAND_LINE and source is ParameterSource.COMMANDLINE:
            yield Shown(name, _plain(options[name]), Message("command line"))


def _origin(context: click.Context, configuration: Configuration, name: str, parameter: str) -> str:
    match context.get_parameter_source(parameter):
        case ParameterSource.COMMANDLINE:
            return Message("command line")
        case ParameterSource.ENVIRONMENT:
            return Message("environment variable {name}", name=f"SECSCAN_{name.upper()}")
        case ParameterSource.DEFAULT_MAP:
            return configuration.settings[name].origin
    return Message("default")


def _secrets() -> Iterator[Shown]:
    """Which secrets are at hand in the environment, never what they are."""
    for variable in SECRET_VARIABLES.values():
        if os.environ.get(variable):
            yield Shown(variable.removeprefix("SECSCAN_").lower(), "***", Message("environment variable {name}", name=variable))


def _plain(value: Any) -> Any:
    """A value as JSON has it, without the password that a database's URL may hold."""
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items() if each is not None}
    return without_password(str(value)) if isinstance(value, str | Path) else value


def _written(value: Any) -> str:
    if value in (None, "", []):
        return "-"
    if isinstance(value, list):
        return ", ".join(map(_written, value))
    if isinstance(value, dict):
        return " ".join(f"{name}={_written(each)}" for name, each in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)
