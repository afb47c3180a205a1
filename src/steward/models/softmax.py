"""Which weights make the classes that were seen most likely?

Steps of a quasi-Newton method (L-BFGS) in coordinates in which the loss is about as curved in all directions; near the best
weights the coordinates are chosen once more. Codes spread over their levels then take dozens of steps instead of a thousand,
and rows are sparse, so that a step reads only what is there.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from steward.models.lasso import smallest_loss

Array = npt.NDArray[np.float64]

_STEPS = 1000
_NEAR, _ENOUGH = 0.3, 1e-3  # of a standard error, from which no weight is further away
_MEMORY = 20
_MOST_TOGETHER = 2000  # weights whose curvature is looked at in pairs
_TWO = 2


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows to tell apart: sparse `columns` (rows, columns) and their `means`, the classes' `truth` (classes, rows), counts.

    Of two classes the first has no weights of its own: `sets` is 1.
    """

    columns: Any
    transposed: Any
    means: Array
    truth: Array
    counts: Array

    @property
    def sets(self) -> int:
        """How many weights each column has."""
        return 1 if len(self.truth) == _TWO else len(self.truth)

    def shares(self, intercepts: Array, weights: Array) -> tuple[Array, Array]:
        """Return the probabilities of classes, shape (classes, rows), and the loss of each row, shape (rows,).

        Args:
            intercepts: shape (sets,).
            weights: of centred columns, shape (columns, sets).
        """
        scores = (self.columns @ weights).T + (intercepts - self.means @ weights)[:, None]
        scores = np.vstack([np.zeros_like(scores), scores]) if self.sets == 1 else scores
        scores = scores - scores.max(axis=0)
        powers = np.exp(scores)
        sums = powers.sum(axis=0)
        return powers / sums, np.log(sums) - (scores * self.truth).sum(axis=0)

    def loss(self, intercepts: Array, weights: Array) -> tuple[float, Array, Array]:
        """Return the summed loss and its slopes along intercepts (sets,) and weights (columns, sets)."""
        shares, losses = self.shares(intercepts, weights)
        missed = ((shares - self.truth) * self.counts)[-self.sets :]
        along = missed.sum(axis=1)
        return float(losses @ self.counts), along, self.transposed @ missed.T - np.outer(self.means, along)

    def products(self, counts: Array) -> Array:
        """Return the products of all pairs of centred columns, and at last of 1, summed over rows that count so much."""
        sums = self.transposed @ counts
        off, total = np.outer(self.means, sums), float(counts.sum())
        pairs = (self.transposed.multiply(counts) @ self.columns).toarray() - off - off.T + total * np.outer(self.means, self.means)
        ones = (sums - total * self.means)[:, None]
        return np.block([[pairs, ones], [ones.T, np.full((1, 1), total)]])


def likeliest(columns: Any, means: Array, codes: Array, counts: Array, *, classes: int, ridge: float, lasso: float) -> Any:
    """Return intercepts (classes,) and weights (classes, columns) of centred columns.

    Args:
        columns: sparse, not centred, shape (rows, columns).
        means: of the columns.
        codes: of the classes, 0 to classes - 1, each of them in some row.
        counts: how much each row counts, shape (rows,).
        classes: how many there are.
        ridge: penalty on half the squares of the weights, beside the summed loss.
        lasso: penalty on the sizes of the weights, beside the mean loss.
    """
    from threadpoolctl import threadpool_limits

    truth = np.eye(classes)[codes.astype(np.intp)].T
    rows = Rows(columns, columns.T.tocsr(), means, np.ascontiguousarray(truth), counts)
    with threadpool_limits(1, "blas"):  # threads wait for each other at these small products, and add up in another order
        intercepts, weights = _with_lasso(rows, lasso) if lasso else _with_ridge(rows, ridge)
    if rows.sets == 1:
        return np.append(0.0, intercepts), np.vstack([np.zeros(len(means)), weights[:, 0]])
    return intercepts, weights.T


