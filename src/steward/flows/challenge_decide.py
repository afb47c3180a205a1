"""When does a challenger become champion by what it answered, and what is kept of why?"""

from collections.abc import Mapping
from dataclasses import asdict

from steward.core.errors import Fault, Refused
from steward.deploy.promote import promote_by_contest
from steward.flows.challenge_results import ChallengeResult, challenge_results
from steward.flows.champion import load_version
from steward.flows.ports import Ports
from steward.flows.track import follow
from steward.project.read import Project
from steward.registry.versions import Champion
from steward.serving.challenge import Ended


def promote_by_challenge(project: Project, number: int | None, reason: str, ports: Ports) -> Champion:
    """Make the challenger champion where its challenge says that it is better, and end the challenge.

    Args:
        project: whose newest challenge.
        number: the challenger's version, to be sure; the challenge's own by default.
        reason: kept in the journal, with the figures.
        ports: the outside world.

    Raises:
        Refused: SERVE-128 there was no challenge, GATE-013 to GATE-015 as `promote_by_contest` has them, GATE-016 another version
            was the challenger.
    """
    result = challenge_results(project, ports)
    challenge = result.challenge
    if number is not None and number != challenge.version:
        what = f"v{number} challenged nobody: the newest challenge is v{challenge.version}'s"
        raise Refused(Fault("GATE-016", what, fix=f"name that one, or begin another:  steward challenge {challenge.model} --stop"))
    version = ports.registry.version(challenge.model, challenge.version)
    load_version(ports.workspace, version)  # a damaged bundle must not become champion
    champion = promote_by_contest(ports.registry, version, challenge.against, result.looked, actor=ports.actor, reason=reason)
    ports.challenges.end(challenge.id, Ended(ports.clock.now(), "decided"), evidence(result), actor=ports.actor)
    follow(challenge.model, ports)
    return champion


def evidence(result: ChallengeResult) -> Mapping[str, object]:
    """Return the figures of a challenge as the journal keeps them; without ends of the gain where outcomes are too few for any."""
    looked = asdict(result.looked)
    if result.looked.word == "too few":
        looked |= {"low": None, "high": None}
    arms = [asdict(arm) for arm in result.arms]
    return {"metric": result.metric, **looked, "arms": arms, "fell_back": result.fell_back}
