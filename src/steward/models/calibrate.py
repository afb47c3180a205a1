"""Can probabilities be mended so that 30 % means 30 of 100, and is that worth it?

Two curves are tried on rows the model has not learnt from: Platt's sigmoid of the log-odds (1999; with his smoothed truth)
and isotonic regression (Zadrozny and Elkan 2002). Neither changes the order of rows. Of several classes each gets a curve
against the rest, and the results are normalised. A curve is a handful of numbers: plain JSON, applied with NumPy alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from steward.models.metrics import refuse_unless_paired, row_losses

Array = npt.NDArray[np.float64]
Kind = Literal["sigmoid", "isotonic"]

_TWO = 2
_LEAST = 1e-6  # as near to 0 and 1 as log-odds are told apart
_SURE = 1.645  # standard errors: one side, 95 %


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """The logistic curve of `slope` times log-odds plus `intercept`; the slope is never negative."""

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        if not np.isfinite([self.slope, self.intercept]).all() or self.slope < 0:
            raise ValueError(f"a sigmoid has finite numbers and no negative slope, got {self}")

    def apply(self, said: Array) -> Array:
        """Return the curve's probability for each one, any shape."""
        return _logistic(self.slope * _log_odds(said) + self.intercept)


@dataclass(frozen=True, slots=True)
class Steps:
    """Straight lines between knots; `values` never fall, and beyond the last knot nothing changes."""

    knots: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        both = np.array([*self.knots, *self.values])
        sound = len(self.knots) == len(self.values) > 0 and np.isfinite(both).all()
        if not sound or (np.diff(self.knots) <= 0).any() or (np.diff(self.values) < 0).any() or not _are_shares(self.values):
            raise ValueError("an isotonic curve has a value between 0 and 1 a knot; knots rise and values never fall")

    def apply(self, said: Array) -> Array:
        """Return the curve's probability for each one, any shape."""
        return np.interp(said, self.knots, self.values)


