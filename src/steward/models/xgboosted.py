"""How do XGBoost's trees learn the same from the same rows, and answer without anything being run?

Histograms and a fixed seed; the model is XGBoost's own file in UBJSON, which holds numbers. What `fit_xgboosted` returns was read
back from it, so that what is judged is, to the last bit, what is stored.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from steward.core.atomic import write_bytes_atomically
from steward.core.errors import EnvironmentFault, Fault
from steward.models.batches import in_batches
from steward.models.rounds import xgboost_callbacks
from steward.models.spread import refuse_other_width
from steward.project.candidates import XGBoostSpec

Array = npt.NDArray[np.float64]

PATIENCE = 30
"""Trees without any gain on the validation rows after which fitting ends."""

_ROWS_AT_ONCE = 16_384
_ROWS_TO_FIT_WITH_THREADS = 250_000  # with fewer of them threads mostly wait for each other
_TWO = 2


@dataclass(frozen=True, slots=True, eq=False)
class XGBoosted:
    """A fitted ensemble of `trees` trees, or of so many for each of several classes; `source` is its file.

    `classes` is 0 where it answers a quantity.
    """

    names: tuple[str, ...]
    trees: int
    classes: int
    source: bytes
    booster: Any
    kind: ClassVar[str] = "xgboost"
    file: ClassVar[str] = "model.ubj"

    def predict(self, matrix: Array) -> Array:
        """Return one answer, or row of probabilities, a row of a matrix of shape (rows, columns); NaN is missing."""
        refuse_other_width(matrix, self.names)
        if not len(matrix):
            return np.empty((0, self.classes) if self.classes else 0)
        answers = in_batches(self._predict, matrix, rows=_ROWS_AT_ONCE)
        if not self.classes:
            return answers
        shares = np.column_stack([1 - answers, answers]) if self.classes == _TWO else answers
        summed: Array = shares / shares.sum(axis=1, keepdims=True)  # of float32, which are not quite 1
        return summed

    def importance(self) -> Array:
        """Return each column's share of the gain of all splits."""
        found = self.booster.get_score(importance_type="total_gain")
        gain = np.array([float(found.get(f"f{place}", 0.0)) for place in range(len(self.names))])
        total = gain.sum()
        return gain / total if total > 0 else np.zeros_like(gain)

    def content(self) -> bytes:
        """Return the bytes of its file."""
        return self.source

    def dump(self, folder: Path) -> None:
        """Write its file into a folder."""
        write_bytes_atomically(folder / self.file, self.source)

    def _predict(self, matrix: Array) -> Array:
        return np.asarray(self.booster.inplace_predict(matrix), dtype=np.float64)


def fit_xgboosted(
    spec: XGBoostSpec,
    matrix: Array,
    target: Array,
    *,
    names: tuple[str, ...],
    validation: tuple[Array, Array] | None,
    classes: int = 0,
    weights: Array | None = None,
    later_weights: Array | None = None,
) -> XGBoosted:
    """Return the trees fitted to a matrix (rows, columns; NaN where missing) and a target (rows,).

    Args:
        spec: how many trees at most, how large, how fast.
        matrix: the rows to learn from.
        target: their truth; the codes of classes.
        names: one for each column.
        classes: how many there are; 0 for a quantity.
        validation: matrix and truth of other rows; with them the number of trees is the one that was best
            there, without them it is the one asked for.
        weights: how much each row to learn from counts, shape (rows,).
        later_weights: the same of the validation rows.

    Raises:
        EnvironmentFault: MODEL-022 XGBoost is not installed, or cannot be loaded on this machine.
        xgboost.core.XGBoostError: the matrix holds an infinity.
    """
    xgboost = _xgboost()
    refuse_other_width(matrix, names)
    train = xgboost.DMatrix(matrix, target, weight=weights)
    later = [(xgboost.DMatrix(*validation, weight=later_weights), "validation")] if validation else []
    patience: list[Any] = [xgboost.callback.EarlyStopping(rounds=PATIENCE, save_best=True)] if validation else []
    booster = xgboost.train(
        _parameters(spec, len(matrix), classes),
        train,
        spec.num_trees,
        evals=later,
        callbacks=[*patience, *xgboost_callbacks()],
        verbose_eval=False,
    )
    booster.set_attr(best_iteration=None, best_score=None, names=json.dumps(names), classes=str(classes))
    return parse_xgboosted(bytes(booster.save_raw("ubj")))


def parse_xgboosted(content: bytes) -> XGBoosted:
    """Return the model of an XGBoost file that `fit_xgboosted` made.

    Raises:
        EnvironmentFault: MODEL-022 XGBoost is not installed, or cannot be loaded on this machine.
        ValueError: the content does not begin as UBJSON does.
        xgboost.core.XGBoostError: it is something else.
    """
    if not content.startswith(b"{L"):  # other bytes would be looked at as other, older formats
        raise ValueError("the file is no UBJSON")
    booster = _xgboost().Booster(params={"nthread": 1, "verbosity": 0})
    booster.load_model(bytearray(content))
    names, classes = tuple(json.loads(booster.attr("names"))), int(booster.attr("classes"))
    if booster.num_features() != len(names):
        raise ValueError(f"the trees read {booster.num_features()} columns, {len(names)} are named")
    return XGBoosted(names, booster.num_boosted_rounds(), classes, content, booster)


def _xgboost() -> Any:
    try:
        import xgboost
    except ImportError as error:
        raise EnvironmentFault(Fault("MODEL-022", "XGBoost is not installed", fix='pip install "steward[xgboost]"')) from error
    except Exception as error:  # its own class of error, which cannot be named before it is loaded: no OpenMP runtime
        fix = "apt-get install libgomp1   (Debian, Ubuntu)   or   brew install libomp   (macOS)"
        raise EnvironmentFault(Fault("MODEL-022", "XGBoost cannot be loaded", why=str(error), fix=fix)) from error
    return xgboost


def _task(classes: int) -> dict[str, Any]:
    if not classes:
        return {"objective": "reg:squarederror", "eval_metric": "rmse"}
    if classes == _TWO:
        return {"objective": "binary:logistic", "eval_metric": "logloss"}
    return {"objective": "multi:softprob", "eval_metric": "mlogloss", "num_class": classes}


def _parameters(spec: XGBoostSpec, rows: int, classes: int) -> dict[str, Any]:
    return {
        **_task(classes),
        "tree_method": "hist",
        "learning_rate": spec.learning_rate,
        "max_depth": spec.max_depth,
        "min_child_weight": spec.min_child_weight,
        "subsample": spec.subsample,
        "colsample_bytree": spec.colsample,
        "reg_lambda": spec.l2,
        "seed": spec.seed,
        "nthread": 1 if rows < _ROWS_TO_FIT_WITH_THREADS else 0,
        "verbosity": 0,
    }
