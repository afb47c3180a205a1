"""Which trial is ours to do next? Claimed in the store, so that of many processes exactly one does each.

A trial is begun by writing its number, which the store takes once; one whose process died is taken over with the
settings it had, so that none is lost; when no number is left, the process waits for the trials of others.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from steward.models.tune_owner import Watch, own_name
from steward.models.tune_sample import Live, Space, propose
from steward.models.tune_trials import FREE, StudyStore, Trial, best_trial, spent_s
from steward.project.tuning import Setting

_MOST_ATTEMPTS = 3
_LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Budget:
    """How many trials, and after how many seconds none begins any more; None for any."""

    trials: int
    seconds: float | None = None

    def within(self, trials: Sequence[Trial]) -> tuple[Trial, ...]:
        """Leave out what a larger budget tried beyond this one: the same declaration has the same result."""
        return tuple(trials)[: self.trials]

    def left_s(self, trials: Sequence[Trial], now_s: float) -> float | None:
        """Return the seconds that are left; None where time is no matter."""
        return None if self.seconds is None else self.seconds - spent_s(trials, now_s)


@dataclass(frozen=True, slots=True)
class Study:
    """A search and where its trials are kept.

    `key` is the digest of all that the values depend on; `warm_up` is the first step at which a trial may be stopped,
    `now_s` tells seconds since 1970.
    """

    store: StudyStore
    key: str
    space: Space
    metric: str
    higher_is_better: bool
    seed: int = 7
    pruning: bool = True
    warm_up: int = 0
    owner: str = field(default_factory=own_name)
    now_s: Callable[[], float] = time.time

    def best(self, trials: Sequence[Trial]) -> Trial | None:
        """Return the best of some trials."""
        return best_trial(trials, higher_is_better=self.higher_is_better)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A trial that is ours, what tells whether it is behind, and for how many seconds it may go on; None for any."""

    trial: Trial
    live: Live
    left_s: float | None


def claim(declared: Mapping[str, Setting], budget: Budget, study: Study, watch: Watch) -> Claimed | None:
    """Return a trial that is ours now; None when all are ended.

    Args:
        declared: settings of the first trial.
        budget: how many there are.
        study: where they are kept.
        watch: knows since when others have been silent; the same one at every call.
    """
    while True:
        trials = budget.within(study.store.trials(study.key))
        orphans = [trial for trial in trials if trial.state == "running" and watch.is_orphan(trial)]
        left_s = budget.left_s([trial for trial in trials if trial not in orphans], study.now_s())
        is_over = left_s is not None and left_s <= 0
        for orphan in orphans:
            taken = _take_over(orphan, study, is_over=is_over)
            if taken is not None:
                return Claimed(taken, _live(trials, taken.number, study), left_s)
        if len(trials) < budget.trials and not (is_over and trials):
            begun = _begin(declared, trials, study, left_s)
            if begun is not None:
                return begun
        elif any(trial.state == "running" for trial in trials if trial not in orphans):
            time.sleep(_LOOK_S)
        elif not orphans:
            return None


def _begin(declared: Mapping[str, Setting], trials: Sequence[Trial], study: Study, left_s: float | None) -> Claimed | None:
    """Claim the next number; None where another process was first."""
    number = len(trials)
    live = _live(trials, number, study)
    trial = Trial(number, live.settings if number else declared, "running", study.owner, study.now_s())
    return Claimed(trial, live, left_s) if study.store.begin(study.key, trial) else None


def _live(trials: Sequence[Trial], number: int, study: Study) -> Live:
    others = [trial for trial in trials if trial.number != number]
    return propose(
        study.space,
        others,
        number=number,
        seed=study.seed,
        higher_is_better=study.higher_is_better,
        pruning=study.pruning,
        warm_up=study.warm_up,
    )


def _take_over(orphan: Trial, study: Study, *, is_over: bool) -> Trial | None:
    """Go on with a trial whose process died; None where another was first, or where it is not worth another try."""
    attempt = orphan.attempt + (orphan.owner != FREE)
    if attempt > _MOST_ATTEMPTS:
        study.store.swap(study.key, orphan, replace(orphan, state="failed", error=f"its process died {orphan.attempt} times"))
        return None
    if is_over and orphan.number:
        study.store.swap(study.key, orphan, replace(orphan, state="pruned"))
        return None
    mine = replace(orphan, owner=study.owner, attempt=attempt, beat=0, began_s=study.now_s())
    return mine if study.store.swap(study.key, orphan, mine) else None
