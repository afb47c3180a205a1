"""Which challenges would be there? Kept in memory, with the same promises as those in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from steward.core.errors import EnvironmentFault, Fault, Refused, UsageError
from steward.serving.challenge import Challenge, Ended, Seen, ShadowAnswer
from steward.serving.history import Given, Outcome


class MemoryChallengeStore:
    """Challenges without a database; `away` lets it not answer, `predictions` and `outcomes` are those it knows of."""

    def __init__(self) -> None:
        self.away = False
        self.predictions: list[Given] = []
        self.outcomes: dict[str, Outcome] = {}
        self.journal: list[tuple[str, Mapping[str, object]]] = []
        self._challenges: dict[str, Challenge] = {}
        self._shadows: dict[str, ShadowAnswer] = {}

    def now(self, model: str) -> Challenge | None:
        """Return the challenge of a model that has not ended; EnvironmentFault DB-003 while `away`."""
        if self.away:
            raise EnvironmentFault(Fault("DB-003", "the database server does not answer"))
        return next((one for one in self._challenges.values() if one.model == model and one.ended is None), None)

    def newest(self, model: str) -> Challenge | None:
        """Return the challenge of a model that began last, ended or not."""
        mine = sorted((one for one in self._challenges.values() if one.model == model), key=lambda one: one.id)
        return max(mine, key=lambda one: one.since, default=None)

    def start(self, challenge: Challenge, *, actor: str) -> None:  # noqa: ARG002 - the journal here names nobody
        """Keep a new challenge; Refused SERVE-121 while another one of the model has not ended."""
        other = self.now(challenge.model)
        if other is not None:
            raise Refused(Fault("SERVE-121", f"v{other.version} challenges {other.model} v{other.against} already"))
        self._challenges[challenge.id] = challenge
        self.journal.append(("challenge.started", {"challenge": challenge.id}))

    def end(self, id_: str, ended: Ended, detail: Mapping[str, object], *, actor: str) -> Challenge:  # noqa: ARG002 - as above
        """End a challenge; one that ended before stays as it is. UsageError SERVE-120 where there is none."""
        if id_ not in self._challenges:
            raise UsageError(Fault("SERVE-120", "there is no such challenge"))
        challenge = self._challenges[id_]
        if challenge.ended is None:
            challenge = self._challenges[id_] = replace(challenge, ended=ended)
            self.journal.append((f"challenge.{ended.how}", {**detail, "challenge": id_}))
        return challenge

    def keep_shadows(self, answers: Sequence[ShadowAnswer]) -> int:
        """Keep those that are not kept yet, by id, and return how many that were."""
        new = {one.id: one for one in answers if one.id not in self._shadows}
        self._shadows |= new
        return len(new)

    def seen(self, challenge: Challenge) -> Sequence[Seen]:
        """Return the predictions that both versions gave while the challenge was on, oldest first."""
        mine = [one for one in self.predictions if one.model == challenge.model and one.answer.get("challenge") == challenge.id]
        return tuple(self._seen(one, challenge) for one in sorted(mine, key=lambda one: (one.at, one.id)))

    def _seen(self, given: Given, challenge: Challenge) -> Seen:
        shadow = self._shadows.get(f"{given.id}:{challenge.id}")
        known = self.outcomes.get(given.id)
        return Seen(given.id, given.version, given.at, given.row, given.answer, known, None if shadow is None else shadow.answer)
