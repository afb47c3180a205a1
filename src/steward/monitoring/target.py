"""Do the outcomes themselves come out differently from those the model learnt from?"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.core.tasks import Label
from steward.models.classes import name_of
from steward.monitoring.drift import ColumnDrift, judge_drift
from steward.monitoring.reference import Reference
from steward.monitoring.sketch import sketch_like, sketch_reference

OUTCOME = "outcome"

FloatArray = npt.NDArray[np.float64]


def target_reference(truth: FloatArray, classes: Sequence[Label]) -> dict[str, Any]:
    """Return what later outcomes are compared with, as a JSON object.

    Args:
        truth: of the rows the model has learnt from, shape (rows,), at least one: quantities, or the codes of classes.
        classes: the labels of the codes; none for a quantity.
    """
    return Reference(sketch_reference(_column(truth, classes), ())).as_dict()


def judge_target(
    reference: Mapping[str, Any], truth: FloatArray, classes: Sequence[Label], *, chance: float, min_rows: int
) -> ColumnDrift | None:
    """Return how far the known outcomes of a window have moved; None where fewer than `min_rows` are known.

    Args:
        reference: from `target_reference`.
        truth: of the window's rows, NaN where unknown; an outcome of a class that was never learnt is unknown here.
        classes: as at training.
        chance: probability, in (0, 1), that outcomes of the same kind are called moved.
        min_rows: 1 at least.
    """
    known = truth[np.isfinite(truth)]
    if len(known) < min_rows:
        return None
    before = Reference.from_dict(reference)
    now = sketch_like(_column(known, classes), before.sketch)
    return judge_drift(before, now, {OUTCOME: 1.0}, chance=chance, min_rows=min_rows).columns[0]


def _column(truth: FloatArray, classes: Sequence[Label]) -> pl.DataFrame:
    if not classes:
        return pl.DataFrame({OUTCOME: truth})
    names = pl.Series(OUTCOME, [name_of(label) for label in classes], dtype=pl.String)
    return names.gather(truth.astype(np.int64)).to_frame()
