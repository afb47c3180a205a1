"""Which settings are worth trying next, and which trial is not worth finishing? Judged by Optuna, from the trials so far.

For each trial a study is put together in memory from what is remembered of the others: the same trials and the same seed
give the same settings, in whichever process, and however often the search was stopped and taken up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steward.models.tune_trials import Trial
from steward.project.closed import Closed
from steward.project.tuning import Choice, Range, Setting, is_whole

# A trial is stopped where its best loss so far is worse than that of three quarters of the finished ones at the same step.
# Half would stop slow learners, which are often the best in the end.
_KEPT_PERCENT = 75.0
_FINISHED_BEFORE_PRUNING = 5


@dataclass(frozen=True, slots=True)
class Space:
    """Ranges and choices by name; `whole` are the parameters that take whole numbers."""

    axes: Mapping[str, Range | Choice]
    whole: frozenset[str] = frozenset()

    @classmethod
    def of(cls, candidate: Closed, axes: Mapping[str, Range | Choice]) -> "Space":
        """Return the space of a candidate's parameters."""
        return cls(axes, frozenset(name for name in axes if is_whole(candidate, name)))


class Live:
    """One trial as Optuna sees it: its settings, and whether it is behind most others after what it reported."""

    def __init__(self, trial: Any, settings: Mapping[str, Setting], *, pruning: bool) -> None:
        self.settings = settings
        self._trial = trial
        self._pruning = pruning

    def is_behind(self, step: int, loss: float) -> bool:
        """Tell whether a trial need not go on after a step with this loss; steps count up from 0, lower is better."""
        self._trial.report(loss, step)
        return self._pruning and bool(self._trial.should_prune())


def propose(
    space: Space,
    trials: Sequence[Trial],
    *,
    number: int,
    seed: int,
    higher_is_better: bool,
    pruning: bool = True,
    warm_up: int = 0,
) -> Live:
    """Return what to try as a trial of a number, given those before it.

    Args:
        space: where to look.
        trials: what is known of others, those under way included: their settings are not tried again close by.
        number: of the new trial; with the seed it decides what is drawn.
        seed: of the whole study.
        higher_is_better: whether the greatest value is the best.
        pruning: whether a trial may be stopped that is behind.
        warm_up: the first step at which one may be stopped.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=_seed_of(seed, number))
    study = _study(space, trials, higher_is_better=higher_is_better, sampler=sampler, warm_up=warm_up)
    asked = study.ask(_distributions(space))
    return Live(asked, _settings(space, asked.params), pruning=pruning)


def importance(space: Space, trials: Sequence[Trial], *, higher_is_better: bool) -> dict[str, float]:
    """Return how much of the differences between finished trials each parameter explains, the most important first.

    Shares of 1 by functional ANOVA (Hutter, Hoos and Leyton-Brown, 2014); empty where there is too little to tell.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    done = [trial for trial in trials if trial.state == "done"]
    study = _study(space, done, higher_is_better=higher_is_better)
    if len({trial.value for trial in study.get_trials(deepcopy=False)}) < 2:  # noqa: PLR2004 - nothing differs
        return {}
    judge = optuna.importance.FanovaImportanceEvaluator(seed=0)
    found = optuna.importance.get_param_importances(study, evaluator=judge)
    return {name: float(share) for name, share in sorted(found.items(), key=lambda item: (-item[1], item[0]))}


def _study(space: Space, trials: Sequence[Trial], *, higher_is_better: bool, sampler: Any = None, warm_up: int = 0) -> Any:
    import optuna

    pruner = optuna.pruners.PercentilePruner(_KEPT_PERCENT, _FINISHED_BEFORE_PRUNING, warm_up)
    study = optuna.create_study(direction="minimize", sampler=sampler, pruner=pruner)
    distributions = _distributions(space)
    known = [_frozen(space, distributions, trial, higher_is_better=higher_is_better) for trial in trials]
    study.add_trials([trial for trial in known if trial is not None])
    return study


def _frozen(space: Space, distributions: Mapping[str, Any], trial: Trial, *, higher_is_better: bool) -> Any:
    """Return a trial as Optuna knows it; None for one that failed, or whose declared settings lie outside of the space."""
    import optuna

    states = {"running": "RUNNING", "done": "COMPLETE", "pruned": "PRUNED"}
    parameters = _parameters(space, trial.settings)
    if trial.state not in states or parameters is None:
        return None
    value = None if trial.value is None or trial.state != "done" else (-trial.value if higher_is_better else trial.value)
    return optuna.trial.create_trial(
        state=optuna.trial.TrialState[states[trial.state]],
        value=value,
        params=parameters,
        distributions=dict(distributions),
        intermediate_values=dict(trial.steps),
    )


def _distributions(space: Space) -> dict[str, Any]:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    def one(name: str, axis: Range | Choice) -> Any:
        if isinstance(axis, Choice):  # by place: a value may be something that Optuna does not keep
            return CategoricalDistribution(tuple(range(len(axis.among))))
        if name in space.whole:
            return IntDistribution(round(axis.low), round(axis.high), log=axis.log)
        return FloatDistribution(axis.low, axis.high, log=axis.log)

    return {name: one(name, axis) for name, axis in space.axes.items()}


def _settings(space: Space, parameters: Mapping[str, Any]) -> dict[str, Setting]:
    return {
        name: axis.among[parameters[name]] if isinstance(axis, Choice) else parameters[name] for name, axis in space.axes.items()
    }


def _parameters(space: Space, settings: Mapping[str, Setting]) -> dict[str, Any] | None:
    """Return settings as Optuna draws them; None where one of them lies outside of the space."""
    found: dict[str, Any] = {}
    for name, axis in space.axes.items():
        value = settings.get(name)
        if isinstance(axis, Choice):
            places = [
                place for place, one in enumerate(axis.among) if one == value and isinstance(one, bool) == isinstance(value, bool)
            ]
            if not places:
                return None
            found[name] = places[0]
        elif axis.log and value == 0:  # no penalty is next to the least one
            found[name] = axis.low
        elif isinstance(value, int | float) and axis.low <= value <= axis.high:
            found[name] = value
        else:
            return None
    return found


def _seed_of(seed: int, number: int) -> int:
    import numpy as np

    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
