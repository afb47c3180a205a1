"""Which kinds of model are there, and how is one fitted, stored and read back?

All share one shape, `Fitted`. Each kind is one file that holds numbers only: reading it runs no code.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from steward.core.errors import Fault, StewardError, UsageError, unknown_name
from steward.models.boosted import Boosted, fit_boosted, parse_boosted
from steward.models.linear import Linear, fit_linear, parse_linear
from steward.models.logistic import Logistic, fit_logistic, parse_logistic
from steward.models.mean import Mean, Prior, fit_mean, fit_prior, parse_mean, parse_prior
from steward.project.candidates import CandidateSpec, LightGbmSpec, LinearSpec, MeanSpec

Array = npt.NDArray[np.float64]
Sample = tuple[Array, Array]
"""Rows to learn from or to be judged on: a matrix (rows, columns; NaN where missing) and the truth (rows,)."""


class Fitted(Protocol):
    """A model that has learnt: from a matrix (rows, columns) to an answer a row.

    A quantity is answered in the target's unit, classes by probabilities in the order of their codes.
    """

    kind: ClassVar[str]
    file: ClassVar[str]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns it reads, in order."""
        ...

    def predict(self, matrix: Array) -> Array:
        """Return shape (rows,), or (rows, classes) with rows that sum to 1.

        NaN in the matrix is missing; ValueError for another number of columns.
        """
        ...

    def importance(self) -> Array:
        """Return shape (columns,): shares that sum to 1, or zeros where no column matters."""
        ...

    def content(self) -> bytes:
        """Return the bytes of its file."""
        ...

    def dump(self, folder: Path) -> None:
        """Write its file into a folder."""
        ...


SIMPLEST_FIRST: tuple[str, ...] = ("mean", "linear", "lightgbm")
"""Kinds of candidates, as the project file calls them."""

_KINDS: tuple[type[Fitted], ...] = (Mean, Prior, Linear, Logistic, Boosted)
FILES: Mapping[str, str] = {kind.kind: kind.file for kind in _KINDS}

_PARSERS: Mapping[str, Callable[[bytes], Fitted]] = {
    Mean.kind: parse_mean,
    Prior.kind: parse_prior,
    Linear.kind: parse_linear,
    Logistic.kind: parse_logistic,
    Boosted.kind: parse_boosted,
}


def fit(
    candidate: CandidateSpec,
    matrix: Array,
    target: Array,
    *,
    names: Sequence[str],
    validation: Sample | None = None,
    classes: int = 0,
    categories: Collection[str] = (),
) -> Fitted:
    """Return a candidate fitted to a matrix (rows, columns) and its truth (rows,).

    Args:
        candidate: kind and settings, from the project file.
        matrix: float64, NaN where missing.
        target: float64, finite; the codes of classes, each of them in some row.
        names: one for each column.
        validation: other rows that tell boosted trees when to stop; the other kinds do not look at them.
        classes: how many there are; 0 for a quantity.
        categories: columns whose numbers are codes; only the linear model of classes asks.
    """
    columns = tuple(names)
    match candidate:
        case MeanSpec():
            return fit_prior(target, classes=classes, names=columns) if classes else fit_mean(target, names=columns)
        case LinearSpec(alpha=alpha) if classes:
            return fit_logistic(matrix, target, alpha=alpha, names=columns, categories=categories)
        case LinearSpec(alpha=alpha):
            return fit_linear(matrix, target, alpha=alpha, names=columns)
        case LightGbmSpec():
            return fit_boosted(candidate, matrix, target, names=columns, validation=validation, classes=classes)


def load(kind: str, folder: Path) -> Fitted:
    """Return the model that `dump` wrote into a folder.

    Raises:
        UsageError: MODEL-002 no such kind, MODEL-003 the file holds something else.
    """
    return parse(kind, (folder / file_of(kind)).read_bytes())


def parse(kind: str, content: bytes) -> Fitted:
    """Return the model of a file's content, already in memory (so that it can be verified first).

    Raises:
        UsageError: MODEL-002 no such kind, MODEL-003 the content is something else.
        EnvironmentFault: MODEL-020 its library cannot be loaded on this machine.
    """
    file = file_of(kind)
    try:
        return _PARSERS[kind](content)
    except StewardError:
        raise
    except Exception as error:  # each library has errors of its own for what it cannot read
        what = f"{file} does not hold a {kind} model"
        raise UsageError(Fault("MODEL-003", what, why=str(error), fix="train it again")) from error


def file_of(kind: str) -> str:
    """Return the name of the file a kind of model is kept in; UsageError MODEL-002 for an unknown kind."""
    if kind not in FILES:
        raise unknown_name("kind of model", kind, FILES, code="MODEL-002")
    return FILES[kind]
