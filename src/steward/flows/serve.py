"""Which model should a server answer with now, and when does that change?

A server asks every half second. It is told only when the pointer moved, and only after the new
champion's files were verified and its stored rows predicted again; what fails that never answers. The same holds for a
challenger beside it: `steward.flows.challenge_follow`.
"""

from functools import partial

from steward.flows.challenge_follow import ChallengeFollower
from steward.flows.champion import LoadedVersion, load_version
from steward.flows.explain import explain_read
from steward.flows.ports import Ports
from steward.project.read import Project
from steward.registry.versions import Champion
from steward.serving.answer import Served
from steward.serving.log import PredictionLog
from steward.serving.service import Service


class ChampionFollower:
    """Remembers which change of the pointer it saw last."""

    def __init__(self, project: Project, ports: Ports, worker: str) -> None:
        self._project = project
        self._ports = ports
        self._worker = worker
        self._seen = 0
        self._challenges: ChallengeFollower | None = None

    def follow_challenges(self, service: Service, shadows: PredictionLog) -> None:
        """Let each look at the champion be one at its challenger too, which then stands beside it in `service`."""
        self._challenges = ChallengeFollower(self._project, self._ports, service, shadows, served)
        self._challenges.look()

    def load_current(self) -> Served | None:
        """Return the champion if it changed since the last call, None if it did not.

        Raises:
            StewardError: the new champion failed verification or its self-test.
        """
        if self._challenges is not None:
            self._challenges.look()
        champion = self._ports.registry.champion(self._project.spec.name)
        if champion is None or champion.sequence == self._seen:
            return None
        loaded = load_version(self._ports.workspace, self._ports.registry.version(champion.model, champion.number))
        ready = served(self._project, loaded, champion)
        key = f"champion.served:{champion.model}:{champion.sequence}:{self._worker}"
        detail = {"bundle": loaded.version.digest, "worker": self._worker}
        self._ports.journal.append("champion.served", str(loaded.version), detail, actor=self._ports.actor, key=key)
        self._seen = champion.sequence  # last: what failed on the way is tried again at the next look
        return ready


def served(project: Project, loaded: LoadedVersion, champion: Champion) -> Served:
    """Return what a server needs of a loaded version, and nothing more."""
    facts, rule = loaded.version.facts, loaded.bundle.rule
    shown = ("metrics", "train", "test", "origin", "snapshot", "features", "left_out", "mlflow_run")
    return Served(
        model=champion.model,
        version=champion.number,
        unit=project.spec.unit,
        task=project.spec.task,
        inputs=loaded.bundle.inputs,
        dictionary=project.dictionary,
        predict=loaded.bundle.predict,
        facts={"since": champion.since, "bundle": loaded.version.digest, **{name: facts.get(name) for name in shown}},
        classes=loaded.bundle.classes,
        threshold=rule.threshold,
        predict_few=loaded.bundle.few_rows(),
        margin=rule.margin,
        explain=partial(explain_read, loaded.bundle),
    )
