"""How far do the windows of a model's own quiet history lie from all the others, beyond what their sizes explain?

Every batch of the reference (an hour, a day, ...) is compared with the reference without it. The upper tail of those
distances is exponential above a high level (Pickands 1975; Balkema and de Haan 1974), so that it tells of chances rarer than
one in the number of batches. The same is done with batches drawn at random from what each was compared with: what remains
when the squares of the latter are taken off is movement that is usual for this model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log, sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from steward.monitoring.distance import Kind

FEWEST_BATCHES = 8
"""With fewer batches nothing is known of their tail, and nothing is called usual."""

_EXCEEDING = 0.2  # the share of batches that make up the tail, three of them at least
_DRAWS = 200
_SURE = 2.0  # standard errors by which batches must differ more than random ones before anything is usual
_BLOCK = 1 << 22

FloatArray = npt.NDArray[np.float64]


class Tail(NamedTuple):
    """An exponential tail: passed with a chance p at `level` + `slope` * ln(1/p)."""

    level: float
    slope: float

    def at(self, chance: float) -> float:
        """Return the distance that is passed with this chance."""
        return min(1.0, max(0.0, self.level - self.slope * log(chance)))


@dataclass(frozen=True, slots=True)
class Quiet:
    """The tail of a column's distances in quiet batches, and that of random batches of the same sizes."""

    seen: Tail
    random: Tail

    def usual(self, chance: float) -> float:
        """Return the distance beyond chance that a quiet window passes with a probability of at most `chance`."""
        return sqrt(max(0.0, self.seen.at(chance) ** 2 - self.random.at(chance) ** 2))


@dataclass(frozen=True, slots=True)
class Compared:
    """Batches of one column beside what each is compared with.

    `counts` has a row a batch and a column a place; `expected` the shares of the reference without the batch, same shape;
    `held` how many rows those shares rest on, shape (batches,).
    """

    counts: FloatArray
    expected: FloatArray
    held: FloatArray


def quiet_history(kind: Kind, compared: Compared, *, seed: int = 7) -> Quiet | None:
    """Return how far quiet batches lie apart; None where there are fewer than 8, or no more apart than random ones."""
    rows = compared.counts.sum(axis=1)
    usable = (rows >= max(2.0, float(np.median(rows)) / 4)) & (compared.held > 0) if len(rows) else np.array([], dtype=bool)
    if usable.sum() < FEWEST_BATCHES:
        return None
    counts, expected, held = (values[usable] for values in (compared.counts, compared.expected, compared.held))
    seen = gaps(kind, counts / rows[usable][:, None] - expected)
    random = _random_gaps(kind, expected, rows[usable], held, np.random.default_rng(seed))
    error = float((random**2).std()) / sqrt(len(seen))
    if float((seen**2).mean()) <= float((random**2).mean()) + _SURE * error:
        return None
    return Quiet(tail_of(seen), _mean_tail([tail_of(one) for one in random]))


def gaps(kind: Kind, differences: FloatArray) -> FloatArray:
    """Return the distance of each row of differences of shares, shape (batches,)."""
    if kind == "number":
        reached: FloatArray = np.abs(np.cumsum(differences, axis=1)).max(axis=1)
        return reached
    half: FloatArray = np.abs(differences).sum(axis=1) / 2
    return half


def tail_of(distances: FloatArray) -> Tail:
    """Return the exponential tail of at least 8 distances: above the fifth largest of 20, with their mean excess as slope.

    >>> tail = tail_of(np.linspace(0.01, 0.1, 10))
    >>> round(tail.at(0.3), 3), round(tail.at(0.03), 3)
    (0.07, 0.116)
    """
    ordered = np.sort(distances)[::-1]
    exceeding = max(3, ceil(_EXCEEDING * len(ordered)))
    threshold = float(ordered[exceeding])
    slope = float((ordered[:exceeding] - threshold).mean())
    return Tail(threshold + slope * log(exceeding / len(ordered)), slope)


def _mean_tail(tails: Sequence[Tail]) -> Tail:
    return Tail(float(np.mean([tail.level for tail in tails])), float(np.mean([tail.slope for tail in tails])))


def _random_gaps(
    kind: Kind, expected: FloatArray, rows: FloatArray, held: FloatArray, generator: np.random.Generator
) -> FloatArray:
    """Return distances of random batches, shape (draws, batches): as often as it takes to know their tail."""
    draws = max(1, min(ceil(_DRAWS / len(rows)), _BLOCK // expected.size))
    # What a batch is compared with is a sample too: as if the batch were a little smaller.
    larger = np.sqrt(1 + rows / held)
    noise = _normal_noise if kind == "number" else _level_noise
    return np.stack([gaps(kind, noise(expected, rows, generator)) * larger for _ in range(draws)])


def _normal_noise(shares: FloatArray, rows: FloatArray, generator: np.random.Generator) -> FloatArray:
    # Normal deviations with the covariance of multinomial samples: running sums of them are as good, and drawn quickly.
    roots = np.sqrt(shares.clip(0))
    normal = generator.standard_normal(shares.shape)
    noise: FloatArray = roots * (normal - roots * (roots * normal).sum(axis=1, keepdims=True)) / np.sqrt(rows)[:, None]
    return noise


def _level_noise(shares: FloatArray, rows: FloatArray, generator: np.random.Generator) -> FloatArray:
    sure = shares.clip(0) / shares.clip(0).sum(axis=1, keepdims=True) * (1 - 1e-12)  # rounded sums must not pass 1
    drawn: FloatArray = generator.multinomial(rows.astype(np.int64), sure) / rows[:, None] - shares
    return drawn
