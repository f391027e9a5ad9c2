"""The command line: words in, exit codes out. Commands are imported when they are run, so that `--help` needs click alone."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click

from secscan import __version__
from secscan.cli import interrupts, journal, language
from secscan.messages import Message

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "scan": "Ask hosts and judge what they say.",
    "run": "Do the whole nightly job of secscan.yml.",
    "plan": "Show every question, file and command, or print the very script.",
    "collect": "Ask hosts and keep the evidence, without judging.",
    "evaluate": "Judge evidence that was collected before.",
    "report": "Render saved assessments in another format.",
    "kpi": "Measure indicators, and write the annual report and the risk register.",
    "benchmark": "Compare figures with other organizations.",
    "import": "Make assessments of the results of other scanners.",
    "continuity": "Tell what each service would lose, from the backups of all hosts.",
    "explain": "Tell how one check came to its outcome on one target.",
    "diff": "Tell what changed between two runs.",
    "history": "Tell the story of a check on a host.",
    "runs": "List runs, see what fails for how long, and forget old runs.",
    "waiver": "Accept failures until a date.",
    "oversight": "Follow recommendations of oversight bodies.",
    "attest": "State what no machine can tell, and see what is due.",
    "check": "List, show, write and prove checks.",
    "baseline": "List, show and prove baselines.",
    "requirement": "List and show requirements, and what serves them.",
    "probe": "List and show probes and matchers.",
    "schema": "Print the JSON Schema of a kind of file.",
    "doctor": "Tell what would stop a run, and how to mend it.",
    "notify": "Try the channels, and tell when a run did not happen.",
    "config": "Show every setting, and where each comes from.",
    "schedule": "Have a run done by the calendar.",
    "init": "Write a commented inventory and configuration.",
}
_PROJECT = "secscan.yml"
_LONG = 1000  # more than a sentence has
_MODULES = {"import": "importing", "run": "nightly"}  # names that Python or this module keep for themselves


class SpokenCommand(click.Command):
    """A command whose help is in the language; a group that is given nothing shows its help."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, once it is known in which language help and mistakes are to be told."""
        language.listen(args)
        if not args and self.no_args_is_help and not ctx.resilient_parsing:
            click.echo(self.get_help(ctx), err=True)
            raise click.exceptions.Exit(2)
        return super().parse_args(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """The page of the command: click's own in English."""
        if language.is_english():
            return super().get_help(ctx)
        from secscan.cli.help import page  # noqa: PLC0415 - English needs none of it

        return page(self, ctx)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """As click does, with what commands and options do in the language."""
        items = super().shell_complete(ctx, incomplete)
        if language.is_english():
            return items
        from secscan.cli.help import described  # noqa: PLC0415 - English needs none of it

        return described(self, ctx, items)


class SpokenGroup(SpokenCommand, click.Group):
    """A group whose help is in the language, and that of its commands."""

    command_class = SpokenCommand

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands with the whole sentence of each, which click would cut to one line."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.summary(ctx, name)) for name in self.list_commands(ctx)])

    def summary(self, ctx: click.Context, name: str) -> str:
        """What the list of commands says of one of them, as a sentence."""
        command = self.get_command(ctx, name)
        return command.get_short_help_str(_LONG).removesuffix(".") + "." if command else ""


class Commands(SpokenGroup):
    """A group that knows its commands by name and imports one only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the work, not of the alphabet."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself; its module is secscan.cli.<name>, but for a name that is taken."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"secscan.cli.{_MODULES.get(cmd_name, cmd_name)}")
        command: click.Command = module.command
        return command

    def summary(self, ctx: click.Context, name: str) -> str:
        """As COMMANDS has it, without importing the command."""
        return COMMANDS[name]

    def get_help(self, ctx: click.Context) -> str:
        """In the language of the project file too, which is read after this otherwise."""
        if not language.is_told():
            _speak_as_configured(ctx.params.get("config"))
        return super().get_help(ctx)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does, but a reader that has gone (`secscan scan | head`) is not a check that fails, which 1 would mean."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - stands for standard output to the end
            raise click.exceptions.Exit(141) from None
        return result

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion for a word that is close."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from secscan.documents import did_you_mean  # noqa: PLC0415 - only for a mistake
            from secscan.errors import UsageError  # noqa: PLC0415 - as above

            near, allowed = did_you_mean(args[0], COMMANDS), list(COMMANDS)
            raise UsageError("no command is named {name!r}{near}; allowed: {allowed}", name=args[0], near=near, allowed=allowed)
        return super().resolve_command(ctx, args)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="secscan")
@click.option("--config", metavar="FILE", is_eager=True, help="Defaults of the options; secscan.yml in this folder unless given.")
@click.option(
    "--language", "code", type=click.Choice(language.CODES), help="What is said, and reports; as the locale unless given."
)
@click.pass_context
def secscan(context: click.Context, config: str | None, code: str | None) -> None:
    """Scan hosts over SSH for cybersecurity and business-continuity compliance.

    Nothing is installed on the hosts and nothing is written there: one script is sent, one answer
    comes back, and everything after that is computed from the evidence that was kept.

    \b
    Begin with:   secscan scan local
                  secscan scan ssh://admin@host1 ssh://host2 --become
    Exit codes:   0 all hold   1 something fails   2 your input is wrong
                  3 a target was not reached   4 something could not be judged
                  70 secscan itself failed   130 interrupted
                  141 nobody read the output to its end
    """  # noqa: D301 - \b is click's mark for a block that is not wrapped
    there = os.path.exists(_PROJECT)  # noqa: PTH110 - pathlib costs as much as the rest of --help
    if code:
        language.choose(code)
    if config or there or code or any(name.startswith("SECSCAN_") for name in os.environ):
        from pathlib import Path  # noqa: PLC0415 - as above

        from secscan.cli.configuration import find_configuration, read_configuration  # noqa: PLC0415 - only for a configuration

        if context.invoked_subcommand in journal.LOGGING and _logs_json(config or _PROJECT):
            journal.begin(as_json=True)
        context.obj = read_configuration(Path(config) if config else find_configuration(), os.environ, code)
        context.default_map = context.obj.defaults()
        if "language" in context.obj.settings:
            language.choose(context.obj.settings["language"].value)


def _logs_json(project: str) -> bool:
    """Whether a project file, which may be wrong in other places, has its log in JSON."""
    try:
        with open(project, encoding="utf-8", errors="replace") as text:  # noqa: PTH123 - pathlib is slow to import
            return any(re.match(r"log_format:\s*[\"']?json\b", line) for line in text)
    except OSError:
        return False


def _speak_as_configured(config: str | None) -> None:
    """Speak the language of the project file, where it names one; a file that cannot be used is for the commands to tell."""
    try:
        with open(config or _PROJECT, encoding="utf-8") as project:  # noqa: PTH123 - as below
            names_one = "language" in project.read()
    except (OSError, UnicodeDecodeError):
        return
    if not names_one:
        return
    from pathlib import Path  # noqa: PLC0415 - only for a project that names its language

    from secscan.cli.configuration import find_configuration, read_configuration  # noqa: PLC0415 - as above
    from secscan.errors import SecscanError  # noqa: PLC0415 - as above

    with contextlib.suppress(SecscanError):
        configuration = read_configuration(Path(config) if config else find_configuration(), os.environ)
        language.choose(configuration.settings["language"].value if "language" in configuration.settings else "")


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit with its code; errors that a person can mend are one line each, without a traceback."""
    interrupts.keep()
    gc.set_threshold(50_000, 20, 50)  # thousands of small records are made at the start, and hardly one is garbage
    try:
        code = run(arguments)
    except Exception as error:  # noqa: BLE001 - whatever nobody foresaw: Python would end with 1, which is a check that fails
        journal.tell_crash(error)
        code = journal.CRASHED
    if any(thread.daemon for thread in threading.enumerate()):
        _leave(code)
    sys.exit(code)


def _leave(code: int) -> NoReturn:
    """End at once: threads that were abandoned in the middle of C++ code abort the interpreter when it ends in its own way."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def run(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    journal.begin(as_json=journal.is_asked_for(sys.argv[1:] if arguments is None else arguments, os.environ))
    language.begin(os.environ)
    try:
        result: Any = secscan.main(args=arguments, prog_name="secscan", standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        interrupts.heed()
        journal.note("interrupted", Message("interrupted"), "warning")
        return 130
    except click.ClickException as error:
        from secscan.cli.mistakes import told  # noqa: PLC0415 - only for a mistake

        journal.note("failed", told(error), "error", exit_code=2)
        return 2
    except Exception as error:
        from secscan.errors import SecscanError  # noqa: PLC0415 - only for a mistake

        if not isinstance(error, SecscanError):
            raise
        journal.complain(error)
        return error.exit_code
    return result if isinstance(result, int) else 0
