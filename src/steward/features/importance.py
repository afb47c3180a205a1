"""Which features tell most of the target, before any model is chosen? Two quick looks on drawn rows: alone, and together."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from steward.features.alone import drawn

Array = npt.NDArray[np.float64]

SEED = 7
GAIN_ROWS = 20_000
INFORMATION_ROWS = 3_000
"""How many rows are drawn at most."""

_TREES = 40
_GROUP = 20  # rows of the same code; LightGBM's own hundred leaves codes out where rows are few
_FOREST = {
    "num_leaves": 31,
    "learning_rate": 0.1,
    "min_data_per_group": _GROUP,
    "seed": SEED,
    "deterministic": True,
    "num_threads": 2,
    "verbosity": -1,
}
_TINY = 1e-300
_MOST_NEIGHBOURS = 3
_FEWEST_ROWS = 50


@dataclass(frozen=True, slots=True)
class Gains:
    """What each feature and its shadow - the same column, shuffled - gain in a small boosted forest that has them all.

    Both are shares of what the features gain together, in their order; a feature that gains no more than its shadow, which can
    only fit noise, helps by chance.
    """

    shares: tuple[float, ...]
    shadows: tuple[float, ...]


def gain_shares(matrix: Array, target: Array, *, classes: int, codes: Collection[int] = ()) -> Gains:
    """Return how much each feature helps a small boosted forest.

    Args:
        matrix: (rows, features), NaN where missing.
        target: (rows,): a quantity, or the codes of classes.
        classes: how many there are; 0 for a quantity.
        codes: places of the columns whose numbers have no order.
    """
    import lightgbm

    rows, answers = drawn(matrix, target, GAIN_ROWS, SEED)
    count, luck = rows.shape[1], np.random.default_rng(SEED)
    shadows = np.column_stack([luck.permutation(column) for column in rows.T])
    unordered = sorted({*codes, *(place + count for place in codes)})
    task = {"objective": "regression"} if not classes else {"objective": "multiclass", "num_class": classes}
    data = lightgbm.Dataset(
        np.hstack([rows, shadows]), answers, params={"verbosity": -1, "min_data_per_group": _GROUP}, categorical_feature=unordered
    )
    forest = lightgbm.train({**task, **_FOREST}, data, num_boost_round=_TREES)
    gained = forest.feature_importance("gain") / max(float(forest.feature_importance("gain")[:count].sum()), _TINY)
    return Gains(tuple(map(float, gained[:count])), tuple(map(float, gained[count:])))


def mutual_information(matrix: Array, target: Array, *, classes: int, codes: Collection[int] = ()) -> tuple[float | None, ...]:
    """Return what each feature says of the target alone, in nats, by the rows that have it; None where these are few.

    0 says nothing. Between numbers it is estimated by nearest neighbours (Kraskov and others, 2004).
    """
    rows, answers = drawn(matrix, target, INFORMATION_ROWS, SEED)
    return tuple(_information(rows[:, place], answers, classes, is_code=place in codes) for place in range(rows.shape[1]))


def _information(column: Array, target: Array, classes: int, *, is_code: bool) -> float | None:
    from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

    known = np.isfinite(column)
    if known.sum() < _FEWEST_ROWS:
        return None
    measure = mutual_info_classif if classes else mutual_info_regression
    given = {"discrete_features": [is_code], "n_neighbors": _MOST_NEIGHBOURS, "random_state": SEED}
    return float(measure(column[known, None], target[known], **given)[0])
