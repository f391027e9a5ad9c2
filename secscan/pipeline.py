"""The whole flow for one target. Read `scan` first: content -> plan -> collect -> evidence -> evaluate -> decide -> assessment."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from secscan import __version__, places, plugins
from secscan.ask.exchange import Limits, ask_target, read_answers
from secscan.bundles import read_bundle
from secscan.content.library import Library, load_library
from secscan.content.parameters import is_stricter, read_parameter_value
from secscan.content.reading import Cursor, Vocabulary
from secscan.content.renames import follow
from secscan.continuity.derive import answer_organization, answer_services
from secscan.continuity.evidence import WINDOW_S, Evidence
from secscan.continuity.places import calls_for
from secscan.continuity.reading import HostView, view_host
from secscan.decide import attest, attest_organization, decide
from secscan.documents import Document, did_you_mean
from secscan.errors import EvidenceError, ExchangeError, InputError, TargetError, UsageError
from secscan.inventory.contents import Inventory
from secscan.judge.assess import assess, assess_organization, assess_unreachable
from secscan.judge.rulebook import ABOVE_HOSTS, Rulebook
from secscan.model.assessment import Assessment
from secscan.model.attestation import VALID_FOR, Attestation, Demand
from secscan.model.check import LocalChange, Selection
from secscan.model.evidence import Bundle
from secscan.model.target import Target
from secscan.model.values import write_value
from secscan.model.waiver import Waiver
from secscan.plan.compile import Plan, compile_plan
from secscan.waivers import read_waivers

ORGANIZATION = "organization"
"""What reports call the organization when nobody names it."""


@dataclass(frozen=True)
class Engine:
    """Content and plugins, loaded once, for one baseline."""

    library: Library
    vocabulary: Vocabulary
    baseline: str
    limits: Limits = field(default_factory=Limits)
    waivers: tuple[Waiver, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    organization: str = ORGANIZATION
    inventory: Inventory = field(default_factory=lambda: Inventory(()))

    @cached_property
    def rulebook(self) -> Rulebook:
        """The baseline with everything it takes to judge by it."""
        baseline = self.library.baseline(self.baseline)
        named = {name for selection in baseline.selections for name in selection.requirements}
        requirements = {name: self.library.requirements[name] for name in sorted(named)}
        requirements |= {
            name: replace(self.library.requirements[name], not_automated=why) for name, why in baseline.not_automated.items()
        }
        return Rulebook(
            baseline, self.library.checks, self.vocabulary.probes, self.vocabulary.matchers, requirements, self.library.sha256
        )

    @cached_property
    def demands(self) -> Mapping[str, Demand]:
        """What the checks that people answer ask of a statement, by check."""
        return {
            selection.check: Demand(check.questions, limit if isinstance(limit, int | float) else None)
            for selection in self.rulebook.baseline.selections
            if (check := self.library.checks[selection.check]).questions
            for limit in [selection.parameters.get(VALID_FOR)]
        }

    @cached_property
    def plan(self) -> Plan:
        """The plan for targets without parameters of their own."""
        return compile_plan(self.rulebook.calls(), self.vocabulary.probes)


def load_engine(
    baseline: str = "un_minimum",
    check_folders: Sequence[Path] = (),
    baseline_folders: Sequence[Path] = (),
    cache: Path | None = None,
    limits: Limits | None = None,
    waivers: Sequence[Path] = (),
) -> Engine:
    """secscan's own content and that of further folders. Raises InputError with all problems of all files."""
    vocabulary = Vocabulary(plugins.probes(), plugins.matchers())
    library = load_library(
        (places.checks(), *check_folders), (places.baselines(), *baseline_folders), vocabulary, cache or cache_folder()
    )
    accepted = follow(read_waivers(waivers), library.checks) if waivers else ()
    return Engine(library, vocabulary, baseline, limits or Limits(), accepted)


