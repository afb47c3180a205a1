"""Which kinds of model are there, and how is one fitted, stored and read back?

All share one shape, `Fitted`. Each kind is one file that holds numbers only: reading it runs no code.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from steward.core.errors import Fault, StewardError, UsageError, unknown_name
from steward.models.balance import class_weights, of_rows
from steward.models.boosted import Boosted, fit_boosted, parse_boosted
from steward.models.forest import Forest, parse_forest
from steward.models.forest_fit import fit_forest
from steward.models.linear import Linear, fit_linear, parse_linear
from steward.models.logistic import Logistic, fit_logistic, parse_logistic
from steward.models.mean import Mean, Prior, fit_mean, fit_prior, parse_mean, parse_prior
from steward.models.mlp import Mlp, parse_mlp
from steward.models.mlp_fit import fit_mlp
from steward.models.rescaled import Rescaled, parse_rescaled, rescaled, transformed
from steward.models.xgboosted import XGBoosted, fit_xgboosted, parse_xgboosted
from steward.project.candidates import (
    CandidateSpec,
    LassoSpec,
    LightGbmSpec,
    LinearSpec,
    LogisticSpec,
    MeanSpec,
    MlpSpec,
    RandomForestSpec,
    RidgeSpec,
    XGBoostSpec,
    misfit,
)
from steward.project.tuning import Transform

Array = npt.NDArray[np.float64]
Sample = tuple[Array, Array]
"""Rows to learn from or to be judged on: a matrix (rows, columns; NaN where missing) and the truth (rows,)."""


class Fitted(Protocol):
    """A model that has learnt: from a matrix (rows, columns) to an answer a row.

    A quantity is answered in the target's unit, classes by probabilities in the order of their codes.
    """

    kind: ClassVar[str]
    file: ClassVar[str]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns it reads, in order."""
        ...

    def predict(self, matrix: Array) -> Array:
        """Return shape (rows,), or (rows, classes) with rows that sum to 1.

        NaN in the matrix is missing; ValueError for another number of columns.
        """
        ...

    def importance(self) -> Array:
        """Return shape (columns,): shares that sum to 1, or zeros where no column matters."""
        ...

    def content(self) -> bytes:
        """Return the bytes of its file."""
        ...

    def dump(self, folder: Path) -> None:
        """Write its file into a folder."""
        ...


SIMPLEST_FIRST: tuple[str, ...] = (
    "mean",
    "linear",
    "ridge",
    "lasso",
    "logistic",
    "random_forest",
    "lightgbm",
    "xgboost",
    "mlp",
)
"""Kinds of candidates, as the project file calls them."""

_KINDS: tuple[type[Fitted], ...] = (Mean, Prior, Linear, Logistic, Forest, Boosted, XGBoosted, Mlp, Rescaled)
FILES: Mapping[str, str] = {kind.kind: kind.file for kind in _KINDS}

_PARSERS: Mapping[str, Callable[[bytes], Fitted]] = {
    Mean.kind: parse_mean,
    Prior.kind: parse_prior,
    Linear.kind: parse_linear,
    Logistic.kind: parse_logistic,
    Forest.kind: parse_forest,
    Boosted.kind: parse_boosted,
    XGBoosted.kind: parse_xgboosted,
    Mlp.kind: parse_mlp,
    Rescaled.kind: lambda content: parse_rescaled(content, parse),
}


def fit(
    candidate: CandidateSpec,
    matrix: Array,
    target: Array,
    *,
    names: Sequence[str],
    validation: Sample | None = None,
    classes: int = 0,
    categories: Collection[str] = (),
    weights: Array | None = None,
) -> Fitted:
    """Return a candidate fitted to a matrix (rows, columns) and its truth (rows,).

    Args:
        candidate: kind and settings, from the project file.
        matrix: float64, NaN where missing.
        target: float64, finite; the codes of classes, each of them in some row.
        names: one for each column.
        validation: other rows that tell boosted trees and networks when to stop; the other kinds do not look at them.
        classes: how many there are; 0 for a quantity.
        categories: columns whose numbers are codes; kinds that sum columns up spread them over their levels.
        weights: how much each row counts, shape (rows,); all the same by default.

    Raises:
        UsageError: MODEL-004 the candidate cannot answer such a target, MODEL-028 its transform is not defined for it.
        EnvironmentFault: MODEL-020, MODEL-022 its library is not there.
    """
    _refuse_misfit(candidate, classes=bool(classes))
    learnt: dict[str, Any] = {"names": tuple(names), "validation": validation, "categories": categories, "weights": weights}
    if transform_of(candidate) != "none":
        return _fit_rescaled(candidate, matrix, target, **learnt)
    return _fit_kind(candidate, matrix, target, classes=classes, **learnt)


