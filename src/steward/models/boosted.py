"""How do gradient-boosted trees learn the same from the same rows, every time?

LightGBM with its deterministic histograms and a fixed seed; the model is its text file, which holds
numbers and cannot run code. What `fit_boosted` returns was read back from that text, so that what is
judged is, to the last bit, what is stored. Each tree sees 80 % of rows and columns: measured on taxi
trips of the next season, that generalises better than all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from steward.core.atomic import write_text_atomically
from steward.core.errors import EnvironmentFault, Fault
from steward.models.linear import refuse_other_width
from steward.project.candidates import LightGbmSpec

Array = npt.NDArray[np.float64]

PATIENCE = 30
"""Trees without any gain on the validation rows after which fitting ends."""

# Threads meet at every split and wait there by spinning: on 70,000 rows two of them save two seconds of five
# when the machine is idle, and took two minutes beside other work. The trees are the same either way.
_ROWS_TO_FIT_WITH_THREADS = 250_000

# A request of a few rows gains nothing from more threads, and waking them costs milliseconds.
_ROWS_TO_PREDICT_WITH_THREADS = 2_000

_ALL_THREADS = 0  # as many as OMP_NUM_THREADS says; a number of this machine's would end up in the model's text


@dataclass(frozen=True, slots=True, eq=False)
class Boosted:
    """A fitted ensemble of `trees` trees; `source` is its text file."""

    names: tuple[str, ...]
    trees: int
    source: str
    booster: Any
    kind: ClassVar[str] = "lightgbm"
    file: ClassVar[str] = "model.txt"

    def predict(self, matrix: Array) -> Array:
        """Return one answer a row of a matrix of shape (rows, columns); NaN is missing."""
        refuse_other_width(matrix, self.names)
        if not len(matrix):
            return np.empty(0)
        threads = 1 if len(matrix) < _ROWS_TO_PREDICT_WITH_THREADS else _ALL_THREADS
        return np.asarray(self.booster.predict(matrix, num_threads=threads), dtype=np.float64)

    def importance(self) -> Array:
        """Return each column's share of the gain of all splits."""
        gain = np.asarray(self.booster.feature_importance("gain"), dtype=np.float64)
        total = gain.sum()
        return gain / total if total > 0 else np.zeros_like(gain)

    def text(self) -> str:
        """Return the content of its file."""
        return self.source

    def dump(self, folder: Path) -> None:
        """Write its file into a folder."""
        write_text_atomically(folder / self.file, self.source)


def fit_boosted(
    spec: LightGbmSpec, matrix: Array, target: Array, *, names: tuple[str, ...], validation: tuple[Array, Array] | None
) -> Boosted:
    """Return the trees fitted to a matrix (rows, columns; NaN where missing) and a target (rows,).

    Args:
        spec: how many trees at most, how large, how fast.
        matrix: the rows to learn from.
        target: their truth.
        names: one for each column.
        validation: matrix and truth of later rows; with them the number of trees is the one that was best
            there, without them it is the one asked for.

    Raises:
        EnvironmentFault: MODEL-020 LightGBM cannot be loaded on this machine.
    """
    lightgbm = _lightgbm()
    refuse_other_width(matrix, names)
    parameters = _parameters(spec, len(matrix))
    dataset = partial(lightgbm.Dataset, params=parameters, feature_name=list(names))
    train = dataset(matrix, target)
    later = [dataset(*validation, reference=train)] if validation else []
    patience: list[Callable[..., Any]] = [lightgbm.early_stopping(PATIENCE, verbose=False)] if validation else []
    booster = lightgbm.train(parameters, train, spec.num_trees, valid_sets=later, callbacks=patience)
    return parse_boosted(booster.model_to_string(num_iteration=booster.best_iteration if validation else spec.num_trees))


def parse_boosted(text: str) -> Boosted:
    """Return the model of a LightGBM text file.

    Raises:
        EnvironmentFault: MODEL-020 LightGBM cannot be loaded on this machine.
        lightgbm.basic.LightGBMError: the text is something else.
    """
    booster = _lightgbm().Booster(model_str=text)
    return Boosted(tuple(booster.feature_name()), booster.num_trees(), text, booster)


def _lightgbm() -> Any:
    try:
        import lightgbm
    except OSError as error:  # the wheel brings no OpenMP runtime, and small images have none
        fix = "apt-get install libgomp1   (Debian, Ubuntu)   or   brew install libomp   (macOS)"
        raise EnvironmentFault(Fault("MODEL-020", "LightGBM cannot be loaded", why=str(error), fix=fix)) from error
    return lightgbm


def _parameters(spec: LightGbmSpec, rows: int) -> dict[str, Any]:
    return {
        "objective": "regression",
        "metric": "l2",
        "learning_rate": spec.learning_rate,
        "num_leaves": spec.num_leaves,
        "min_data_in_leaf": spec.min_rows_in_leaf,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "feature_fraction": 0.8,
        "seed": spec.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1 if rows < _ROWS_TO_FIT_WITH_THREADS else _ALL_THREADS,
        "verbosity": -1,
    }
