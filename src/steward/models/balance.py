"""How much does a row of each class count, so that rare classes are learnt as well as frequent ones?"""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def class_weights(codes: Array, classes: int, weights: Array | None = None) -> Array:
    """Return what a row of each class counts, shape (classes,): all classes weigh the same, all rows together what they did.

    >>> class_weights(np.array([0.0, 1.0, 1.0, 1.0]), 2).round(3).tolist()
    [2.0, 0.667]

    Args:
        codes: of the classes, 0 to classes - 1, shape (rows,).
        classes: how many there are; one that has no rows counts 0.
        weights: how much each row counts on its own, shape (rows,).
    """
    sizes = np.bincount(codes.astype(np.intp), weights=weights, minlength=classes).astype(np.float64)
    table: Array = np.divide(sizes.sum() / classes, sizes, out=np.zeros(classes), where=sizes > 0)
    return table


def of_rows(table: Array, codes: Array, weights: Array | None = None) -> Array:
    """Return what each row counts: as its class does, and on its own."""
    counts: Array = table[codes.astype(np.intp)]
    return counts if weights is None else counts * weights
