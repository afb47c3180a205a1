from collections.abc import Callable

import numpy as np
import pytest

from steward.models.cost import Cost, measure_cost, within
from steward.models.train import Lesson
from steward.project.candidates import LightGbmSpec, MeanSpec
from steward.project.tuning import BudgetSpec

LESSON = Lesson("regression", ("distance_km", "hour", "noise"))
Make = Callable[[int, int], tuple[np.ndarray, np.ndarray]]


def test_trees_cost_more_than_a_mean(sample: Make) -> None:
    row = sample(1, 3)[0]
    trees = LESSON.fit(LightGbmSpec(kind="lightgbm", num_trees=50, min_rows_in_leaf=5), sample(1000, 1), None)
    large, small = measure_cost(trees, row), measure_cost(LESSON.fit(MeanSpec(kind="mean"), sample(1000, 1), None), row)
    assert large.megabytes == len(trees.content()) / 1e6
    assert large.megabytes > small.megabytes > 0
    assert large.latency_ms > small.latency_ms > 0


def test_one_row_is_what_is_measured(sample: Make) -> None:
    model = LESSON.fit(MeanSpec(kind="mean"), sample(10, 1), None)
    with pytest.raises(ValueError, match="one row is needed"):
        measure_cost(model, sample(2, 3)[0])


@pytest.mark.parametrize(
    ("budget", "why"),
    [
        (BudgetSpec(), ""),
        (BudgetSpec(latency_ms=3.1, megabytes=2), ""),
        (BudgetSpec(latency_ms=1), "over budget: 3.1 ms a row, at most 1 allowed"),
        (BudgetSpec(megabytes=0.5), "over budget: 2 MB, at most 0.5 allowed"),
        (BudgetSpec(latency_ms=0.5, megabytes=0.5), "over budget: 3.1 ms a row, at most 0.5 allowed; 2 MB, at most 0.5 allowed"),
    ],
)
def test_what_is_over_budget_is_said_in_numbers(budget: BudgetSpec, why: str) -> None:
    assert within(Cost(3.1, 2.0), budget) == why
