"""In which order are many rows answered fastest? Rows that take the same way through the trees, one after the other.

What a row is answered does not depend on the others; but a processor guesses where a tree turns, and guesses right when the row
before turned there too. Sorted by what moves the answer most, taxi trips are answered in two thirds of the time.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from steward.models.zoo import Array, Fitted

_KEYS = 3
_FEW_ROWS = 4_096  # below, sorting takes as long as it saves
_TREES = frozenset({"lightgbm", "xgboost", "random_forest", "rescaled"})


def answer_sorted(model: Fitted, matrix: Array) -> Array:
    """Return what ``model.predict(matrix)`` returns, to the last digit, of many rows in less time."""
    if model.kind not in _TREES or len(matrix) < _FEW_ROWS:
        return model.predict(matrix)
    order = _alike(model.importance())(matrix)
    answers = model.predict(np.ascontiguousarray(matrix[order]))
    back = np.empty_like(answers)
    back[order] = answers
    return back


def _alike(importance: Array) -> Callable[[Array], npt.NDArray[np.intp]]:
    """Return what puts rows in the order of the most important columns, the most important one first."""
    keys = np.argsort(-importance, kind="stable")[:_KEYS]
    return lambda matrix: np.lexsort([matrix[:, key] for key in keys[::-1]])
