"""What will a figure of classes be, going by the probabilities alone (CBPE)?

Confidence-based performance estimation: where probabilities are right, they say how often the answer is. So outcomes are drawn
from them, and the figure - any figure - of the drawn outcomes is what to expect of the real ones. Guillory et al., *Predicting
with confidence on unseen distributions* (2021) and Białek et al., *Estimating model performance under covariate shift without
labels* (2024) do it with closed formulas for some figures. Probabilities are mended first, with what rows showed that the model
had not learnt from, by `steward.models.calibrate`; how sure that is, is told by Platt's curve (1999) fitted again and again to
rows drawn anew (Efron 1979). Valid while the outcome depends on the inputs as it did; what
changed there, nobody sees without labels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from steward.core.tasks import TaskKind
from steward.models.calibrate import Calibration, choose_calibration, fit_calibration
from steward.models.classification import DECISIONS, decide_at
from steward.models.measure import MEASURES
from steward.monitoring.blocks import Bools, FloatArray, Places, Quiet, blocks_of, sizes_of, spread_to_hold

_CURVES = 20
_DRAWS = 3  # from each curve
_MOST_ROWS = 10_000  # more say the same, more slowly: the interval is then as wide as for so many
_MOST_BLOCKS = 24
_LONGEST = 2000
_FEW_DRAWS = 1


@dataclass(frozen=True, slots=True, eq=False)
class ClassEstimator:
    """Turns answered probabilities into a figure to expect.

    `calibration` mends them, `redrawn` are curves on top of it, one for each time its rows were drawn anew.
    """

    task: TaskKind
    metric: str
    threshold: float | None
    calibration: Calibration | None
    redrawn: tuple[Calibration, ...]

    def guess(self, answered: FloatArray, seed: int, *, draws: int = _DRAWS) -> tuple[float, float]:
        """Return the figure to expect and the variance of the real one about it; NaN where no outcome gives a figure.

        Args:
            answered: probabilities as the model answered them, shape (rows, classes), at least one row.
            seed: the same seed draws the same outcomes.
            draws: outcomes drawn from each curve.
        """
        answered = answered[_some(len(answered), _MOST_ROWS)]
        said = answered if self.calibration is None else self.calibration.apply(answered)
        generator = np.random.default_rng(seed)
        chances = [curve.apply(said) for curve in self.redrawn]
        found = [self.figure(_drawn(chance, generator), answered) for chance in chances for _ in range(draws)]
        known = np.array([figure for figure in found if np.isfinite(figure)])
        return (float(known.mean()), float(known.var())) if len(known) > 1 else (np.nan, np.nan)

    def figure(self, truth: FloatArray, answered: FloatArray) -> float:
        """Return the figure of answers whose outcome is known: codes of shape (rows,); NaN where it is undefined."""
        moved = self.threshold is not None and self.metric in DECISIONS
        decided = decide_at(answered, cast("float", self.threshold)) if moved else answered
        return float(MEASURES[self.task].once(truth, decided).get(self.metric, np.nan))

    def as_dict(self) -> dict[str, Any]:
        """Return the estimator as a JSON object."""
        return {
            "task": self.task,
            "metric": self.metric,
            "threshold": self.threshold,
            "calibration": self.calibration.as_dict() if self.calibration else None,
            "redrawn": [curve.as_dict() for curve in self.redrawn],
        }

    @staticmethod
    def from_dict(value: Mapping[str, Any]) -> "ClassEstimator":
        """Return the estimator that `as_dict` wrote; KeyError or ValueError where the object is something else."""
        calibration = value["calibration"]
        return ClassEstimator(
            value["task"],
            str(value["metric"]),
            value["threshold"],
            None if calibration is None else Calibration.from_dict(calibration),
            tuple(Calibration.from_dict(curve) for curve in value["redrawn"]),
        )


def fit_class_estimator(
    task: TaskKind, metric: str, truth: FloatArray, answered: FloatArray, *, threshold: float | None, seed: int
) -> ClassEstimator:
    """Return the estimator of a figure, fitted to rows the model has not learnt from.

    Args:
        task: binary or multiclass.
        metric: one of the task's.
        truth: codes of shape (rows,).
        answered: probabilities as the model answers them, shape (rows, classes).
        threshold: from which probability on the second of two classes answers.
        seed: the same seed gives the same estimator.
    """
    rows = _some(len(truth), _MOST_ROWS)
    truth, answered = truth[rows], answered[rows]
    calibration = choose_calibration(truth, answered, seed=seed).calibration
    said = answered if calibration is None else calibration.apply(answered)
    drawn = np.random.default_rng(seed).integers(0, len(truth), size=(_CURVES, len(truth)))
    redrawn = tuple(fit_calibration("sigmoid", truth[again], said[again]) for again in drawn)
    return ClassEstimator(task, metric, threshold, calibration, redrawn)


def class_history(estimator: ClassEstimator, truth: FloatArray, answered: FloatArray, seed: int) -> tuple[Quiet, ...]:
    """Return how far the figures of runs of rows lie from their estimates beyond chance, by length, as standard deviations.

    Each half of the rows is estimated with what the other half taught; at most 24 runs of a length are looked at.
    """
    later = np.arange(len(truth)) >= len(truth) // 2
    if not all(_learnable(truth[half], answered.shape[1]) for half in (later, ~later)):
        return ()
    task, metric, threshold = estimator.task, estimator.metric, estimator.threshold
    taught = [fit_class_estimator(task, metric, truth[h], answered[h], threshold=threshold, seed=seed) for h in (later, ~later)]
    return tuple((size, _spread(taught, truth, answered, size, seed)) for size in sizes_of(len(truth)) if size <= _LONGEST)


def _spread(taught: Sequence[ClassEstimator], truth: FloatArray, answered: FloatArray, size: int, seed: int) -> float:
    blocks = blocks_of(len(truth), size)
    chosen = _some(int(blocks[-1]) + 1, _MOST_BLOCKS).tolist()
    pairs = [_gap(taught[int(block > blocks[-1] // 2)], truth, answered, blocks == block, seed) for block in chosen]
    gaps, variances = np.array(pairs).T
    return spread_to_hold(gaps, variances)


def _gap(estimator: ClassEstimator, truth: FloatArray, answered: FloatArray, rows: Bools, seed: int) -> tuple[float, float]:
    value, variance = estimator.guess(answered[rows], seed, draws=_FEW_DRAWS)
    return estimator.figure(truth[rows], answered[rows]) - value, variance


def _drawn(chances: FloatArray, generator: np.random.Generator) -> FloatArray:
    reached = chances.cumsum(axis=1)[:, :-1]
    codes: FloatArray = (generator.random(len(chances))[:, None] > reached).sum(axis=1).astype(np.float64)
    return codes


def _learnable(truth: FloatArray, classes: int) -> bool:
    return bool(np.bincount(truth.astype(np.intp), minlength=classes).min() > 1)


def _some(rows: int, most: int) -> Places:
    """Return at most so many places, evenly over all."""
    return np.arange(rows) if rows <= most else np.linspace(0, rows - 1, most).astype(np.intp)