def cache_folder() -> Path:
    """Where validated content is cached: $XDG_CACHE_HOME/secscan or ~/.cache/secscan."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "secscan"


def scan(engine: Engine, target: Target, keep: Callable[[Bundle], Bundle] | None = None) -> tuple[Assessment, Bundle | None]:
    """Ask one target and judge what it says. A target that cannot be asked becomes an assessment that says so.

    `keep` puts the evidence away before it is judged, and returns it sealed (see bundles.write_bundle).
    """
    rulebook, plan = localise(engine, target)
    started_at = time.time()
    try:
        bundle = collect(engine, target, plan)
    except TargetError as error:
        return assess_unreachable(rulebook, target, str(error), started_at, time.time(), __version__), None
    if keep and not bundle.sha256:
        bundle = keep(bundle)
    return _decide(engine, rulebook, assess(rulebook, bundle, target)), bundle


def collect(engine: Engine, target: Target, plan: Plan | None = None) -> Bundle:
    """The evidence of one target: asked now, or read back for a `replay` target. Raises TargetError, EvidenceError."""
    if target.transport == "replay":
        return read_bundle(Path(target.address))
    plan = plan or localise(engine, target)[1]
    return ask_target(target, plan, plugins.transport(target.transport), engine.library.sha256, engine.limits, plugins.inquiry)


def evaluate(engine: Engine, bundle: Bundle, target: Target | None = None) -> Assessment:
    """Judge a bundle, of whatever age, by the engine's baseline."""
    rulebook = localise(engine, target)[0] if target else engine.rulebook
    return _decide(engine, rulebook, assess(rulebook, bundle, target))


def assess_stated(engine: Engine, now: float) -> Assessment | None:
    """What people have stated of the organization; None where the baseline asks nothing of people about it."""
    assessment = assess_organization(engine.rulebook, engine.organization, now, __version__)
    return _decide_organization(engine, assessment) if assessment.results else None


def assess_together(engine: Engine, evidence: Evidence, now: float) -> Assessment | None:
    """What is judged once a run: what people have stated, and what all hosts together tell of services and of the organization.

    What hosts tell is judged as of the end of the newest exchange, what people decide as of `now`. None where the
    baseline asks nothing of either.
    """
    rulebook = engine.rulebook
    if not rulebook.about(*ABOVE_HOSTS):
        return None
    names = [probe.name for probe in rulebook.derived()]
    told, services = answer_organization(evidence, names), answer_services(evidence, names)
    assessment = assess_organization(rulebook, engine.organization, now, __version__, told, services, evidence.now)
    return _decide_organization(engine, assessment)


def join_evidence(
    engine: Engine, views: Mapping[str, HostView], now: float, unread: Mapping[str, str] | None = None, window_s: float = WINDOW_S
) -> Evidence:
    """What hosts told, with what the inventory declares and people have decided; `unread` says why others told nothing.

    `now` is the moment as of which it is judged where no host was read.
    """
    declared = engine.inventory
    return Evidence(
        repositories={repository.id: repository for repository in declared.repositories},
        host_sites={target.name: target.site for target in declared.targets},
        views=views,
        now=max((seen.finished_at for seen in views.values()), default=now),
        window_s=window_s,
        services=declared.services,
        unread=unread or {},
        attestations=engine.attestations,
        demands=_every_demand(engine),
        waivers=engine.waivers,
    )


def _every_demand(engine: Engine) -> Mapping[str, Demand]:
    """What the checks that people have answered ask of a statement: as the baseline says, else as the check itself does.

    No other check is looked at: to make them all of what is stored takes as long as to ask a host.
    """
    named = {name for attestation in engine.attestations for name in attestation.checks if name in engine.library.checks}
    by_default = {
        check.id: Demand(check.questions, limit if isinstance(limit, int | float) else None)
        for check in map(engine.library.checks.__getitem__, sorted(named))
        if check.questions
        for limit in [check.parameters[VALID_FOR].default if VALID_FOR in check.parameters else None]
    }
    return {**by_default, **engine.demands}


