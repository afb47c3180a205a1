from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from pydantic import Field

from steward.core.errors import AnswerIsNo, Fault, UsageError
from steward.models.tune import Budget, Report, Study, settled, tune
from steward.models.tune_sample import Space, importance
from steward.models.tune_trials import FREE, Trial, best_trial, spent_s
from steward.project.tuning import Choice, Range, Tunable, TuneSpec
from steward.testing.studies import MemoryStudies


class Hill(Tunable):
    """A candidate whose loss is known: (x - 3)² + how far `depth` is from 8, and 1 more for the wrong colour."""

    kind: Literal["hill"] = "hill"
    x: float = Field(0.0, ge=-10, le=10)
    depth: int = Field(4, ge=1, le=32)
    color: str = "red"


SPACE = Space.of(
    Hill(), {"x": Range(low=-5, high=5), "depth": Range(low=1, high=32, log=True), "color": Choice(among=("red", "blue"))}
)


def loss(spec: Hill, _report: Report | None = None) -> float:
    return (spec.x - 3) ** 2 + abs(spec.depth - 8) + (spec.color != "blue")


def study(store: MemoryStudies | None = None, **changed: object) -> Study:
    made = Study(store or MemoryStudies(), "key", SPACE, "rmse", higher_is_better=False, now_s=lambda: 0.0)
    return replace(made, **changed)  # type: ignore[arg-type]


def told(trials: tuple[Trial, ...]) -> list[tuple[object, ...]]:
    """All of the trials that does not depend on the clock."""
    return [(trial.number, trial.settings, trial.state, trial.value, trial.steps) for trial in trials]


def test_the_first_trial_is_what_is_declared_and_later_ones_do_better() -> None:
    found = tune(Hill(), loss, budget=Budget(40), study=study())
    first = found.trials[0]
    assert (first.settings, first.value) == ({"x": 0.0, "depth": 4, "color": "red"}, 9 + 4 + 1)
    assert [trial.number for trial in found.trials] == list(range(40))
    assert found.best.value is not None
    assert found.best.value < 3
    assert loss(found.spec) == found.best.value


def test_tuning_never_ends_worse_than_it_began() -> None:
    best = Hill(x=3, depth=8, color="blue")
    found = tune(best, loss, budget=Budget(12), study=study())
    assert (found.best.number, found.best.value, found.spec) == (0, 0.0, best)


def test_a_metric_of_which_more_is_better_is_made_greatest() -> None:
    found = tune(Hill(), lambda spec, _: -loss(spec), budget=Budget(40), study=study(higher_is_better=True))
    assert found.best.value == max(trial.value for trial in found.trials if trial.value is not None)
    assert found.best.value > -3


def test_the_same_seed_tries_the_same_settings_and_another_one_others() -> None:
    once, again, other = (tune(Hill(), loss, budget=Budget(15), study=study(seed=seed)).trials for seed in (7, 7, 8))
    assert told(once) == told(again)
    assert told(once)[1:] != told(other)[1:]


@pytest.mark.parametrize("stopped", [1, 5, 14])
def test_a_search_that_was_interrupted_ends_like_one_that_was_not(stopped: int) -> None:
    whole = tune(Hill(), loss, budget=Budget(15), study=study())
    store = MemoryStudies()

    def interrupted(spec: Hill, report: Report) -> float:
        if len(store.trials("key")) > stopped:
            raise KeyboardInterrupt
        return loss(spec, report)

    with pytest.raises(KeyboardInterrupt):
        tune(Hill(), interrupted, budget=Budget(15), study=study(store))
    assert (store.trials("key")[stopped].state, store.trials("key")[stopped].owner) == ("running", FREE)
    resumed = tune(Hill(), loss, budget=Budget(15), study=study(store))
    assert told(resumed.trials) == told(whole.trials)


def test_what_was_tried_is_not_tried_again_and_a_larger_budget_goes_on() -> None:
    store, calls = MemoryStudies(), []

    def counted(spec: Hill, _: Report) -> float:
        calls.append(spec)
        return loss(spec)

    small = tune(Hill(), counted, budget=Budget(6), study=study(store))
    assert tune(Hill(), counted, budget=Budget(6), study=study(store)).trials == small.trials
    assert len(calls) == 6
    large = tune(Hill(), counted, budget=Budget(10), study=study(store))
    assert len(calls) == 10
    assert large.trials[:6] == small.trials
    # The same declaration has the same result, whatever a larger budget found since.
    assert tune(Hill(), counted, budget=Budget(6), study=study(store)).trials == small.trials


def test_settings_that_cannot_be_fitted_do_not_stop_the_search() -> None:
    def fragile(spec: Hill, _: Report) -> float:
        if spec.color == "blue":
            raise UsageError(Fault("X-1", "blue is out of stock"))
        if spec.depth > 16:
            raise ZeroDivisionError("too deep")
        return float("nan") if spec.x > 4 else loss(spec)

    found = tune(Hill(), fragile, budget=Budget(30), study=study())
    errors = {trial.error for trial in found.trials if trial.state == "failed"}
    assert {"blue is out of stock", "ZeroDivisionError: too deep"} <= errors
    assert found.best.state == "done"


