"""What do the probabilities of a class lead to: which of its rows are found at what price, and do they happen as often as said?"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_MOST_POINTS = 400
_GROUPS = 10
_FEWEST_ROWS = 10  # in a group of the calibration


@dataclass(frozen=True, slots=True, eq=False)
class Retrieval:
    """Of a class, by falling threshold: the share of it that is found, of the other rows too, and how much of all found is right.

    `share` is that of the class among all rows.
    """

    recall: Array
    false_alarms: Array
    precision: Array
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Rows in groups of rising probability: the mean that was said, the share that came true, how many rows."""

    said: Array
    happened: Array
    rows: npt.NDArray[np.int64]

    @property
    def gap(self) -> float:
        """The mean distance between said and happened, over all rows; 0 at best."""
        return float(np.average(np.abs(self.said - self.happened), weights=self.rows))


def retrieval(hits: npt.NDArray[np.bool_], scores: Array) -> Retrieval:
    """Return recall, false alarms and precision at each threshold; shapes (rows,), rows of equal score enter together.

    >>> retrieval(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1])).recall.tolist()
    [0.5, 0.5, 1.0, 1.0]
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    found = np.cumsum(hits[order])[ends]
    every = np.unique(np.linspace(0, len(ends) - 1, min(len(ends), _MOST_POINTS)).astype(np.int64))
    hit, taken = found[every], (ends + 1)[every]
    count = int(hits.sum())
    return Retrieval(hit / max(count, 1), (taken - hit) / max(len(hits) - count, 1), hit / taken, float(hits.mean()))


def calibration(hits: npt.NDArray[np.bool_], scores: Array) -> Calibration:
    """Return up to ten groups of equally many rows, at least ten in each; equal scores stay together."""
    edges = np.quantile(scores, np.linspace(0, 1, min(_GROUPS, max(len(scores) // _FEWEST_ROWS, 1)) + 1)[1:-1])
    group = np.searchsorted(edges, scores, side="left")
    rows = np.bincount(group)
    there = rows > 0
    said, happened = (np.bincount(group, weights=values)[there] / rows[there] for values in (scores, hits.astype(np.float64)))
    return Calibration(said, happened, rows[there])
