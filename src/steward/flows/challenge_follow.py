"""Which challenger should stand beside the champion in a server now? Looked up with the champion, twice a second.

It is loaded as a champion is: verified, its stored rows predicted again. One that fails that, or whose answers are of another
kind than the champion's, never answers; the champion does, and the server's health says why.
"""

import time
from collections.abc import Callable

from steward.core.errors import Fault, Refused, StewardError
from steward.flows.champion import LoadedVersion, load_version
from steward.flows.overtaken import end_overtaken
from steward.flows.ports import Ports
from steward.project.read import Project
from steward.registry.versions import Champion
from steward.serving.answer import Served
from steward.serving.beside import ChallengerState
from steward.serving.challenge import Challenge
from steward.serving.challenger import Challenger, why_unlike
from steward.serving.log import PredictionLog
from steward.serving.service import Service

AGAIN_S = 30.0
"""So long is waited before a challenger that could not be loaded is tried again."""

MakeServed = Callable[[Project, LoadedVersion, Champion], Served]


class ChallengeFollower:
    """Remembers which challenge it saw last, and at which step of its ramp."""

    def __init__(self, project: Project, ports: Ports, service: Service, shadows: PredictionLog, make: MakeServed) -> None:
        self._project = project
        self._ports = ports
        self._service = service
        self._shadows = shadows
        self._make = make
        self._seen: Challenge | None = None
        self._tried: str | None = None
        self._step = 0
        self._try_at = 0.0

    def look(self) -> None:
        """Put the challenger of now beside the champion, or take it away; raises nothing: what goes wrong shows in the service."""
        try:
            challenge, champion = self._ports.challenges.now(self._project.spec.name), self._service.current
            if challenge is not None and champion is not None and champion.version != challenge.against:
                end_overtaken(challenge.model, self._ports)  # where a command was killed before it did
            if challenge is None:
                self._leave()
            elif self._seen is None or self._seen.id != challenge.id:
                if self._tried != challenge.id:
                    self._leave()
                    self._tried = challenge.id
                self._begin(challenge)
            else:
                self._tell_step(challenge)
        except StewardError:
            return  # the database is away, say: everything stays as it was, and the look at the champion says why

    def _leave(self) -> None:
        if self._seen is not None or self._service.challenger is not None:
            self._service.challenge(None)
        self._seen, self._tried, self._step, self._try_at = None, None, 0, 0.0

    def _begin(self, challenge: Challenge) -> None:
        champion = self._service.current
        if champion is None or champion.version != challenge.against or time.monotonic() < self._try_at:
            return
        try:
            served = self._load(challenge, champion)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a version's files do, the champion goes on answering
            self._try_at = time.monotonic() + AGAIN_S
            self._service.challenge(None, _trouble(challenge, error))
            return
        self._service.challenge(Challenger(challenge, served, self._ports.clock, self._shadows))
        self._seen = challenge

    def _load(self, challenge: Challenge, champion: Served) -> Served:
        version = self._ports.registry.version(challenge.model, challenge.version)
        then = Champion(challenge.model, challenge.version, challenge.since.isoformat(), challenge.by, 0)
        served = self._make(self._project, load_version(self._ports.workspace, version), then)
        unlike = why_unlike(served, champion)
        if unlike is not None:
            raise Refused(unlike_fault(challenge, unlike))
        return served

    def _tell_step(self, challenge: Challenge) -> None:
        """Let the journal keep that a ramp went on: whichever server sees it first."""
        step = challenge.step_at(self._ports.clock.now())
        if step > self._step:
            subject, detail = f"{challenge.model} v{challenge.version}", {"share": challenge.steps[step], "challenge": challenge.id}
            key = f"challenge.ramped:{challenge.id}:{step}"
            self._ports.journal.append("challenge.ramped", subject, detail, actor=self._ports.actor, key=key)
            self._step = step


def unlike_fault(challenge: Challenge, unlike: str) -> Fault:
    """Return what is said of a challenger whose answers are of another kind."""
    what = f"v{challenge.version} cannot stand beside v{challenge.against}: {unlike} differs"
    return Fault("SERVE-123", what, fix="promote it by its gate instead:  steward promote PROJECT --version N")


def _trouble(challenge: Challenge, error: BaseException) -> ChallengerState:
    said = "; ".join(f"{one.code}: {one.what}" for one in error.faults) if isinstance(error, StewardError) else type(error).__name__
    return ChallengerState(challenge.id, challenge.version, challenge.mode, 0.0, ok=False, last_error=said[:300])
