"""Which settings of a candidate do best, within a budget of trials or time?

The first trial is what the project file declares, so that tuning never ends worse than it began. Every trial is claimed in
a store before it is begun and remembered when it ends: a search that was killed goes on where it stopped, and several
processes share it; none of the numbers 0 to `trials` - 1 is tried twice, none is left out.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Generic, TypeVar

from steward.core.errors import AnswerIsNo, Fault, StewardError
from steward.core.progress import Progress, Silent
from steward.models.tune_claim import Budget, Claimed, Study, claim
from steward.models.tune_owner import Watch, beating
from steward.models.tune_trials import FREE, Pruned, Trial
from steward.project.closed import Closed
from steward.project.tuning import Setting

Spec = TypeVar("Spec", bound=Closed)
Report = Callable[[int, float], None]
"""Told a step (from 0) and the loss after it, lower is better; raises `Pruned` where the trial need not go on."""
Score = Callable[[Spec, Report], float]
"""Fits a candidate and returns the metric that the study is about."""

_TOLD = 5
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Tuned(Generic[Spec]):
    """The best settings that were found, as a candidate without `tune`, and the trials they come from."""

    spec: Spec
    best: Trial
    trials: tuple[Trial, ...]


def tune(spec: Spec, score: Score[Spec], *, budget: Budget, study: Study, progress: Progress | None = None) -> Tuned[Spec]:
    """Try settings of a candidate until the budget is spent, and return the best of all that anybody tried.

    Args:
        spec: the candidate as declared: the first trial.
        score: fits one and returns its metric; what it raises ends the trial, not the search.
        budget: when to stop; what an earlier search under the same key tried counts.
        study: where to look and where trials are kept.
        progress: told after each trial.

    Raises:
        AnswerIsNo: MODEL-040 no trial succeeded.
    """
    listener, watch = progress or Silent(), Watch()
    declared = {name: getattr(spec, name) for name in study.space.axes}
    while (claimed := claim(declared, budget, study, watch)) is not None:
        _try(spec, score, claimed, study)
        _tell(study, budget, claimed.trial.number, listener)
    trials = budget.within(study.store.trials(study.key))
    best = study.best(trials)
    if best is None:
        reasons = list(dict.fromkeys(trial.error for trial in trials if trial.error)) or ["none was finished"]
        what = f"no trial of {getattr(spec, 'kind', 'the candidate')} succeeded"
        raise AnswerIsNo(*(Fault("MODEL-040", what, why=reason) for reason in reasons[:_TOLD]))
    return Tuned(settled(spec, best.settings), best, trials)


def settled(spec: Spec, settings: Mapping[str, Setting]) -> Spec:
    """Return a candidate with some settings, which is tuned no further; ValidationError for settings it cannot have."""
    return type(spec).model_validate({**spec.model_dump(), "tune": None, **settings})


def _try(spec: Spec, score: Score[Spec], claimed: Claimed, study: Study) -> None:
    """Score one trial and remember how it ended; an interrupt gives it back."""
    trial, began = claimed.trial, perf_counter()
    steps: list[tuple[int, float]] = []

    def report(step: int, loss: float) -> None:
        if not math.isfinite(loss):
            raise ValueError(f"the loss after step {step} is {loss}")
        steps.append((step, float(loss)))
        late = trial.number > 0 and claimed.left_s is not None and perf_counter() - began > claimed.left_s
        if claimed.live.is_behind(step, loss) or late:
            raise Pruned

    try:
        with beating(lambda number: study.store.swap(study.key, trial, replace(trial, beat=number))):
            ended = _scored(trial, lambda: score(settled(spec, trial.settings), report))
    except BaseException:
        study.store.swap(study.key, trial, replace(trial, owner=FREE))
        raise
    study.store.swap(study.key, trial, replace(ended, seconds=perf_counter() - began, steps=tuple(steps)))


def _scored(trial: Trial, work: Callable[[], float]) -> Trial:
    try:
        value = float(work())
    except Pruned:
        return replace(trial, state="pruned")
    except StewardError as error:
        return replace(trial, state="failed", error="; ".join(fault.what for fault in error.faults)[:_LONGEST])
    except Exception as error:  # noqa: BLE001 - settings that cannot be fitted must not stop the search; the reason is kept
        return replace(trial, state="failed", error=f"{type(error).__name__}: {error}"[:_LONGEST])
    if not math.isfinite(value):
        return replace(trial, state="failed", error=f"its {value} is no figure to compare")
    return replace(trial, state="done", value=value)


def _tell(study: Study, budget: Budget, number: int, progress: Progress) -> None:
    ended = [trial for trial in budget.within(study.store.trials(study.key)) if trial.state != "running"]
    progress.advanced("tune", len(ended), budget.trials)
    best = study.best(ended)
    if best is not None and best.number == number:
        progress.noted(f"trial {number + 1} of {budget.trials}: {study.metric} {best.value:.5g}, the best so far")