def _with_lasso(rows: Rows, lasso: float) -> tuple[Array, Array]:
    gram, total = rows.products(rows.counts)[:-1, :-1], float(rows.counts.sum())
    bound = 0.25 if rows.sets == 1 else 0.5  # Böhning, *Multinomial logistic regression algorithm*, 1992
    return smallest_loss(lambda at, w: rows.loss(at, w)[1:], gram, bound, total, lasso * total, rows.sets)


def _with_ridge(rows: Rows, ridge: float) -> tuple[Array, Array]:
    often = (rows.truth @ rows.counts / rows.counts.sum())[-rows.sets :]
    curvature = np.maximum(often * (1 - often), 1e-6)[:, None, None] * rows.products(rows.counts)
    x = _quasi_newton(rows, np.zeros((rows.sets, len(rows.means) + 1)), ridge, curvature, _NEAR)
    shares = rows.shares(x[:, -1], x[:, :-1].T)[0][-rows.sets :]
    x = _quasi_newton(rows, x, ridge, _curvature(rows, shares), _ENOUGH)
    return x[:, -1], x[:, :-1].T


def _curvature(rows: Rows, shares: Array) -> Array:
    """Return the loss's second derivatives: of all weights in one block, or of each class's in one where they are many."""
    own = np.stack([rows.products(rows.counts * share * (1 - share)) for share in shares])
    sets, size = own.shape[:2]
    if sets == 1 or sets * size > _MOST_TOGETHER:
        return own
    whole = np.zeros((sets, size, sets, size))
    for one in range(sets):
        whole[one, :, one, :] = own[one]
        for other in range(one):
            whole[one, :, other, :] = whole[other, :, one, :] = -rows.products(rows.counts * shares[one] * shares[other])
    return whole.reshape(1, sets * size, sets * size)


def _quasi_newton(rows: Rows, start: Array, ridge: float, curvature: Array, enough: float) -> Array:
    """Return weights and, at last, the intercept of each set, shape (sets, columns + 1), from which no step leads further down.

    Args:
        rows: what is to be likely.
        start: where to begin.
        ridge: penalty on half the squares of the weights.
        curvature: about how curved the loss is, shape (blocks, weights of a block, weights of a block).
        enough: slope in standard errors at which to end.
    """
    from scipy.optimize import minimize

    penalties = np.tile(np.append(np.full(len(rows.means), ridge), 0.0), rows.sets).reshape(len(curvature), -1)
    lower, inverse = _roots(curvature, penalties)

    def told(steps: Array) -> Array:
        flat = np.matmul(inverse.transpose(0, 2, 1), steps.reshape(len(inverse), -1, 1))
        return np.asarray(flat.reshape(start.shape))

    def loss(steps: Array) -> tuple[float, Array]:
        x = told(steps)
        weights = np.ascontiguousarray(x[:, :-1].T)
        value, along_intercepts, along = rows.loss(x[:, -1], weights)
        slopes = np.column_stack([(along + ridge * weights).T, along_intercepts]).reshape(len(inverse), -1, 1)
        return value + ridge / 2 * float((weights**2).sum()), np.matmul(inverse, slopes).ravel()

    begin = np.matmul(lower.transpose(0, 2, 1), start.reshape(len(lower), -1, 1)).ravel()
    options = {"maxiter": _STEPS, "maxfun": 2 * _STEPS, "gtol": enough, "ftol": 0, "maxcor": _MEMORY}
    return told(minimize(loss, begin, jac=True, method="L-BFGS-B", options=options).x)


def _roots(curvature: Array, penalties: Array) -> tuple[Array, Array]:
    """Return the lower triangles whose squares are the blocks with their penalties, and the inverses of these."""
    from scipy.linalg import solve_triangular

    size = curvature.shape[1]
    whole = curvature + penalties[:, :, None] * np.eye(size)
    least = 1e-8 * np.maximum(np.trace(whole, axis1=1, axis2=2) / size, 1e-12)
    lower: Array = np.linalg.cholesky(whole + least[:, None, None] * np.eye(size))
    return lower, np.stack([solve_triangular(one, np.eye(size), lower=True) for one in lower])
