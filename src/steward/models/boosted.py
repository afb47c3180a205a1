"""How do gradient-boosted trees learn the same from the same rows, every time?

LightGBM with its deterministic histograms and a fixed seed; the model is its text file, which holds
numbers and cannot run code. What `fit_boosted` returns was read back from that text, so that what is
judged is, to the last bit, what is stored. By default each tree sees 80 % of rows and columns: measured on
taxi trips of the next season, that generalises better than all of them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from steward.core.atomic import write_bytes_atomically
from steward.core.errors import EnvironmentFault, Fault
from steward.models.boosted_rows import FEW, FewRows
from steward.models.rounds import lightgbm_callbacks
from steward.models.spread import refuse_other_width
from steward.project.candidates import LightGbmSpec

Array = npt.NDArray[np.float64]

PATIENCE = 30
"""Trees without any gain on the validation rows after which fitting ends."""

# Threads meet at every split and wait there by spinning: on 70,000 rows two of them save two seconds of five
# when the machine is idle, and took two minutes beside other work. The trees are the same either way.
_ROWS_TO_FIT_WITH_THREADS = 250_000

# A request of a few rows gains nothing from more threads, and waking them costs milliseconds.
_ROWS_TO_PREDICT_WITH_THREADS = 2_000

_END = b"\nend of parameters\n\npandas_categorical:null\n"

_TWO = 2  # classes, of which LightGBM gives the second's probability alone

_ALL_THREADS = 0  # as many as OMP_NUM_THREADS says; a number of this machine's would end up in the model's text


@dataclass(frozen=True, slots=True, eq=False)
class Boosted:
    """A fitted ensemble of `trees` trees, or of so many for each of several classes; `source` is its text file.

    `classes` is 0 where it answers a quantity.
    """

    names: tuple[str, ...]
    trees: int
    classes: int
    source: str
    booster: Any
    few: FewRows
    kind: ClassVar[str] = "lightgbm"
    file: ClassVar[str] = "model.txt"

    def predict(self, matrix: Array) -> Array:
        """Return one answer, or row of probabilities, a row of a matrix of shape (rows, columns); NaN is missing."""
        refuse_other_width(matrix, self.names)
        if not len(matrix):
            return np.empty((0, self.classes) if self.classes else 0)
        answers = self.few.predict(matrix) if len(matrix) <= FEW else self._predict_many(matrix)
        return np.column_stack([1 - answers, answers]) if self.classes == _TWO else answers

    def _predict_many(self, matrix: Array) -> Array:
        threads = 1 if len(matrix) < _ROWS_TO_PREDICT_WITH_THREADS else _ALL_THREADS
        return np.asarray(self.booster.predict(matrix, num_threads=threads), dtype=np.float64)

    def importance(self) -> Array:
        """Return each column's share of the gain of all splits."""
        gain = np.asarray(self.booster.feature_importance("gain"), dtype=np.float64)
        total = gain.sum()
        return gain / total if total > 0 else np.zeros_like(gain)

    def content(self) -> bytes:
        """Return the bytes of its file."""
        return self.source.encode()

    def dump(self, folder: Path) -> None:
        """Write its file into a folder."""
        write_bytes_atomically(folder / self.file, self.content())