def view(engine: Engine, bundle: Bundle) -> HostView | None:
    """What stays of a host's evidence for what is judged of all together; None where the baseline judges nothing of the kind."""
    return view_host(bundle, engine.vocabulary.probes) if engine.rulebook.derived() else None


def _decide_organization(engine: Engine, assessment: Assessment) -> Assessment:
    stated = attest_organization(assessment, engine.attestations, engine.demands)
    return decide(stated, engine.waivers, engine.rulebook.baseline.waiver_limits)


def _decide(engine: Engine, rulebook: Rulebook, assessment: Assessment) -> Assessment:
    """The assessment of a host with what people stated and accepted."""
    stated = attest(assessment, engine.attestations, engine.demands) if engine.attestations else assessment
    return decide(stated, engine.waivers, rulebook.baseline.waiver_limits)


def read_evidence(engine: Engine, path: Path) -> Bundle:
    """A bundle, or the answers of a collector that was run by hand. Raises EvidenceError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError("{path}: cannot be read: {reason}", path=path, reason=error.strerror) from error
    if data.startswith(b"\x1f\x8b"):
        return read_bundle(path)
    try:
        return read_answers(data, engine.plan, path.stem, engine.library.sha256, path.stat().st_mtime)
    except (EvidenceError, ExchangeError) as error:
        raise EvidenceError("{path}: {error}", path=path, error=error) from error


def localise(engine: Engine, target: Target) -> tuple[Rulebook, Plan]:
    """Rulebook and plan with the inventory's parameters for this host, and with questions for the data and repositories on it.

    A pinned host has the script that it has: it is asked nothing of its own. Raises InputError for parameters that cannot be used.
    """
    more = (
        calls_for(target.name, engine.inventory, engine.vocabulary.probes)
        if engine.rulebook.derived() and not target.pinned
        else []
    )
    if not target.parameters:
        plan = compile_plan([*engine.rulebook.calls(), *more], engine.vocabulary.probes) if more else engine.plan
        return engine.rulebook, plan
    baseline = engine.rulebook.baseline
    selected = {selection.check: selection for selection in baseline.selections}
    document = Document(f"inventory, host {target.name}", {"parameters": target.parameters}, None)
    changes: list[LocalChange] = []
    root = Cursor(document, ("parameters",), target.parameters)
    for check in target.parameters:
        if check not in selected:
            root.report(f"check {check!r} is not in baseline {baseline.id}{did_you_mean(check, selected)}", ", ".join(selected))
            continue
        selected[check] = _localise_check(engine, root.at(check), selected[check], changes, target.name)
    if document.problems:
        raise InputError(replace(problem, line=0, column=0) for problem in document.problems)  # the host is all that is known
    local = replace(baseline, selections=tuple(selected.values()), changes=(*baseline.changes, *changes))
    rulebook = replace(engine.rulebook, baseline=local)
    return rulebook, compile_plan([*rulebook.calls(), *more], engine.vocabulary.probes)


def _localise_check(engine: Engine, cursor: Cursor, selection: Selection, changes: list[LocalChange], host: str) -> Selection:
    check = engine.library.checks[selection.check]
    parameters = dict(selection.parameters)
    for name in cursor.mapping(check.parameters):
        if name not in check.parameters:
            continue
        parameter = check.parameters[name]
        value = read_parameter_value(cursor.at(name), parameter)
        if value is None or value == parameters[name]:
            continue
        if selection.locked and not is_stricter(parameter, parameters[name], value):
            cursor.at(name).report(f"{check.id!r} is locked: {name} may be tightened, not weakened", "a stricter value")
        old, new = (write_value(parameter.type, each) for each in (parameters[name], value))
        changes.append(LocalChange(f"inventory ({host})", check.id, f"{name}: {old} -> {new}", "", ""))
        parameters[name] = value
    return replace(selection, parameters=parameters)
