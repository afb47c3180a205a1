"""What does a small neural network answer, without the library that fitted it?

Rows are spread and standardised as for a weighted sum, then pass through layers of such sums, of which what is below zero is
cut off between two layers. The last layer answers in the target's unit, or with the scores of classes.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from steward.core.atomic import write_bytes_atomically
from steward.models.arrays import pack_arrays, unpack_arrays
from steward.models.logistic import shares_of
from steward.models.spread import ROWS_AT_ONCE, Spread, refuse_other_width

Array = npt.NDArray[np.float64]

_PARTS = {
    "names": "str 1",
    "levels": "float64 1",
    "widths": "int32 1",
    "medians": "float64 1",
    "centres": "float64 1",
    "scales": "float64 1",
    "classes_and_epochs": "int32 1",
    r"weights_\d{1,2}": "float64 2",
    r"offsets_\d{1,2}": "float64 1",
}


@dataclass(frozen=True, slots=True, eq=False)
class Mlp:
    """Layers of `weights` (what comes in, what goes out) and `offsets` (what goes out), fitted in so many `epochs`.

    `classes` is 0 where it answers a quantity.
    """

    spread: Spread
    weights: tuple[Array, ...]
    offsets: tuple[Array, ...]
    classes: int
    epochs: int
    kind: ClassVar[str] = "mlp"
    file: ClassVar[str] = "model.npz"

    def __post_init__(self) -> None:
        widths = [len(self.spread.centres), *(len(offsets) for offsets in self.offsets)]
        if not self.weights or [weights.shape for weights in self.weights] != list(pairwise(widths)):
            raise ValueError("a layer of the network does not fit the one before it")
        if widths[-1] != max(self.classes, 1):
            raise ValueError("the network's last layer needs an answer for each class")

    @property
    def names(self) -> tuple[str, ...]:
        """The columns it reads, in order."""
        return self.spread.names

    def predict(self, matrix: Array) -> Array:
        """Return one answer, or row of probabilities, a row of a matrix of shape (rows, columns); NaN is missing."""
        refuse_other_width(matrix, self.names)
        starts = range(0, max(len(matrix), 1), ROWS_AT_ONCE)
        scores = np.concatenate([self._scores(matrix[start : start + ROWS_AT_ONCE]) for start in starts])
        return shares_of(scores) if self.classes else scores[:, 0]

    def importance(self) -> Array:
        """Return each column's share of the products of absolute weights along all ways to the answers.

        After Gevrey, Dimopoulos and Lek, *Review and comparison of methods to study the contribution of variables in
        artificial neural network models*, 2003.
        """
        sizes = np.abs(self.weights[0])
        for weights in self.weights[1:]:
            sizes = sizes @ np.abs(weights)
        return self.spread.by_column(sizes.sum(axis=1))

    def content(self) -> bytes:
        """Return the bytes of its file."""
        spread = self.spread
        layers = {f"weights_{place}": weights for place, weights in enumerate(self.weights)}
        layers |= {f"offsets_{place}": offsets for place, offsets in enumerate(self.offsets)}
        return pack_arrays(
            {
                "names": np.array(spread.names),
                "levels": np.array([level for known in spread.levels for level in known], dtype=np.float64),
                "widths": np.array([len(known) for known in spread.levels], dtype=np.int32),
                "medians": spread.medians,
                "centres": spread.centres,
                "scales": spread.scales,
                "classes_and_epochs": np.array([self.classes, self.epochs], dtype=np.int32),
                **layers,
            }
        )

    def dump(self, folder: Path) -> None:
        """Write its file into a folder."""
        write_bytes_atomically(folder / self.file, self.content())

    def _scores(self, matrix: Array) -> Array:
        with np.errstate(invalid="ignore", over="ignore"):  # an infinite value gives no finite answer; whoever asked is told
            signal = self.spread(matrix) @ self.weights[0] + self.offsets[0]
            for weights, offsets in zip(self.weights[1:], self.offsets[1:], strict=True):
                signal = np.maximum(signal, 0) @ weights + offsets
        return signal


def parse_mlp(content: bytes) -> Mlp:
    """Return the network that `Mlp.content` wrote; ValueError, KeyError or BadZipFile for something else."""
    arrays: dict[str, Any] = unpack_arrays(content, _PARTS)
    ends = np.cumsum(arrays["widths"])
    if (arrays["widths"] < 0).any() or ends[-1:].tolist() != [len(arrays["levels"])]:
        raise ValueError("the network's levels are not those of its columns")
    levels = tuple(tuple(part.tolist()) for part in np.split(arrays["levels"], ends[:-1]))
    spread = Spread(tuple(arrays["names"].tolist()), levels, arrays["medians"], arrays["centres"], arrays["scales"])
    count = sum(name.startswith("weights_") for name in arrays)
    classes, epochs = arrays["classes_and_epochs"].tolist()
    weights, offsets = (tuple(arrays[f"{part}_{place}"] for place in range(count)) for part in ("weights", "offsets"))
    return Mlp(spread, weights, offsets, classes, epochs)
