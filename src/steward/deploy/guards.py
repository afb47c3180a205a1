"""Is anything else in the way of a candidate that is better: a group it fails, probabilities it makes up, time, size?

Each guard is a check with its number, its limit and a sentence. What is asked for and was not measured does not pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from steward.core.tasks import TaskKind
from steward.deploy.paired import Both, drawn_errors, gains
from steward.models.reliability import calibration_error, calibration_error_by_luck
from steward.models.slices import slices_of
from steward.project.gate import GateSpec

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.str_]

_MOST_VALUES = 50
_TWO = 2


@dataclass(frozen=True, slots=True)
class GateCheck:
    """One thing the gate asks for: what was found (None where nothing could be), the limit, and both in a sentence."""

    name: str
    passed: bool
    value: float | None
    limit: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class _Slice:
    """A slice: the gain on its rows, and how likely so great a loss is where the true one is just the one let pass."""

    name: str
    rows: int
    gain: float
    likely: float


def slice_guard(
    truth: Array, both: Both, labels: Mapping[str, Labels], spec: GateSpec, metric: str, *, task: TaskKind, seed: int
) -> GateCheck:
    """Refuse a candidate that surely loses more than is let pass on the rows of some slice.

    Many slices give luck many chances: Holm's procedure (1979) keeps the chance that any slice refuses a candidate which
    loses no more than is let pass, in none of them, below one minus the confidence.

    Args:
        truth: shape (rows,), rows in the order of time; the codes of classes.
        both: finite answers of candidate and champion.
        labels: the value of each row by column, of each of `spec.slices`.
        spec: which columns, the loss let pass, the fewest rows of a slice, the confidence.
        metric: the one that decides.
        task: what is asked.
        seed: the same seed gives the same answer.

    Raises:
        ValueError: a column of `spec.slices` has no labels.
    """
    absent = [column for column in spec.slices if column not in labels]
    if absent:
        raise ValueError(f"the labels of {', '.join(absent)} are needed, by which the gate slices")
    parts = list(slices_of({column: labels[column] for column in spec.slices}, most=_MOST_VALUES))
    large = [(f"{column} = {value}", rows) for column, value, rows in parts if rows.sum() >= spec.min_slice_rows]
    seen = [_slice(name, rows, truth, both, spec, metric, task, seed) for name, rows in large]
    judged = sorted((one for one in seen if one is not None), key=lambda one: one.likely)
    return _slices_checked(judged, len(parts) - len(judged), spec, metric)


def calibration_guard(truth: Array, predicted: Array, spec: GateSpec, limit: float, *, seed: int) -> GateCheck:
    """Refuse probabilities that are further from what comes true than is allowed and than luck explains."""
    error = calibration_error(truth, predicted)
    luck = calibration_error_by_luck(predicted, confidence=spec.confidence, seed=seed)
    passed = error - luck <= limit
    by_luck = f"right ones would be off by up to {luck:.1%} on so few rows"
    said = f"its probabilities are off by {error:.1%} on average ({by_luck}), and {limit:.1%} is allowed"
    return GateCheck("calibration", passed, error, limit, said)


def latency_guard(latency_ms: float | None, limit: float) -> GateCheck:
    """Refuse a candidate that answers too slowly."""
    return _budget("latency", "one answer takes", latency_ms, limit, "ms")


def size_guard(megabytes: float | None, limit: float) -> GateCheck:
    """Refuse a candidate whose bundle is too large."""
    return _budget("size", "its bundle has", megabytes, limit, "MB")


def _slice(
    name: str, rows: npt.NDArray[np.bool_], truth: Array, both: Both, spec: GateSpec, metric: str, task: TaskKind, seed: int
) -> _Slice | None:
    """Return what is seen of a slice; None where the metric is undefined on its rows."""
    from scipy.special import stdtr

    some = (both[0][rows], both[1][rows])
    once, drawn, depends = drawn_errors(truth[rows], some, metric, task=task, resamples=spec.resamples, seed=seed)
    if not np.isfinite(once).all() or len(drawn) < _TWO:
        return None
    weights = np.array([1.0, -(1.0 + spec.max_slice_loss)])
    excess, spread = float(once @ weights), float((drawn @ weights).std(ddof=1))
    sure = float(excess <= 0)  # where nothing varies
    likely = float(stdtr(depends.blocks - 1, -excess / spread / np.sqrt(1 + 2 * depends.likeness))) if spread > 0 else sure
    return _Slice(name, int(rows.sum()), float(gains(once[None])[0]), likely)


def _slices_checked(judged: list[_Slice], left: int, spec: GateSpec, metric: str) -> GateCheck:
    """Return the check of slices sorted by how unlikely their loss is."""
    limit = -spec.max_slice_loss
    few = f"; {left} more with fewer than {spec.min_slice_rows} rows, or without {metric}, are not judged" if left else ""
    if not judged:
        return GateCheck("slices", passed=True, value=None, limit=limit, sentence=f"no slice could be judged{few}")
    doubt, lost = 1 - spec.confidence, []
    for place, one in enumerate(judged):
        if one.likely > doubt / (len(judged) - place):
            break
        lost.append(one)
    worst = min(lost or judged, key=lambda one: one.gain)
    told = f"{worst.gain:+.1%} on the {worst.rows:,} rows of {worst.name}"
    allowed = f"a loss of {spec.max_slice_loss:.1%} is let pass"
    if lost:
        more = f", and so in {len(lost) - 1} more" if len(lost) > 1 else ""
        said = f"it surely loses in {len(lost)} of {len(judged)} slices: {metric} gains {told}{more}; {allowed}{few}"
    else:
        said = f"it surely loses in none of {len(judged)} slices: at worst {metric} gains {told}; {allowed}{few}"
    return GateCheck("slices", not lost, worst.gain, limit, said)


def _budget(name: str, words: str, found: float | None, limit: float, unit: str) -> GateCheck:
    allowed = f"at most {limit:g} {unit} is allowed"
    if found is None:
        return GateCheck(name, passed=False, value=None, limit=limit, sentence=f"its {name} was not measured, and {allowed}")
    return GateCheck(name, found <= limit, found, limit, f"{words} {found:.3g} {unit}, and {allowed}")
