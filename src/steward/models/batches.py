"""How are many rows answered with all cores, and little memory? In parts, side by side; what a row is answered does not change."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def in_batches(answer: Callable[[Array], Array], matrix: Array, *, rows: int) -> Array:
    """Return the answers to a matrix (rows, columns), asked for so many rows at a time.

    Args:
        answer: of each row on its own, without the interpreter's lock for most of its time.
        matrix: the rows.
        rows: of each part; not more are answered where they are, without threads.
    """
    if len(matrix) <= rows:
        return answer(matrix)
    parts = [matrix[start : start + rows] for start in range(0, len(matrix), rows)]
    with ThreadPoolExecutor(min(os.cpu_count() or 1, len(parts)), thread_name_prefix="predict") as pool:
        return np.concatenate(list(pool.map(answer, parts)))