def _fit_kind(
    candidate: CandidateSpec,
    matrix: Array,
    target: Array,
    *,
    names: tuple[str, ...],
    validation: Sample | None,
    classes: int,
    categories: Collection[str],
    weights: Array | None,
) -> Fitted:
    table = class_weights(target, classes, weights) if candidate.balance else None
    counts = weights if table is None else of_rows(table, target, weights)
    later = None if table is None or validation is None else of_rows(table, validation[1])
    learnt: dict[str, Any] = {"names": names, "classes": classes, "weights": counts}
    stopped: dict[str, Any] = {**learnt, "validation": validation, "later_weights": later}
    match candidate:
        case MeanSpec():
            return _fit_mean(target, **learnt)
        case RandomForestSpec():
            return fit_forest(candidate, matrix, target, **learnt)
        case LightGbmSpec():
            return fit_boosted(candidate, matrix, target, **stopped)
        case XGBoostSpec():
            return fit_xgboosted(candidate, matrix, target, **stopped)
        case MlpSpec():
            return fit_mlp(candidate, matrix, target, categories=categories, **stopped)
        case _:
            return _fit_sum(candidate, matrix, target, categories=categories, **learnt)


def again(candidate: CandidateSpec, model: Fitted) -> CandidateSpec:
    """Return a candidate to be fitted to more rows: with the trees, or epochs, after which its model stopped."""
    match model.inner if isinstance(model, Rescaled) else model:
        case Boosted(trees=trees) | XGBoosted(trees=trees):
            return candidate.model_copy(update={"num_trees": trees})
        case Mlp(epochs=epochs):
            return candidate.model_copy(update={"epochs": epochs})
    return candidate


def transform_of(candidate: CandidateSpec) -> Transform:
    """Return what a candidate learns of a quantity."""
    transform: Transform = getattr(candidate, "transform", "none")
    return transform


def _fit_rescaled(candidate: CandidateSpec, matrix: Array, target: Array, *, validation: Sample | None, **learnt: Any) -> Fitted:
    """Fit what is learnt of the target; other rows, where there are some, tell what is to be added to answers put back."""
    transform = transform_of(candidate)
    plain = candidate.model_copy(update={"transform": "none"})
    later = None if validation is None else (validation[0], transformed(validation[1], transform))
    inner = fit(plain, matrix, transformed(target, transform), validation=later, **learnt)
    of_mean = getattr(candidate, "loss", "squared") == "squared"
    return rescaled(inner, transform, (matrix, target) if validation is None else validation, of_mean=of_mean)


def _fit_mean(target: Array, *, names: tuple[str, ...], classes: int, weights: Array | None) -> Fitted:
    if classes:
        return fit_prior(target, classes=classes, names=names, weights=weights)
    return fit_mean(target, names=names, weights=weights)


def _fit_sum(
    candidate: LinearSpec | RidgeSpec | LassoSpec | LogisticSpec, matrix: Array, target: Array, *, classes: int, **learnt: Any
) -> Fitted:
    ridge, lasso = _penalties(candidate, classes=bool(classes))
    if classes:
        return fit_logistic(matrix, target, classes=classes, ridge=ridge, lasso=lasso, **learnt)
    return fit_linear(matrix, target, ridge=ridge, lasso=lasso, **learnt)


def _penalties(candidate: LinearSpec | RidgeSpec | LassoSpec | LogisticSpec, *, classes: bool) -> tuple[float, float]:
    """Return the penalties on the squares and on the sizes of weights."""
    match candidate:
        case LinearSpec(alpha=alpha):
            return alpha or (1.0 if classes else 0.0), 0.0
        case RidgeSpec(alpha=alpha):
            return alpha, 0.0
        case LassoSpec(alpha=alpha):
            return 0.0, alpha
        case LogisticSpec(penalty="l1", alpha=alpha):
            return 0.0, alpha or 0.001
        case LogisticSpec(penalty="l2", alpha=alpha):
            return alpha or 1.0, 0.0
    return 0.0, 0.0


def _refuse_misfit(candidate: CandidateSpec, *, classes: bool) -> None:
    reason = misfit(candidate, classes=classes)
    if reason is not None:
        what, fix = reason
        raise UsageError(Fault("MODEL-004", what, ("project.yaml: candidates",), fix=fix))


def load(kind: str, folder: Path) -> Fitted:
    """Return the model that `dump` wrote into a folder.

    Raises:
        UsageError: MODEL-002 no such kind, MODEL-003 the file holds something else.
    """
    return parse(kind, (folder / file_of(kind)).read_bytes())


def parse(kind: str, content: bytes) -> Fitted:
    """Return the model of a file's content, already in memory (so that it can be verified first).

    Raises:
        UsageError: MODEL-002 no such kind, MODEL-003 the content is something else.
        EnvironmentFault: MODEL-020, MODEL-022 its library is not there.
    """
    file = file_of(kind)
    try:
        return _PARSERS[kind](content)
    except StewardError:
        raise
    except Exception as error:  # each library has errors of its own for what it cannot read
        what = f"{file} does not hold a {kind} model"
        raise UsageError(Fault("MODEL-003", what, why=str(error), fix="train it again")) from error


def file_of(kind: str) -> str:
    """Return the name of the file a kind of model is kept in; UsageError MODEL-002 for an unknown kind."""
    if kind not in FILES:
        raise unknown_name("kind of model", kind, FILES, code="MODEL-002")
    return FILES[kind]
