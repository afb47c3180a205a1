"""What does a model answer that has learnt nothing but averages? The least that any other must beat."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from steward.core.atomic import write_bytes_atomically
from steward.core.digest import canonical_json

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mean:
    """Answers `value`, in the target's unit, whatever the row; `names` are the columns it was shown."""

    names: tuple[str, ...]
    value: float
    kind: ClassVar[str] = "mean"
    file: ClassVar[str] = "model.json"

    def predict(self, matrix: Array) -> Array:
        """Return the mean for each row of a matrix."""
        return np.full(len(matrix), self.value)

    def importance(self) -> Array:
        """Return zeros: no column matters."""
        return np.zeros(len(self.names))

    def content(self) -> bytes:
        """Return the bytes of its file."""
        return canonical_json({"kind": self.kind, "names": list(self.names), "value": self.value}).encode()

    def dump(self, folder: Path) -> None:
        """Write its file into a folder."""
        write_bytes_atomically(folder / self.file, self.content())


@dataclass(frozen=True, slots=True)
class Prior:
    """Answers how often each class was, whatever the row; `shares` by code, they sum to 1."""

    names: tuple[str, ...]
    shares: tuple[float, ...]
    kind: ClassVar[str] = "prior"
    file: ClassVar[str] = "model.json"

    def predict(self, matrix: Array) -> Array:
        """Return the shares for each row of a matrix, shape (rows, classes)."""
        return np.tile(np.asarray(self.shares), (len(matrix), 1))

    def importance(self) -> Array:
        """Return zeros: no column matters."""
        return np.zeros(len(self.names))

    def content(self) -> bytes:
        """Return the bytes of its file."""
        return canonical_json({"kind": self.kind, "names": list(self.names), "shares": list(self.shares)}).encode()

    def dump(self, folder: Path) -> None:
        """Write its file into a folder."""
        write_bytes_atomically(folder / self.file, self.content())


def fit_mean(target: Array, *, names: tuple[str, ...], weights: Array | None = None) -> Mean:
    """Return the mean of a target of shape (rows,), of which each row counts as much as its weight."""
    return Mean(names, float(np.average(target, weights=weights)))


def fit_prior(codes: Array, *, classes: int, names: tuple[str, ...], weights: Array | None = None) -> Prior:
    """Return the share of each class among codes of shape (rows,)."""
    return Prior(names, tuple(class_shares(codes, classes, weights)))


def class_shares(codes: Array, classes: int, weights: Array | None = None) -> list[float]:
    """Return how often each class occurs, as shares that sum to 1; a class that does not occur has 0."""
    total = len(codes) if weights is None else float(weights.sum())
    shares: list[float] = (np.bincount(codes.astype(np.intp), weights=weights, minlength=classes) / total).tolist()
    return shares


def parse_mean(content: bytes) -> Mean:
    """Return the model that `Mean.content` wrote; ValueError or KeyError for something else."""
    value = json.loads(content)
    return Mean(tuple(value["names"]), float(value["value"]))


def parse_prior(content: bytes) -> Prior:
    """Return the model that `Prior.content` wrote; ValueError or KeyError for something else."""
    value = json.loads(content)
    return Prior(tuple(value["names"]), tuple(float(share) for share in value["shares"]))
