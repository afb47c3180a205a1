"""What does a model answer that has learnt nothing but the mean? The least that any other must beat."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from steward.core.atomic import write_text_atomically
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

    def text(self) -> str:
        """Return the content of its file."""
        return canonical_json({"kind": self.kind, "names": list(self.names), "value": self.value})

    def dump(self, folder: Path) -> None:
        """Write its file into a folder."""
        write_text_atomically(folder / self.file, self.text())


def fit_mean(target: Array, *, names: tuple[str, ...]) -> Mean:
    """Return the mean of a target of shape (rows,)."""
    return Mean(names, float(np.mean(target)))


def parse_mean(text: str) -> Mean:
    """Return the model that `Mean.text` wrote; ValueError or KeyError where the text is something else."""
    value = json.loads(text)
    return Mean(tuple(value["names"]), float(value["value"]))
