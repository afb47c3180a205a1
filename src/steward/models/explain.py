"""What moved an answer, and by how much? SHAP values: each column's share of the way from the usual answer to this one.

Trees know theirs exactly (Lundberg and others, *From local explanations to global understanding with explainable AI for
trees*, 2020) and LightGBM and XGBoost compute them themselves; a weighted sum is its own explanation; every other kind is asked
again and again with columns taken from other rows (the shap library's permutation explainer).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from steward.core.errors import EnvironmentFault, Fault
from steward.models.boosted import Boosted
from steward.models.linear import Linear
from steward.models.logistic import Logistic
from steward.models.rescaled import Rescaled
from steward.models.zoo import Array, Fitted

_ROUNDS = 10
_ROOTED = {"sqrt": "root of the answer", "log1p": "logarithm of the answer"}
_SEED = 7
_TWO = 2


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """What each column adds to each answer; ``base + values.sum(axis=1)`` is the answer on the scale that is named.

    `base` is of shape (outputs,), `values` of shape (rows, columns, outputs). `scale` is `answer` (the target's unit, or
    probability), `log-odds`, or what a transform learns: `root of the answer`, `logarithm of the answer`. Of two classes there is
    one output, the second's; of more, one a class.
    """

    names: tuple[str, ...]
    base: Array
    values: Array
    scale: str

    def strength(self) -> Array:
        """Return the mean absolute contribution of each column, over rows and outputs, shape (columns,)."""
        strength: Array = np.abs(self.values).mean(axis=(0, 2))
        return strength


def contributions(model: Fitted, matrix: Array, background: Array) -> Contributions:
    """Return what each column adds to the answers to some rows.

    Args:
        model: any kind of the zoo.
        matrix: the rows to explain, shape (rows, columns), NaN where missing.
        background: usual rows, at least one, for kinds that have no explanation of their own.

    Raises:
        EnvironmentFault: MODEL-021 the model's kind needs the shap library, which is not installed.
    """
    if isinstance(model, Rescaled):
        inside = contributions(cast("Fitted", model.inner), matrix, background)
        return replace(inside, scale=_ROOTED[model.transform])
    own = _OWN.get(model.kind)
    return own(model, matrix) if own else _permuted(model, matrix, background)


def _of_boosted(model: Fitted, matrix: Array) -> Contributions:
    assert isinstance(model, Boosted)
    flat = np.asarray(model.booster.predict(matrix, pred_contrib=True), dtype=np.float64)
    outputs = model.classes if model.classes > _TWO else 1
    parts = flat.reshape(len(matrix), outputs, len(model.names) + 1).transpose(0, 2, 1)
    return Contributions(
        model.names, parts[:1, -1, :].reshape(outputs), parts[:, :-1, :], "log-odds" if model.classes else "answer"
    )


def _of_xgboosted(model: Fitted, matrix: Array) -> Contributions:
    import xgboost

    booster = model.booster  # type: ignore[attr-defined] # its kind says so
    flat = np.asarray(booster.predict(xgboost.DMatrix(matrix), pred_contribs=True), dtype=np.float64)
    parts = flat[:, None, :] if flat.ndim == _TWO else flat
    classes = model.predict(matrix[:1]).ndim > 1
    parts = parts.transpose(0, 2, 1)
    return Contributions(model.names, parts[0, -1, :], parts[:, :-1, :], "log-odds" if classes else "answer")


def _of_linear(model: Fitted, matrix: Array) -> Contributions:
    assert isinstance(model, Linear)
    return Contributions(model.names, np.array([model.intercept]), model.contributions(matrix)[:, :, None], "answer")


def _of_logistic(model: Fitted, matrix: Array) -> Contributions:
    assert isinstance(model, Logistic)
    spread = model.contributions(matrix)  # rows, columns, classes
    base = model.intercepts
    if len(base) == _TWO:
        return Contributions(model.names, base[1:] - base[:1], spread[:, :, 1:] - spread[:, :, :1], "log-odds")
    return Contributions(model.names, base, spread, "log-odds")


def _of_nothing(model: Fitted, matrix: Array) -> Contributions:
    answer = np.atleast_1d(np.squeeze(model.predict(matrix[:1]), axis=0))
    base = answer[1:] if len(answer) == _TWO else answer
    return Contributions(model.names, base, np.zeros((len(matrix), len(model.names), len(base))), "answer")


_OWN: Mapping[str, Callable[[Fitted, Array], Contributions]] = {
    "mean": _of_nothing,
    "prior": _of_nothing,
    "linear": _of_linear,
    "logistic": _of_logistic,
    "lightgbm": _of_boosted,
    "xgboost": _of_xgboosted,
}


def _permuted(model: Fitted, matrix: Array, background: Array) -> Contributions:
    try:
        from shap import maskers
        from shap.explainers import Permutation
    except ImportError as error:
        what = f"answers of a {model.kind} are explained by the shap library, which is not installed"
        raise EnvironmentFault(Fault("MODEL-021", what, fix='pip install "steward[explain]"')) from error

    def answer(rows: Array) -> Array:
        predicted = model.predict(np.ascontiguousarray(rows, dtype=np.float64))
        return predicted[:, 1] if predicted.ndim > 1 and predicted.shape[1] == _TWO else predicted

    explainer = Permutation(answer, maskers.Independent(background, max_samples=len(background)), seed=_SEED)
    found = explainer(matrix, max_evals=_ROUNDS * (2 * matrix.shape[1] + 1), silent=True)
    values = found.values if found.values.ndim > _TWO else found.values[:, :, None]
    return Contributions(model.names, np.atleast_1d(found.base_values[0]), np.asarray(values, dtype=np.float64), "answer")
