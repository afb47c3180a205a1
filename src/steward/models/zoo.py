"""Which kinds of model are there, and how is one fitted, stored and read back?

All share one shape, `Fitted`. Each kind is one text file that holds numbers only: reading it runs no code.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from steward.core.errors import Fault, StewardError, UsageError, unknown_name
from steward.models.boosted import Boosted, fit_boosted, parse_boosted
from steward.models.linear import Linear, fit_linear, parse_linear
from steward.models.mean import Mean, fit_mean, parse_mean
from steward.project.candidates import CandidateSpec, LightGbmSpec, LinearSpec, MeanSpec

Array = npt.NDArray[np.float64]
Sample = tuple[Array, Array]
"""Rows to learn from or to be judged on: a matrix (rows, columns; NaN where missing) and the truth (rows,)."""


class Fitted(Protocol):
    """A model that has learnt: from a matrix (rows, columns) to an answer a row, in the target's unit."""

    kind: ClassVar[str]
    file: ClassVar[str]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns it reads, in order."""
        ...

    def predict(self, matrix: Array) -> Array:
        """Return shape (rows,); NaN in the matrix is missing; ValueError for another number of columns."""
        ...

    def importance(self) -> Array:
        """Return shape (columns,): shares that sum to 1, or zeros where no column matters."""
        ...

    def text(self) -> str:
        """Return the content of its file."""
        ...

    def dump(self, folder: Path) -> None:
        """Write its file into a folder."""
        ...


SIMPLEST_FIRST: tuple[str, ...] = (Mean.kind, Linear.kind, Boosted.kind)
FILES: Mapping[str, str] = {Mean.kind: Mean.file, Linear.kind: Linear.file, Boosted.kind: Boosted.file}

_PARSERS: Mapping[str, Callable[[str], Fitted]] = {
    Mean.kind: parse_mean,
    Linear.kind: parse_linear,
    Boosted.kind: parse_boosted,
}


def fit(
    candidate: CandidateSpec, matrix: Array, target: Array, *, names: Sequence[str], validation: Sample | None = None
) -> Fitted:
    """Return a candidate fitted to a matrix (rows, columns) and its truth (rows,).

    Args:
        candidate: kind and settings, from the project file.
        matrix: float64, NaN where missing.
        target: float64, finite.
        names: one for each column.
        validation: later rows that tell boosted trees when to stop; the other kinds do not look at them.
    """
    columns = tuple(names)
    match candidate:
        case MeanSpec():
            return fit_mean(target, names=columns)
        case LinearSpec(alpha=alpha):
            return fit_linear(matrix, target, alpha=alpha, names=columns)
        case LightGbmSpec():
            return fit_boosted(candidate, matrix, target, names=columns, validation=validation)


def load(kind: str, folder: Path) -> Fitted:
    """Return the model that `dump` wrote into a folder.

    Raises:
        UsageError: MODEL-002 no such kind, MODEL-003 the file holds something else.
    """
    return parse(kind, (folder / file_of(kind)).read_text(encoding="utf-8"))


def parse(kind: str, text: str) -> Fitted:
    """Return the model of a file's content, already in memory (so that it can be verified first).

    Raises:
        UsageError: MODEL-002 no such kind, MODEL-003 the text is something else.
        EnvironmentFault: MODEL-020 its library cannot be loaded on this machine.
    """
    file = file_of(kind)
    try:
        return _PARSERS[kind](text)
    except StewardError:
        raise
    except Exception as error:  # each library has errors of its own for a text it cannot read
        what = f"{file} does not hold a {kind} model"
        raise UsageError(Fault("MODEL-003", what, why=str(error), fix="train it again")) from error


def file_of(kind: str) -> str:
    """Return the name of the file a kind of model is kept in; UsageError MODEL-002 for an unknown kind."""
    if kind not in FILES:
        raise unknown_name("kind of model", kind, FILES, code="MODEL-002")
    return FILES[kind]