def fit_boosted(
    spec: LightGbmSpec,
    matrix: Array,
    target: Array,
    *,
    names: tuple[str, ...],
    validation: tuple[Array, Array] | None,
    classes: int = 0,
    weights: Array | None = None,
    later_weights: Array | None = None,
) -> Boosted:
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
        EnvironmentFault: MODEL-020 LightGBM cannot be loaded on this machine.
    """
    lightgbm = _lightgbm()
    refuse_other_width(matrix, names)
    parameters = _parameters(spec, target, classes)
    dataset = partial(lightgbm.Dataset, params=parameters, feature_name=list(names))
    train = dataset(matrix, target, weight=weights)
    later = [dataset(*validation, reference=train, weight=later_weights)] if validation else []
    patience: list[Callable[..., Any]] = [lightgbm.early_stopping(PATIENCE, verbose=False)] if validation else []
    booster = lightgbm.train(parameters, train, spec.num_trees, valid_sets=later, callbacks=[*patience, *lightgbm_callbacks()])
    source: str = booster.model_to_string(num_iteration=booster.best_iteration if validation else spec.num_trees)
    return parse_boosted(source.encode())


def parse_boosted(content: bytes) -> Boosted:
    """Return the model of a LightGBM text file.

    Raises:
        EnvironmentFault: MODEL-020 LightGBM cannot be loaded on this machine.
        ValueError: the content is not a whole one.
        lightgbm.basic.LightGBMError: it is something else.
    """
    _refuse_part(content)
    text = content.decode()
    booster = _lightgbm().Booster(model_str=text)
    names, classes = tuple(booster.feature_name()), _classes_of(text)
    few = FewRows(booster, len(names), booster.num_model_per_iteration())
    return Boosted(names, booster.current_iteration(), classes, text, booster, few)


def _refuse_part(content: bytes) -> None:
    """Raise ValueError unless a text has the trees it tells of, and its end: LightGBM ends the process on some that do not."""
    head, _, body = content.partition(b"\n\n")
    told = re.search(rb"^tree_sizes=([\d ]+)$", head, re.MULTILINE)
    trees = sum(int(size) for size in told[1].split()) if told else 0
    if not head.startswith(b"tree\n") or not trees or not body.startswith(b"end of trees\n", trees) or not body.endswith(_END):
        raise ValueError("the text is not that of a whole model")


def _classes_of(text: str) -> int:
    """Return the number of classes that the head of a model's text tells of; 0 for a quantity."""
    found = re.search(r"^objective=(binary|multiclass num_class:(\d+))", text, re.MULTILINE)
    return int(found[2] or _TWO) if found else 0


def _lightgbm() -> Any:
    try:
        import lightgbm
    except OSError as error:  # the wheel brings no OpenMP runtime, and small images have none
        fix = "apt-get install libgomp1   (Debian, Ubuntu)   or   brew install libomp   (macOS)"
        raise EnvironmentFault(Fault("MODEL-020", "LightGBM cannot be loaded", why=str(error), fix=fix)) from error
    return lightgbm


def _task(spec: LightGbmSpec, target: Array, classes: int) -> dict[str, Any]:
    if classes == _TWO:
        return {"objective": "binary", "metric": "binary_logloss"}
    if classes:
        return {"objective": "multiclass", "metric": "multi_logloss", "num_class": classes}
    match spec.loss:
        case "absolute":
            return {"objective": "regression_l1", "metric": "l1"}
        case "huber":
            return {"objective": "huber", "metric": "huber", "alpha": _usual_distance(target)}
        case "quantile":
            return {"objective": "quantile", "metric": "quantile", "alpha": spec.level}
        case "squared":
            return {"objective": "regression", "metric": "l2"}


def _usual_distance(target: Array) -> float:
    """Return half the interquartile range, up to which Huber's loss is squared; 1 where half of the rows are alike."""
    low, high = np.quantile(target, [0.25, 0.75])
    return float(high - low) / 2 or 1.0


def _parameters(spec: LightGbmSpec, target: Array, classes: int) -> dict[str, Any]:
    return {
        **_task(spec, target, classes),
        "learning_rate": spec.learning_rate,
        "num_leaves": spec.num_leaves,
        "min_data_in_leaf": spec.min_rows_in_leaf,
        "bagging_fraction": spec.subsample,
        "bagging_freq": 1,
        "feature_fraction": spec.colsample,
        **({"lambda_l2": spec.l2} if spec.l2 else {}),
        "seed": spec.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1 if len(target) < _ROWS_TO_FIT_WITH_THREADS else _ALL_THREADS,
        "verbosity": -1,
    }
