"""A store of trials in memory, for tests: the same answers as the database's."""

from collections.abc import Sequence
from threading import Lock

from steward.models.tune_trials import StudyFacts, Trial


class MemoryStudies:
    """Remembers trials for as long as it lives; threads may share it."""

    def __init__(self) -> None:
        self.facts: dict[str, StudyFacts] = {}
        self._trials: dict[str, list[Trial]] = {}
        self._lock = Lock()

    def remember(self, facts: StudyFacts) -> None:
        """Remember what a study is about."""
        self.facts.setdefault(facts.key, facts)

    def trials(self, study: str) -> Sequence[Trial]:
        """Return the trials of a study."""
        with self._lock:
            return tuple(self._trials.get(study, ()))

    def begin(self, study: str, trial: Trial) -> bool:
        """Remember a new trial unless its number is taken."""
        with self._lock:
            known = self._trials.setdefault(study, [])
            if trial.number < len(known):
                return False
            known.append(trial)
            return True

    def swap(self, study: str, before: Trial, after: Trial) -> bool:
        """Replace a running trial of the same owner and attempt."""
        with self._lock:
            now = self._trials[study][before.number]
            same = (now.state, now.owner, now.attempt) == ("running", before.owner, before.attempt)
            if same:
                self._trials[study][before.number] = after
            return same
