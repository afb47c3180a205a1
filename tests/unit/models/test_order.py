import numpy as np
import pytest

from steward.models.boosted import fit_boosted
from steward.models.order import answer_sorted
from steward.project.candidates import LightGbmSpec

_ROWS = 5_000


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_sorted_rows_are_answered_to_the_last_digit_as_unsorted_ones(classes: int) -> None:
    draw = np.random.default_rng(3)
    matrix = draw.normal(size=(_ROWS, 4))
    matrix[draw.random(matrix.shape) < 0.1] = np.nan
    target = draw.integers(0, classes, _ROWS).astype(float) if classes else np.nan_to_num(matrix).sum(axis=1)
    spec = LightGbmSpec(kind="lightgbm", num_trees=20)
    model = fit_boosted(spec, matrix, target, names=("a", "b", "c", "d"), validation=None, classes=classes)
    assert (answer_sorted(model, matrix) == model.predict(matrix)).all()
    assert (answer_sorted(model, matrix[:10]) == model.predict(matrix[:10])).all()