Curve = Sigmoid | Steps


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is done to probabilities: one curve for the last of two classes, or one for each of several."""

    kind: Kind
    curves: tuple[Curve, ...]

    def __post_init__(self) -> None:
        if not self.curves or len(self.curves) == _TWO:
            raise ValueError(f"two classes have one curve and several one each, got {len(self.curves)}")

    def apply(self, predicted: Array) -> Array:
        """Return the mended probabilities, shape (rows, classes), rows that sum to 1.

        Raises:
            ValueError: another number of classes than at fitting.
        """
        classes = len(self.curves) if len(self.curves) > 1 else _TWO
        if predicted.ndim != _TWO or predicted.shape[1] != classes:
            raise ValueError(f"probabilities of {classes} classes are needed, got shape {predicted.shape}")
        if classes == _TWO:
            last = self.curves[0].apply(predicted[:, 1])
            return np.column_stack([1 - last, last])
        apart = np.column_stack([curve.apply(predicted[:, code]) for code, curve in enumerate(self.curves)])
        total = apart.sum(axis=1, keepdims=True)
        mended: Array = np.where(total > 0, apart / np.where(total > 0, total, 1.0), predicted)
        return mended

    def as_dict(self) -> dict[str, Any]:
        """Return the calibration as a JSON object."""
        return {"kind": self.kind, "curves": [asdict(curve) for curve in self.curves]}

    @staticmethod
    def from_dict(value: Mapping[str, Any]) -> "Calibration":
        """Return the calibration that `as_dict` wrote.

        Raises:
            ValueError: it is of another shape, or a curve is none.
        """
        try:
            curves = [dict(curve.items()) for curve in value["curves"]]
            if value["kind"] == "sigmoid":
                lines = [{name: _number(part) for name, part in curve.items()} for curve in curves]
                return Calibration("sigmoid", tuple(Sigmoid(**line) for line in lines))
            if value["kind"] == "isotonic":
                steps = [{name: tuple(_number(one) for one in part) for name, part in curve.items()} for curve in curves]
                return Calibration("isotonic", tuple(Steps(**step) for step in steps))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this is no calibration: {error}") from error
        raise ValueError(f"no calibration is called {value['kind']!r}; known: sigmoid, isotonic")


@dataclass(frozen=True, slots=True)
class Choice:
    """The calibration that was chosen, None for none, and the cross-fitted log loss of each way: none, sigmoid, isotonic."""

    calibration: Calibration | None
    log_loss: Mapping[str, float]


def fit_calibration(kind: Kind, truth: Array, predicted: Array) -> Calibration:
    """Return curves fitted to rows the model has not learnt from.

    Args:
        kind: sigmoid or isotonic.
        truth: shape (rows,), codes 0 to classes - 1.
        predicted: shape (rows, classes), probabilities that sum to 1.

    Raises:
        ValueError: no rows, or not one row of probabilities for each.
    """
    refuse_unless_paired(truth, predicted)
    codes = [1] if predicted.shape[1] == _TWO else list(range(predicted.shape[1]))
    pairs = [((truth == code).astype(np.float64), predicted[:, code]) for code in codes]
    if kind == "sigmoid":
        return Calibration(kind, tuple(_sigmoid(*pair) for pair in pairs))
    return Calibration(kind, tuple(_steps(*pair) for pair in pairs))


def choose_calibration(truth: Array, predicted: Array, *, folds: int = 5, seed: int) -> Choice:
    """Return the calibration whose log loss on rows it was not fitted to is surely below that of none, or no calibration.

    Surely: by 1.6 standard errors of the rows' differences. A class with fewer rows than folds leaves things as they are.

    Args:
        truth: shape (rows,), codes, of rows the model has not learnt from.
        predicted: shape (rows, classes), probabilities that sum to 1.
        folds: how often a curve is fitted to the other rows.
        seed: of the shuffle; the same seed gives the same choice.

    Raises:
        ValueError: no rows, or not one row of probabilities for each.
    """
    plain = row_losses("log_loss", truth, predicted)
    counts = np.bincount(truth.astype(np.intp), minlength=predicted.shape[1])
    if counts.min() < folds:
        return Choice(None, {"none": float(plain.mean())})
    tried: Sequence[Kind] = ("sigmoid", "isotonic")
    losses = {kind: row_losses("log_loss", truth, _cross_fitted(kind, truth, predicted, folds, seed)) for kind in tried}
    best = min(tried, key=lambda kind: float(losses[kind].mean()))
    won = plain - losses[best]
    surely = won.mean() > _SURE * won.std(ddof=1) / np.sqrt(len(won))
    figures = {"none": float(plain.mean())} | {str(kind): float(loss.mean()) for kind, loss in losses.items()}
    return Choice(fit_calibration(best, truth, predicted) if surely else None, figures)


def _cross_fitted(kind: Kind, truth: Array, predicted: Array, folds: int, seed: int) -> Array:
    from sklearn.model_selection import StratifiedKFold

    mended = np.empty_like(predicted)
    for learn, check in StratifiedKFold(folds, shuffle=True, random_state=seed).split(predicted, truth):
        mended[check] = fit_calibration(kind, truth[learn], predicted[learn]).apply(predicted[check])
    return mended


def _sigmoid(came: Array, said: Array) -> Sigmoid:
    from scipy.optimize import minimize

    odds, found = _log_odds(said), came.sum()
    # Platt: a truth of neither 0 nor 1, as if each class had one row more, keeps the curve from running away.
    wanted = np.where(came > 0, (found + 1) / (found + 2), 1 / (len(came) - found + 2))

    def loss(line: Array) -> tuple[float, Array]:
        score = line[0] * odds + line[1]
        wrong = _logistic(score) - wanted
        return float(np.mean(np.logaddexp(0, score) - wanted * score)), np.array([np.mean(wrong * odds), np.mean(wrong)])

    found_line = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0, None), (None, None)]).x
    return Sigmoid(float(found_line[0]), float(found_line[1]))


def _steps(came: Array, said: Array) -> Steps:
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(out_of_bounds="clip").fit(said, came)
    least = 1 / (len(came) + 2)  # nobody is sure after so many rows
    values = np.clip(fitted.y_thresholds_, least, 1 - least)
    return Steps(tuple(fitted.X_thresholds_.tolist()), tuple(values.tolist()))


def _log_odds(said: Array) -> Array:
    inside = np.clip(said, _LEAST, 1 - _LEAST)
    odds: Array = np.log(inside / (1 - inside))
    return odds


def _logistic(score: Array) -> Array:
    share: Array = 0.5 * (1 + np.tanh(score / 2))  # no exponential that could overflow
    return share


def _are_shares(values: Sequence[float]) -> bool:
    return all(0 <= value <= 1 for value in values)


def _number(part: Any) -> float:
    if isinstance(part, bool) or not isinstance(part, int | float):
        raise TypeError(f"a number is needed, got {part!r}")
    return float(part)
