"""How does a version come to stand beside the champion, and how does that end?"""

from collections.abc import Sequence
from datetime import timedelta

from steward.core.errors import Fault, Refused, UsageError, unknown_name
from steward.deploy.challenger import challenger
from steward.flows.challenge_follow import unlike_fault
from steward.flows.champion import load_version, need_champion
from steward.flows.overtaken import end_overtaken
from steward.flows.ports import Ports
from steward.flows.serve import served
from steward.project.read import Project
from steward.registry.versions import Champion, Version
from steward.serving.challenge import Challenge, Ended, new_challenge
from steward.serving.challenger import why_unlike
from steward.serving.private import care_of


def start_challenge(
    project: Project,
    ports: Ports,
    *,
    number: int | None = None,
    steps: Sequence[float] = (),
    every: timedelta | None = None,
    entity: str | None = None,
) -> Challenge:
    """Let a version stand beside the champion from now on.

    Args:
        project: whose champion.
        ports: the outside world.
        number: which version; by default the newest that was not found worse.
        steps: shares of the entities it answers: none for a shadow, one for a split, several for a ramp.
        every: after how long a ramp takes the next step.
        entity: the column, known at request time, that says who asks: an entity is always answered by the same arm.

    Raises:
        UsageError: SERVE-122 the shares do not rise between 0 and 1, or a ramp has no `every`; SERVE-124 there is no such column,
            SERVE-125 the log leaves it out; REG-001 there is no such version.
        Refused: SERVE-121 another challenge is on, SERVE-123 its answers are of another kind, SERVE-126 it is the champion,
            SERVE-127 no version waits; REG-002 there is no champion.
    """
    model = project.spec.name
    champion = need_champion(ports, model)
    version = _version(model, number, champion, ports)
    if entity is not None:
        _refuse_odd_entity(project, entity)
    _refuse_unlike(project, version, champion, ports)
    end_overtaken(model, ports)
    try:
        challenge = new_challenge(
            model,
            version.number,
            champion.number,
            steps=steps,
            every_s=None if every is None else every.total_seconds(),
            entity=entity,
            since=ports.clock.now(),
            by=ports.actor,
        )
    except ValueError as error:
        fix = "write  --share 0.1   or  --ramp 0.01,0.1,0.5 --every 1d"
        raise UsageError(Fault("SERVE-122", "the shares must rise between 0 and 1", ("--share, --ramp",), fix=fix)) from error
    ports.challenges.start(challenge, actor=ports.actor)
    return challenge


def stop_challenge(project: Project, ports: Ports) -> Challenge:
    """End the challenge that is on: within a second only the champion answers.

    Raises:
        Refused: SERVE-128 none is on.
    """
    on = ports.challenges.now(project.spec.name)
    if on is None:
        fix = f"begin one:  steward challenge {project.spec.name} --shadow"
        raise Refused(Fault("SERVE-128", f"nothing challenges {project.spec.name}", fix=fix))
    return ports.challenges.end(on.id, Ended(ports.clock.now(), "stopped"), {}, actor=ports.actor)


def _version(model: str, number: int | None, champion: Champion, ports: Ports) -> Version:
    found = ports.registry.version(model, number) if number is not None else challenger(ports.registry.versions(model), champion)
    if found is None:
        what = f"no version of {model} is newer than v{champion.number} and was not found worse"
        fix = f"change something and train one:  steward run {model} --no-promote   or name one:  --version N"
        raise Refused(Fault("SERVE-127", what, fix=fix))
    if found.number == champion.number:
        raise Refused(Fault("SERVE-126", f"{found} is the champion itself", fix=f"name another one; see  steward status {model}"))
    return found


def _refuse_odd_entity(project: Project, entity: str) -> None:
    known = [name for name, spec in project.dictionary.columns.items() if spec.known_at == "request"]
    if entity not in known:
        raise unknown_name("column known at request time", entity, known, code="SERVE-124", where=("--by",))
    if entity in care_of(project.dictionary, project.spec.serving).left_out:
        fix = "let the log keep its hash:  serving: {sensitive: hash}   or take another column"
        what = f"the log leaves {entity} out: whose answers depend on each other could not be told afterwards"
        raise UsageError(Fault("SERVE-125", what, ("--by",), fix=fix))


def _refuse_unlike(project: Project, version: Version, champion: Champion, ports: Ports) -> None:
    """Raise unless both can be loaded, and answer in the same kind."""
    loaded = [load_version(ports.workspace, one) for one in (version, ports.registry.version(champion.model, champion.number))]
    one, other = (served(project, found, champion) for found in loaded)
    unlike = why_unlike(one, other)
    if unlike is not None:
        now = ports.clock.now()
        raise Refused(unlike_fault(new_challenge(version.model, version.number, champion.number, since=now, by=""), unlike))
