"""Which weighted sum of the columns fits best?

Missing values become the column's median, columns are standardised, then least squares - or ridge
regression for a positive penalty. scikit-learn fits; what is kept are five lists of numbers in JSON.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from steward.core.atomic import write_bytes_atomically
from steward.core.digest import canonical_json

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """``intercept + weights · (x - centres) / scales`` with x the row, medians in its gaps; arrays of shape (columns,)."""

    names: tuple[str, ...]
    intercept: float
    weights: Array
    medians: Array
    centres: Array
    scales: Array
    kind: ClassVar[str] = "linear"
    file: ClassVar[str] = "model.json"

    def __post_init__(self) -> None:
        if any(part.shape != (len(self.names),) for part in (self.weights, self.medians, self.centres, self.scales)):
            raise ValueError("a linear model needs one weight, median, centre and scale for each column")

    def predict(self, matrix: Array) -> Array:
        """Return one answer a row of a matrix of shape (rows, columns)."""
        refuse_other_width(matrix, self.names)
        filled = np.where(np.isnan(matrix), self.medians, matrix)
        answers: Array = (filled - self.centres) / self.scales @ self.weights + self.intercept
        return answers

    def importance(self) -> Array:
        """Return each column's share of the summed absolute weights."""
        size = np.abs(self.weights)
        total = size.sum()
        return size / total if total > 0 else np.zeros_like(size)

    def content(self) -> bytes:
        """Return the bytes of its file."""
        parts = {"weights": self.weights, "medians": self.medians, "centres": self.centres, "scales": self.scales}
        lists = {name: part.tolist() for name, part in parts.items()}
        return canonical_json({"kind": self.kind, "names": list(self.names), "intercept": self.intercept, **lists}).encode()

    def dump(self, folder: Path) -> None:
        """Write its file into a folder."""
        write_bytes_atomically(folder / self.file, self.content())


def refuse_other_width(matrix: Array, names: tuple[str, ...]) -> None:
    """Raise ValueError unless a matrix has one column for each name."""
    if matrix.ndim != 2 or matrix.shape[1] != len(names):  # noqa: PLR2004 - rows and columns
        raise ValueError(f"the model reads {len(names)} columns ({', '.join(names)}), got a matrix of shape {matrix.shape}")


def fit_linear(matrix: Array, target: Array, *, alpha: float, names: tuple[str, ...]) -> Linear:
    """Return the weights that fit best.

    Args:
        matrix: shape (rows, columns), NaN where missing.
        target: shape (rows,), finite.
        alpha: ridge penalty; 0 for plain least squares.
        names: one for each column.

    Raises:
        ValueError: the matrix holds an infinity.
    """
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LinearRegression, Ridge
    from sklearn.preprocessing import StandardScaler

    refuse_other_width(matrix, names)
    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    scaler = StandardScaler()
    ready = scaler.fit_transform(imputer.fit_transform(matrix))
    regression = (Ridge(alpha=alpha) if alpha > 0 else LinearRegression()).fit(ready, target)
    weights = np.asarray(regression.coef_, dtype=np.float64)
    return Linear(names, float(regression.intercept_), weights, imputer.statistics_, scaler.mean_, scaler.scale_)


def parse_linear(content: bytes) -> Linear:
    """Return the model that `Linear.content` wrote; ValueError or KeyError for something else."""
    value = json.loads(content)
    parts = [np.asarray(value[name], dtype=np.float64) for name in ("weights", "medians", "centres", "scales")]
    return Linear(tuple(value["names"]), float(value["intercept"]), *parts)
