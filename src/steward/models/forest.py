"""What does a forest of trees answer, without the library that grew it?

All trees lie in a few arrays, one entry a node, and rows go down them level by level. Answers are scikit-learn's: it compares
in float32, sends gaps where the split has learnt to, and takes the mean over trees.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from steward.core.atomic import write_bytes_atomically
from steward.models.arrays import pack_arrays, unpack_arrays
from steward.models.batches import in_batches
from steward.models.spread import refuse_other_width

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.int32]

_ROWS_AT_ONCE = 4096
_STEPS_AT_ONCE = 16_384  # rows times trees: what they read stays in the processor's cache
_LEVELS_AT_ONCE = 6  # between two looks at who has arrived

_PARTS = {
    "names": "str 1",
    "roots": "int32 1",
    "right": "int32 1",
    "feature": "int32 1",
    "threshold": "float32 1",
    "missing_right": "bool 1",
    "values": "float64 2",
    "importances": "float64 1",
    "classes": "int32 1",
}


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Trees one after the other, each from its root in `roots` on; entries of arrays of shape (nodes,).

    A row goes to the next node where its `feature` is at most `threshold`, else to the one in `right`; a gap goes there
    where `missing_right` says so. In a leaf `right` is 0. `values` has the answer of each leaf, in their order, of shape
    (leaves, 1) or (leaves, classes). `classes` is 0 where it answers a quantity.
    """

    names: tuple[str, ...]
    roots: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float32]
    missing_right: npt.NDArray[np.bool_]
    values: Array
    importances: Array
    classes: int
    _nodes: npt.NDArray[np.complex128] = field(init=False)
    _answers: Array = field(init=False)
    kind: ClassVar[str] = "random_forest"
    file: ClassVar[str] = "model.npz"

    def __post_init__(self) -> None:
        _refuse_what_is_no_forest(self)
        leaf, here = self.right == 0, np.arange(len(self.right), dtype=np.int32)
        # A row that has arrived stays where it is, so that nobody has to ask: below infinity, or a gap, is itself.
        limits = np.where(leaf, np.float32(np.inf), self.threshold)
        parts = (self.feature, limits.view(np.int32), np.where(leaf, here, here + 1), np.where(leaf, here, self.right))
        # The four numbers of a node lie side by side in 16 bytes, which are fetched as one number, whatever that would be.
        object.__setattr__(self, "_nodes", np.column_stack(parts).view(np.complex128).ravel())
        object.__setattr__(self, "_answers", self.values[np.maximum(np.cumsum(leaf) - 1, 0)])

    @property
    def trees(self) -> int:
        """How many there are."""
        return len(self.roots)

    def predict(self, matrix: Array) -> Array:
        """Return one answer, or row of probabilities, a row of a matrix of shape (rows, columns); NaN is missing."""
        refuse_other_width(matrix, self.names)
        return in_batches(self._predict, matrix, rows=_ROWS_AT_ONCE)

    def importance(self) -> Array:
        """Return how much of the impurity each column's splits took away, as a share of all."""
        return self.importances

    def content(self) -> bytes:
        """Return the bytes of its file."""
        arrays = {name: getattr(self, name) for name in _PARTS}
        return pack_arrays({**arrays, "names": np.array(self.names), "classes": np.array([self.classes], np.int32)})

    def dump(self, folder: Path) -> None:
        """Write its file into a folder."""
        write_bytes_atomically(folder / self.file, self.content())

    def _predict(self, matrix: Array) -> Array:
        with np.errstate(over="ignore"):
            rows = matrix.astype(np.float32)
        width = self.values.shape[1]
        total, together = np.zeros((len(rows), 1, width)), max(1, _STEPS_AT_ONCE // max(len(rows), 1))
        gaps = bool(np.isnan(rows).any())
        for start in range(0, self.trees, together):
            leaves = self._leaves(rows, self.roots[start : start + together], gaps=gaps)
            answers = np.concatenate([total, self._answers.take(leaves, axis=0).reshape(*leaves.shape, width)], axis=1)
            # One after the other, however many rows there are: sums in another order would differ in the last bit.
            total = np.add.accumulate(answers, axis=1)[:, -1:]
        mean: Array = total[:, 0] / self.trees
        return mean if self.classes else mean[:, 0]

    def _leaves(self, rows: npt.NDArray[np.float32], roots: npt.NDArray[np.int32], *, gaps: bool) -> Places:
        """Return the leaf that each row reaches in each of some trees, shape (rows, trees)."""
        nodes = np.tile(roots, len(rows))
        offsets = np.repeat(np.arange(len(rows), dtype=np.int32) * np.int32(rows.shape[1]), len(roots))
        cells, under_way = rows.ravel(), np.arange(len(nodes))
        at, cell = nodes, offsets
        while len(under_way):
            for _ in range(_LEVELS_AT_ONCE):
                at = self._below(cells, at, cell, gaps=gaps)
            nodes[under_way] = at
            going = self.right.take(at) != 0
            under_way, at, cell = under_way[going], at[going], cell[going]
        return nodes.reshape(len(rows), len(roots))

    def _below(self, cells: npt.NDArray[np.float32], at: Places, cell: Places, *, gaps: bool) -> Places:
        node = self._nodes.take(at).view(np.int32).reshape(-1, 4)
        value = cells.take(node[:, 0] + cell)
        right = value > node.view(np.float32)[:, 1]
        if gaps:
            right |= np.isnan(value) & self.missing_right.take(at)
        return np.where(right, node[:, 3], node[:, 2])


def parse_forest(content: bytes) -> Forest:
    """Return the forest that `Forest.content` wrote; ValueError or BadZipFile for something else."""
    arrays: dict[str, Any] = unpack_arrays(content, _PARTS)
    return Forest(**{**arrays, "names": tuple(arrays["names"].tolist()), "classes": int(arrays["classes"].item())})


def _refuse_what_is_no_forest(forest: Forest) -> None:
    """Raise ValueError unless every way down ends in a leaf of the same forest."""
    right, nodes = forest.right, len(forest.right)
    parts = (forest.feature, forest.threshold, forest.missing_right)
    inner = right != 0
    width = (int(nodes - inner.sum()), max(forest.classes, 1))
    if not nodes or not len(forest.roots) or any(part.shape != (nodes,) for part in parts) or forest.values.shape != width:
        raise ValueError("a forest needs a threshold and a column for each node, and an answer for each leaf")
    if forest.importances.shape != (len(forest.names),) or not forest.names:
        raise ValueError("a forest needs an importance for each column")
    if inner[-1] or (right[inner] <= np.flatnonzero(inner)).any() or (right[inner] >= nodes).any():
        raise ValueError("a way down a tree of the forest does not end")
    if (forest.feature < 0).any() or (forest.feature >= len(forest.names)).any():
        raise ValueError("a tree of the forest reads a column that is not there")
    if (forest.roots < 0).any() or (forest.roots >= nodes).any():
        raise ValueError("a tree of the forest has no root")
