"""What does a model cost that answers, and is that within a project's budget?"""

from dataclasses import dataclass
from statistics import median
from time import perf_counter

from steward.models.zoo import Array, Fitted
from steward.project.tuning import BudgetSpec

_TRIES = 50
_WARM_UP = 5


@dataclass(frozen=True, slots=True)
class Cost:
    """Median time of one row in milliseconds, and the size of the model's file in MB."""

    latency_ms: float
    megabytes: float


def measure_cost(model: Fitted, row: Array) -> Cost:
    """Return what a model costs.

    Args:
        model: a fitted one.
        row: one row of its matrix, shape (1, columns).

    Raises:
        ValueError: not one row.
    """
    if row.ndim != 2 or len(row) != 1:  # noqa: PLR2004 - rows and columns
        raise ValueError(f"one row is needed, got a matrix of shape {row.shape}")
    for _ in range(_WARM_UP):
        model.predict(row)
    times = [_seconds(model, row) for _ in range(_TRIES)]
    return Cost(median(times) * 1e3, len(model.content()) / 1e6)


def within(cost: Cost, budget: BudgetSpec) -> str:
    """Return why a model is over budget, in words; empty where it is not.

    >>> within(Cost(3.1, 0.5), BudgetSpec(latency_ms=1))
    'over budget: 3.1 ms a row, at most 1 allowed'
    """
    over = []
    if budget.latency_ms is not None and cost.latency_ms > budget.latency_ms:
        over.append(f"{cost.latency_ms:.2g} ms a row, at most {budget.latency_ms:g} allowed")
    if budget.megabytes is not None and cost.megabytes > budget.megabytes:
        over.append(f"{cost.megabytes:.3g} MB, at most {budget.megabytes:g} allowed")
    return f"over budget: {'; '.join(over)}" if over else ""


def _seconds(model: Fitted, row: Array) -> float:
    began = perf_counter()
    model.predict(row)
    return perf_counter() - began
