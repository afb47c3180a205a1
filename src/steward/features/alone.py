"""How well does each feature tell the target all alone, on rows it was not fitted to?

A small tree a feature: it finds any form of a relation, empty cells included. What alone tells nearly all is seldom a
discovery, and mostly the answer itself in other clothes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

SUSPICIOUS = 0.99
"""AUC or R² from which on a feature is too good."""

MOST_ROWS = 20_000
"""So many rows are drawn to fit, and half as many to judge: more change the third digit."""

_FEWEST_OF_CLASS = 10  # in the rows that judge: with fewer, chance separates them
_LEAVES = 256
_FEWEST_DIFFERENT = 2


@dataclass(frozen=True, slots=True)
class Alone:
    """One feature alone: R² of a quantity, or AUC of a class against the rest.

    `value` was reached on judging rows and `learned` on those fitted to; of several classes it is the class with code `about`
    that is told best. `value` is None where it cannot be measured: a single value, or too few rows of any class.
    """

    name: str
    metric: str
    value: float | None
    learned: float
    about: int | None = None

    @property
    def suspicious(self) -> bool:
        """Whether it is too good on rows of both kinds, so that neither few rows nor learning by heart explain it."""
        return self.value is not None and min(self.value, self.learned) >= SUSPICIOUS


def score_alone(
    learned: tuple[Array, Array], judging: tuple[Array, Array], names: Sequence[str], *, classes: int, seed: int = 7
) -> tuple[Alone, ...]:
    """Return each feature's own score.

    Args:
        learned: matrix (rows, features; NaN where missing) and target (rows,; finite) to fit to.
        judging: the same of other rows.
        names: of the features, in the order of the columns.
        classes: how many classes the target's codes stand for; 0 for a quantity.
        seed: of the rows that are drawn where there are many.
    """
    fit, truth = drawn(*learned, MOST_ROWS, seed)
    check, answers = drawn(*judging, MOST_ROWS // 2, seed)
    score = _classes_alone if classes else _quantity_alone
    return tuple(score(name, (fit[:, place], truth), (check[:, place], answers)) for place, name in enumerate(names))


def drawn(matrix: Array, target: Array, most: int, seed: int) -> tuple[Array, Array]:
    """Return at most so many rows, drawn with a seed and in their order."""
    if len(target) <= most:
        return matrix, target
    rows = np.sort(np.random.default_rng(seed).choice(len(target), most, replace=False))
    return matrix[rows], target[rows]


def _quantity_alone(name: str, learned: tuple[Array, Array], judging: tuple[Array, Array]) -> Alone:
    from sklearn.tree import DecisionTreeRegressor

    nothing = Alone(name, "r2", None, 0.0)
    if not _differs(learned[0]) or np.ptp(judging[1]) == 0 or np.ptp(learned[1]) == 0:
        return nothing
    tree = DecisionTreeRegressor(max_leaf_nodes=_LEAVES, random_state=0).fit(learned[0][:, None], learned[1])
    scores = [(_r2(tree.predict(x[:, None]), y), _r2(_line(learned, x), y)) for x, y in (judging, learned)]
    # A tree is coarse where rows are few and the relation is a line.
    best = int(np.argmax(scores[0]))
    return Alone(name, "r2", scores[0][best], scores[1][best])


def _line(learned: tuple[Array, Array], x: Array) -> Array:
    """Return what a straight line through the learned rows says; their mean where a value is missing."""
    known = ~np.isnan(learned[0])
    centre, mean = learned[0][known].mean(), learned[1].mean()
    away = learned[0][known] - centre
    spread = float(away @ away)
    slope = float(away @ learned[1][known]) / spread if spread > 0 else 0.0
    line: Array = np.where(np.isnan(x), mean, learned[1][known].mean() + slope * (x - centre))
    return line


def _r2(predicted: Array, truth: Array) -> float:
    return float(1 - np.mean((truth - predicted) ** 2) / truth.var())


def _classes_alone(name: str, learned: tuple[Array, Array], judging: tuple[Array, Array]) -> Alone:
    from sklearn.tree import DecisionTreeClassifier

    if not _differs(learned[0]):
        return Alone(name, "auc", None, 0.0)
    tree = DecisionTreeClassifier(max_leaf_nodes=_LEAVES, random_state=0).fit(learned[0][:, None], learned[1])
    found = [_aucs(tree.predict_proba(x[:, None]), y, tree.classes_) for x, y in (judging, learned)]
    if np.isnan(found[0]).all():
        return Alone(name, "auc", None, 0.0)
    # Of two classes either is told as well as the other; the last one is the one that is meant.
    best = len(tree.classes_) - 1 if len(tree.classes_) == _FEWEST_DIFFERENT else int(np.nanargmax(found[0]))
    return Alone(name, "auc", float(found[0][best]), float(np.nan_to_num(found[1][best])), int(tree.classes_[best]))


def _aucs(probabilities: Array, truth: Array, codes: Array) -> Array:
    """Return the area under the ROC curve of each class against the rest; NaN where either is rare."""
    from scipy.stats import rankdata

    ranks = rankdata(probabilities, axis=0)
    is_class = truth[:, None] == codes[None, :]
    inside = is_class.sum(axis=0)
    outside = len(truth) - inside
    above = (ranks * is_class).sum(axis=0) - inside * (inside + 1) / 2
    enough = np.minimum(inside, outside) >= _FEWEST_OF_CLASS
    aucs: Array = np.where(enough, above / np.maximum(inside * outside, 1), np.nan)
    return aucs


def _differs(column: Array) -> bool:
    """Tell whether a column splits rows at all: by its values, or by being empty here and there."""
    known = column[~np.isnan(column)]
    return len(known) > 0 and (len(known) < len(column) or bool(np.ptp(known) > 0))
