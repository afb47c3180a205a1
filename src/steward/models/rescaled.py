"""What if errors grow with the quantity? Its root or logarithm is learnt, and answers are put back into its unit.

The square of a mean root is less than the mean of squares; what is missing on average - the smear - is measured on rows the
model has not learnt from where there are some, and added. Duan, *Smearing Estimate: A Nonparametric Retransformation Method*,
JASA 78 (1983).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from steward.core.atomic import write_bytes_atomically
from steward.core.errors import Fault, UsageError
from steward.project.tuning import Transform

Array = npt.NDArray[np.float64]

_KNOWN: Mapping[str, tuple[Callable[[Array], Array], float]] = {"sqrt": (np.sqrt, 0.0), "log1p": (np.log1p, 1.0)}
"""What is learnt of each, and the smear that changes nothing."""


class Inner(Protocol):
    """The model of what is learnt: any kind of the zoo."""

    kind: ClassVar[str]

    @property
    def names(self) -> tuple[str, ...]: ...  # noqa: D102 - as `zoo.Fitted` has it
    def predict(self, matrix: Array) -> Array: ...  # noqa: D102
    def importance(self) -> Array: ...  # noqa: D102
    def content(self) -> bytes: ...  # noqa: D102


@dataclass(frozen=True, slots=True, eq=False)
class Rescaled:
    """A model whose answers are put back: squared and `smear` added, or the exponential times `smear`, less one."""

    inner: Inner
    transform: Transform
    smear: float
    kind: ClassVar[str] = "rescaled"
    file: ClassVar[str] = "model.rescaled"

    @property
    def names(self) -> tuple[str, ...]:
        """The columns it reads, in order."""
        return self.inner.names

    def predict(self, matrix: Array) -> Array:
        """Return one answer a row, in the target's unit, of a matrix of shape (rows, columns); NaN is missing."""
        return _put_back(self.inner.predict(matrix), self.transform, self.smear)

    def importance(self) -> Array:
        """Return each column's share in what is learnt."""
        return self.inner.importance()

    def content(self) -> bytes:
        """Return the bytes of its file: a line of JSON, then the file of the model inside."""
        head = {"kind": self.inner.kind, "transform": self.transform, "smear": self.smear}
        return json.dumps(head).encode() + b"\n" + self.inner.content()

    def dump(self, folder: Path) -> None:
        """Write its file into a folder."""
        write_bytes_atomically(folder / self.file, self.content())


def transformed(target: Array, transform: Transform) -> Array:
    """Return what is learnt of a target of shape (rows,).

    Raises:
        UsageError: MODEL-028 some of it is negative.
    """
    below = int(np.sum(target < 0))
    if below:
        what = f"the target is negative in {below:,} of {len(target):,} rows, and has no {transform} there"
        raise UsageError(Fault("MODEL-028", what, ("project.yaml: candidates",), fix="leave  transform  out, or check the target"))
    return _KNOWN[transform][0](target)


def rescaled(inner: Inner, transform: Transform, sample: tuple[Array, Array], *, of_mean: bool = True) -> Rescaled:
    """Return the model of a target, of one that has learnt what `transformed` returns.

    Args:
        inner: the model inside.
        transform: what it has learnt.
        sample: matrix and target, in its unit, of the rows that tell the smear.
        of_mean: whether it learnt means; a median or another quantile needs no smear.
    """
    matrix, target = sample
    plain = Rescaled(inner, transform, _KNOWN[transform][1])
    return replace(plain, smear=_smear(inner.predict(matrix), target, transform)) if of_mean and len(target) else plain


def parse_rescaled(content: bytes, parse: Callable[[str, bytes], Any]) -> Rescaled:
    """Return the model of a file's content.

    Raises:
        ValueError: the content is something else.
        StewardError: what `parse` finds wrong with the model inside.
    """
    head, _, rest = content.partition(b"\n")
    told = json.loads(head)
    kind, transform, smear = told["kind"], told["transform"], float(told["smear"])
    if transform not in _KNOWN or kind == Rescaled.kind or not np.isfinite(smear):
        raise ValueError(f"a {kind} model of {transform} with a smear of {smear} is not known")
    return Rescaled(parse(kind, rest), transform, smear)


def _smear(learnt: Array, target: Array, transform: Transform) -> float:
    """Return what makes the answers to some rows right on average."""
    if transform == "sqrt":
        return float(np.mean(target) - np.mean(np.square(np.maximum(learnt, 0.0))))
    return float(np.mean(target + 1.0) / np.mean(np.exp(learnt)))


def _put_back(learnt: Array, transform: Transform, smear: float) -> Array:
    if transform == "sqrt":
        answers: Array = np.maximum(np.square(np.maximum(learnt, 0.0)) + smear, 0.0)
        return answers
    with np.errstate(over="ignore"):  # an infinite answer is refused by whoever asked
        return np.exp(learnt) * smear - 1.0
