"""How are a few rows answered by LightGBM's trees without the price of its Python wrapper?

The wrapper spends 0.15 ms on parameters before the first tree is asked; LightGBM's C interface has a call for one row that
prepares them once (`LGBM_BoosterPredictForMatSingleRowFast`, docs of the C API). The answers are the same to the last bit.
"""

import ctypes
import weakref
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

FEW = 16
"""Up to so many rows one call for each is faster than one for all."""

_NORMAL, _FLOAT64, _ALL_TREES = 0, 1, -1


class FewRows:
    """Answers rows one by one; prepared at the first.

    Args:
        booster: a LightGBM booster, which is kept for as long as this is.
        columns: how many it reads.
        outputs: how many numbers it answers for a row.
    """

    def __init__(self, booster: Any, columns: int, outputs: int) -> None:
        self._booster = booster
        self._columns = columns
        self._outputs = outputs
        self._config: ctypes.c_void_p | None = None
        self._ask: Any = None

    def predict(self, matrix: Array) -> Array:
        """Return what the booster's own `predict` returns of a matrix of shape (rows, columns): (rows,) or (rows, outputs)."""
        config = self._config or self._prepare()
        rows = np.ascontiguousarray(matrix, dtype=np.float64)
        answers = np.empty((len(rows), self._outputs))
        length = ctypes.c_int64()
        row, answer, told = rows.ctypes.data, answers.ctypes.data, ctypes.addressof(length)
        for _ in range(len(rows)):
            if self._ask(config, row, told, answer):
                raise ValueError("LightGBM could not answer a row")
            row, answer = row + rows.strides[0], answer + answers.strides[0]
        return answers[:, 0] if self._outputs == 1 else answers

    def _prepare(self) -> ctypes.c_void_p:
        from lightgbm.basic import _LIB  # type: ignore[attr-defined] # its handle on the C library has no public name

        # The call is shorter than what letting another thread in and waiting for it would cost: it keeps Python's lock.
        self._ask = ctypes.PYFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 4)(("LGBM_BoosterPredictForMatSingleRowFast", _LIB))
        config = ctypes.c_void_p()
        columns = ctypes.c_int32(self._columns)
        begun = (self._booster._handle, _NORMAL, 0, _ALL_TREES, _FLOAT64, columns, b"num_threads=1")  # noqa: SLF001 - it has no other name
        if _LIB.LGBM_BoosterPredictForMatSingleRowFastInit(*begun, ctypes.byref(config)):
            raise ValueError("LightGBM could not prepare to answer rows")
        weakref.finalize(self, _LIB.LGBM_FastConfigFree, config)
        self._config = config
        return config
