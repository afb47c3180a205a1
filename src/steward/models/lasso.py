"""Which few columns suffice? Penalties on the sizes of weights bring those to nothing that are not needed.

Accelerated proximal steps (Beck and Teboulle, *A fast iterative shrinkage-thresholding algorithm*, 2009), started again where
they overshoot (O'Donoghue and Candès, 2015). They read products of columns, not rows, so each costs next to nothing.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_STEPS = 20_000
_CLOSE = 1e-9
_LOOKS = 200  # at all rows, for classes
_ENOUGH = 1e-2  # of a standard error, by which weights still move


def smallest_sum(gram: Array, slope: Array, size: float, start: Array | None = None) -> Array:
    """Return the weights w that make ``w · gram · w / 2 - slope · w + size · |w|`` smallest, one set a column of `slope`.

    Args:
        gram: symmetric, not negative, shape (columns, columns).
        slope: shape (columns, sets).
        size: penalty on the size of each weight.
        start: where to begin, shape (columns, sets); zeros by default.
    """
    steepest = float(np.linalg.eigvalsh(gram)[-1]) if len(gram) else 0.0
    weights = np.zeros_like(slope) if start is None else start
    if steepest <= 0:
        return np.zeros_like(slope)
    ahead, pace = weights, 1.0
    for _ in range(_STEPS):
        moved = _shrunk(ahead - (gram @ ahead - slope) / steepest, size / steepest)
        step, overshot = moved - weights, float(np.vdot(ahead - moved, moved - weights)) > 0
        pace, before = 1.0 if overshot else (1 + np.sqrt(1 + 4 * pace**2)) / 2, pace
        ahead = moved if overshot else moved + (before - 1) / pace * step
        weights = moved
        if np.abs(step).max() <= _CLOSE * max(np.abs(moved).max(), _CLOSE):
            break
    return weights


def smallest_loss(
    slopes: Callable[[Array, Array], tuple[Array, Array]], gram: Array, bound: float, rows: float, size: float, sets: int
) -> tuple[Array, Array]:
    """Return intercepts and weights that make a loss, plus a penalty on the sizes of the weights, smallest.

    Args:
        slopes: from intercepts (sets,) and weights (columns, sets) to the slopes of the loss along them.
        gram: products of the centred columns, shape (columns, columns).
        bound: the loss is nowhere more curved than ``bound · gram``, and ``bound · rows`` along an intercept.
        rows: how many there are, or what they weigh.
        size: penalty on the size of each weight.
        sets: how many weights each column has.
    """
    curve = bound * gram
    weights, intercepts = np.zeros((len(gram), sets)), np.zeros(sets)
    ahead, further, pace = weights, intercepts, 1.0
    for _ in range(_LOOKS):
        along_intercepts, along = slopes(further, ahead)
        moved = smallest_sum(curve, curve @ ahead - along, size, ahead)
        shifted = further - along_intercepts / (bound * rows)
        step, shift = moved - weights, shifted - intercepts
        overshot = float(np.vdot(curve @ (ahead - moved), step)) > 0
        pace, before = 1.0 if overshot else (1 + np.sqrt(1 + 4 * pace**2)) / 2, pace
        push = 0.0 if overshot else (before - 1) / pace
        weights, intercepts, ahead, further = moved, shifted, moved + push * step, shifted + push * shift
        if float(np.vdot(step, curve @ step)) + bound * rows * float(shift @ shift) <= _ENOUGH**2:
            break
    return intercepts, weights


def _shrunk(weights: Array, by: float) -> Array:
    return np.sign(weights) * np.maximum(np.abs(weights) - by, 0)
