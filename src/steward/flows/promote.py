"""How does a judged candidate become a version, and a version the champion?

The pointer in the database is the truth; the trackers' aliases follow it and are repaired from it.
"""

from collections.abc import Mapping
from dataclasses import asdict

from steward.core.errors import Fault, Refused
from steward.deploy.promote import promote, refuse_without_evidence, roll_back
from steward.flows.champion import load_version, need_champion
from steward.flows.judge import Judged
from steward.flows.overtaken import end_overtaken
from steward.flows.package import Packaged
from steward.flows.ports import Ports
from steward.flows.steps import Done, Runner
from steward.flows.track import catch_up, follow, tell
from steward.project.commit import commit_of
from steward.project.read import Project
from steward.registry.versions import Champion, Draft, Version


def register(
    project: Project,
    packaged: Packaged,
    judged: Judged,
    ports: Ports,
    runner: Runner,
    so_far: Mapping[str, object] | None = None,
) -> Version:
    """Register the bundle as a version - once, however often it comes - and tell the trackers.

    `so_far` is the result of the run up to here; what is told of it comes from there.
    """
    facts = {**packaged.facts, "verdict": dict(judged.verdict), "judged_against": judged.against}
    commit = commit_of(project.folder)
    facts |= {"commit": commit.as_dict() if commit else None}
    name = project.spec.name
    draft = Draft(name, packaged.digest, runner.run, packaged.digest, packaged.files, facts)
    version = ports.registry.register(draft, actor=ports.actor)
    if judged.fresh:
        # The same bundle may be judged anew, against another champion: the newest evidence counts.
        ports.registry.note(name, version.number, {"verdict": dict(judged.verdict), "judged_against": judged.against})
    depends = {"version": version.number, "bundle": version.digest, "verdict": dict(judged.verdict)}

    def work() -> Done:
        tracked = tell(ports.registry.version(name, version.number), ports, so_far)
        note = f"{version}, MLflow run {tracked.run_id[:12]}"
        return Done(asdict(tracked), note, (ports.workspace.mlflow.name,))  # gone with its file: told again

    runner.step("register", depends, work)
    return ports.registry.version(name, version.number)


def promote_if_passed(project: Project, version: Version, judged: Judged, trigger: str, ports: Ports, runner: Runner) -> bool:
    """Promote the version of a run if its gate passed; true where it is champion now and was not before the run."""
    champion = ports.registry.champion(project.spec.name)
    depends = {"version": version.number, "verdict": dict(judged.verdict), "against": judged.against, "run": runner.run}

    def work() -> Done:
        moved = bool(judged.verdict["passed"]) and (champion is None or champion.number != version.number)
        if moved:
            promote(ports.registry, version, actor=ports.actor, reason=f"{trigger}: {judged.verdict['reason']}")
        end_overtaken(version.model, ports)
        now = ports.registry.champion(project.spec.name)
        follow(version.model, ports)
        note = f"v{now.number} is champion" if now else "no champion: the gate did not pass"
        return Done({"promoted": moved or _moved_before_a_kill(now, version, runner.run)}, note)

    return bool(runner.step("promote", depends, work)["promoted"])


def promote_by_hand(model: str, number: int | None, reason: str, ports: Ports) -> Champion:
    """Promote a version by number, or the newest one whose gate passed."""
    catch_up(model, ports)  # whoever repeats a command that was killed finds its version to be champion already
    version = ports.registry.version(model, number) if number is not None else _newest_passed(model, ports)
    refuse_without_evidence(version, ports.registry.champion(model))
    load_version(ports.workspace, version)  # a damaged bundle must not become champion
    champion = promote(ports.registry, version, actor=ports.actor, reason=reason)
    end_overtaken(model, ports)
    follow(model, ports)
    return champion


def roll_back_by_hand(model: str, number: int | None, reason: str, ports: Ports) -> Champion:
    """Make an earlier champion champion again: the one named, or the one before the present one."""
    current = need_champion(ports, model)
    version = ports.registry.version(model, _champion_before(model, current, ports) if number is None else number)
    load_version(ports.workspace, version)  # nor come back as one
    champion = roll_back(ports.registry, version, actor=ports.actor, reason=reason)
    end_overtaken(model, ports)
    follow(model, ports)
    return champion


def _moved_before_a_kill(now: Champion | None, version: Version, run: str) -> bool:
    """Tell whether an earlier attempt of this same run had moved the pointer and was killed before it said so."""
    return now is not None and now.number == version.number and version.run == run


def _newest_passed(model: str, ports: Ports) -> Version:
    for version in reversed(ports.registry.versions(model)):
        verdict = version.facts.get("verdict")
        if isinstance(verdict, Mapping) and verdict.get("passed"):
            return version
    raise Refused(Fault("GATE-006", f"no version of {model} has passed its gate", fix=f"train one:  steward run {model}"))


def _champion_before(model: str, current: Champion, ports: Ports) -> int:
    """Return the version the pointer showed before now, as the journal tells it."""
    moves = [e for e in ports.journal.entries() if e.kind == "champion.promoted" and e.subject.startswith(f"{model} v")]
    before = moves[-1].detail.get("from") if moves else None
    if not isinstance(before, int):
        what = f"{model} v{current.number} is the first champion; there is none before it"
        raise Refused(Fault("GATE-007", what, fix=f"train another:  steward run {model}"))
    return before
