"""How does a forest grow, and what is kept of it? scikit-learn grows the trees, arrays of numbers are kept."""

from typing import Any

import numpy as np
import numpy.typing as npt

from steward.models.forest import Forest
from steward.models.spread import refuse_other_width
from steward.project.candidates import RandomForestSpec

Array = npt.NDArray[np.float64]

_ROWS_TO_FIT_WITH_THREADS = 2_000
_ALL = -1


def fit_forest(
    spec: RandomForestSpec,
    matrix: Array,
    target: Array,
    *,
    names: tuple[str, ...],
    classes: int = 0,
    weights: Array | None = None,
) -> Forest:
    """Return the forest of a matrix (rows, columns; NaN where missing) and a target (rows,).

    Args:
        spec: how many trees, how large, of how many columns.
        matrix: the rows to learn from.
        target: their truth; the codes of classes.
        names: one for each column.
        classes: how many there are; 0 for a quantity.
        weights: how much each row counts, shape (rows,).

    Raises:
        ValueError: the matrix holds an infinity, or a number beyond float32.
    """
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    refuse_other_width(matrix, names)
    grown = (RandomForestClassifier if classes else RandomForestRegressor)(
        n_estimators=spec.num_trees,
        max_depth=spec.max_depth,
        min_samples_leaf=spec.min_rows_in_leaf,
        max_features=_features(spec, classes),
        random_state=spec.seed,
        n_jobs=_ALL if len(matrix) >= _ROWS_TO_FIT_WITH_THREADS else 1,  # the trees are the same either way
    ).fit(matrix, target, sample_weight=weights)
    return _kept(grown, names, classes)


def _features(spec: RandomForestSpec, classes: int) -> str | float:
    asked = spec.max_features or ("sqrt" if classes else "third")
    return 1 / 3 if asked == "third" else asked


def _kept(grown: Any, names: tuple[str, ...], classes: int) -> Forest:
    trees = [one.tree_ for one in grown.estimators_]
    nodes = [tree.__getstate__()["nodes"] for tree in trees]
    starts = np.cumsum([0, *(len(tree) for tree in nodes[:-1])])
    inner = [tree["left_child"] >= 0 for tree in nodes]
    return Forest(
        names=names,
        roots=starts.astype(np.int32),
        right=np.concatenate([np.where(i, t["right_child"] + s, 0) for t, i, s in zip(nodes, inner, starts, strict=True)]).astype(
            np.int32
        ),
        feature=np.concatenate([np.where(i, t["feature"], 0) for t, i in zip(nodes, inner, strict=True)]).astype(np.int32),
        threshold=_in_float32(np.concatenate([np.where(i, t["threshold"], 0.0) for t, i in zip(nodes, inner, strict=True)])),
        missing_right=np.concatenate([i & (t["missing_go_to_left"] == 0) for t, i in zip(nodes, inner, strict=True)]),
        values=_values(grown, trees, inner, classes),
        importances=np.asarray(grown.feature_importances_, dtype=np.float64),
        classes=classes,
    )


def _values(grown: Any, trees: list[Any], inner: list[npt.NDArray[np.bool_]], classes: int) -> Array:
    answers = np.concatenate([tree.value[:, 0, :][~i] for tree, i in zip(trees, inner, strict=True)])
    if not classes:
        return np.ascontiguousarray(answers)
    values = np.zeros((len(answers), classes))
    values[:, grown.classes_.astype(np.intp)] = answers
    return values


def _in_float32(thresholds: Array) -> npt.NDArray[np.float32]:
    """Return the greatest float32 that is not above each threshold: for numbers in float32 that parts the same."""
    near = thresholds.astype(np.float32)
    return np.where(near > thresholds, np.nextafter(near, np.float32(-np.inf)), near)