def test_where_every_trial_fails_the_reasons_are_told_once_each() -> None:
    def broken(_spec: Hill, _report: Report) -> float:
        raise ValueError("no rows")

    with pytest.raises(AnswerIsNo, match="no trial of hill succeeded") as refused:
        tune(Hill(), broken, budget=Budget(3), study=study())
    assert [(fault.code, fault.why) for fault in refused.value.faults] == [("MODEL-040", "ValueError: no rows")]


def test_no_trial_begins_when_the_time_is_over_but_the_declared_one_is_always_done() -> None:
    clock = iter(np.arange(0, 1000, 4.0))
    found = tune(Hill(), loss, budget=Budget(100, seconds=0.000001), study=study(now_s=lambda: float(next(clock))))
    assert 1 <= len(found.trials) < 20
    assert found.trials[0].state == "done"


def test_a_trial_is_stopped_where_it_is_behind_most_others() -> None:
    def learning(spec: Hill, report: Report) -> float:
        for step in range(10):
            report(step, loss(spec) + 10 - step)
        return loss(spec)

    pruned = tune(Hill(), learning, budget=Budget(30), study=study()).trials
    whole = tune(Hill(), learning, budget=Budget(30), study=study(pruning=False)).trials
    assert {trial.state for trial in pruned} == {"done", "pruned"}
    assert {trial.state for trial in whole} == {"done"}
    assert pruned[0].state == "done"
    assert all(len(trial.steps) < 10 and trial.value is None for trial in pruned if trial.state == "pruned")


def test_a_loss_that_is_no_number_fails_the_trial() -> None:
    def exploding(_spec: Hill, report: Report) -> float:
        report(0, float("inf"))
        return 0.0

    with pytest.raises(AnswerIsNo, match="the loss after step 0 is inf"):
        tune(Hill(), exploding, budget=Budget(1), study=study())


@pytest.mark.parametrize(("attempts", "state"), [(1, "done"), (2, "done"), (3, "failed")])
def test_a_dead_process_trial_is_done_by_another_unless_it_has_cost_too_many(attempts: int, state: str) -> None:
    store = MemoryStudies()
    dead = Trial(0, {"x": 1.0, "depth": 4, "color": "red"}, "running", FREE, 0.0)
    store.begin("key", dead)
    # A number no process has: the kernel gives out fewer.
    owner = study().owner.split(":")[0] + ":99999999:1"
    store.swap("key", dead, replace(dead, owner=owner, attempt=attempts))
    found = tune(Hill(), loss, budget=Budget(2), study=study(store))
    assert [trial.number for trial in found.trials] == [0, 1]
    assert found.trials[0].state == state
    assert found.trials[0].settings["x"] == 1.0
    assert (found.trials[0].error == "its process died 3 times") == (state == "failed")


def test_declared_settings_outside_of_the_space_are_tried_first_and_win_where_they_are_best() -> None:
    narrow = Space.of(Hill(), {"x": Range(low=-5, high=-4)})
    found = tune(Hill(x=3, depth=8), loss, budget=Budget(15), study=study(space=narrow))
    assert (found.best.number, found.spec.x) == (0, 3)
    assert all(-5 <= float(str(trial.settings["x"])) <= -4 for trial in found.trials[1:])


def test_settled_settings_are_tuned_no_further_and_keep_the_rest() -> None:
    spec = settled(Hill(depth=9, tune=TuneSpec()), {"x": 2.0})
    assert (spec.x, spec.depth, spec.tune) == (2.0, 9, None)


def test_time_is_counted_once_where_trials_overlap() -> None:
    done = [
        Trial(0, {}, "done", "", 0, seconds=10),
        Trial(1, {}, "done", "", 4, seconds=2),
        Trial(2, {}, "done", "", 20, seconds=5),
    ]
    assert spent_s(done, 100) == 15
    assert spent_s([*done, Trial(3, {}, "running", "a", 90)], 100) == 25
    assert spent_s([], 100) == 0


def test_the_earliest_of_equals_is_best() -> None:
    one, two = Trial(0, {}, "done", "", 0, value=1.0), Trial(1, {}, "done", "", 0, value=1.0)
    assert best_trial([two, one], higher_is_better=False) is one
    assert best_trial([replace(one, state="failed", value=None)], higher_is_better=False) is None


def test_what_matters_most_is_told_first() -> None:
    def steep(spec: Hill, _: Report) -> float:
        return 100 * spec.x**2 + 0.01 * spec.depth

    found = tune(Hill(x=1), steep, budget=Budget(40), study=study())
    shares = importance(SPACE, found.trials, higher_is_better=False)
    assert next(iter(shares)) == "x"
    assert sum(shares.values()) == pytest.approx(1)
    assert importance(SPACE, found.trials[:1], higher_is_better=False) == {}


def test_numbers_are_whole_where_the_parameter_is() -> None:
    found = tune(Hill(), loss, budget=Budget(8), study=study())
    kinds: set[Callable[..., object]] = {type(trial.settings["depth"]) for trial in found.trials}
    assert kinds == {int}
