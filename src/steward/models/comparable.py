"""By which columns can rows be compared, and how does each column count as much as any other?

Numbers are standardised, their gaps filled with the median. A code of more than two levels becomes a column a level; all of them
together count as one number does. A column that says the same of every row, or nothing of any, compares nothing and is left out.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from steward.core.errors import Fault, UsageError
from steward.models.spread import Spread, fit_spread

Array = npt.NDArray[np.float64]

_AS_NUMBER = 2  # levels: one is the other turned round
_FEWEST_ROWS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Comparable:
    """Rows and the columns that tell them apart.

    `matrix` of shape (rows, columns) holds them as they are, NaN where missing; `points` of shape (rows, spread columns) as
    distances are measured between them. `codes` are the columns whose numbers have no order. `notes` say what was left out.
    """

    matrix: Array
    points: Array
    spread: Spread
    codes: frozenset[str]
    notes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that were kept, in order."""
        return self.spread.names


def compare_rows(matrix: Array, *, names: Sequence[str], categories: Collection[str] = ()) -> Comparable:
    """Return rows by the columns that tell them apart; infinite numbers count as gaps.

    Args:
        matrix: shape (rows, columns), NaN where missing.
        names: one for each column.
        categories: those of them whose numbers are codes.

    Raises:
        UsageError: MODEL-061 there are fewer than two rows, or no column tells them apart.
    """
    finite = np.where(np.isfinite(matrix), matrix, np.nan)
    different = np.array([len(np.unique(column[~np.isnan(column)])) for column in finite.T])
    kept = different > 1
    notes = _notes(matrix, names, different)
    if len(matrix) < _FEWEST_ROWS or not kept.any():
        what = "a single row has nothing to be compared with" if len(matrix) < _FEWEST_ROWS else "no feature tells rows apart"
        raise UsageError(Fault("MODEL-061", what, notes, fix="name periods that hold more rows, or other features"))
    chosen = tuple(name for name, keep in zip(names, kept, strict=True) if keep)
    many = {name for name, count in zip(names, different, strict=True) if count > _AS_NUMBER and name in categories}
    spread = _even(fit_spread(finite[:, kept], names=chosen, categories=many))
    codes = frozenset(name for name in chosen if name in categories)
    notes += tuple(_rare(spread, different[kept]))
    return Comparable(finite[:, kept], spread(finite[:, kept]), spread, codes, notes)


def column_labels(spread: Spread, words: Mapping[str, Mapping[str, str]] | None = None) -> tuple[str, ...]:
    """Return what each spread column is called: its name, with the level's word where it has levels.

    Args:
        spread: of the columns.
        words: what codes mean, by column and by the code as text.
    """
    known = words or {}
    return tuple(
        f"{name}: {known.get(name, {}).get(f'{level:g}', f'{level:g}')}" if levels else name
        for name, levels in zip(spread.names, spread.levels, strict=True)
        for level in levels or (0.0,)
    )


def _even(spread: Spread) -> Spread:
    """Return a spread whose levels share the weight of one number."""
    levels = np.array([max(len(known), 1) for known in spread.levels])[spread.owners]
    return Spread(spread.names, spread.levels, spread.medians, spread.centres, spread.scales * np.sqrt(levels))


def _rare(spread: Spread, different: npt.NDArray[np.intp]) -> Iterator[str]:
    for name, levels, count in zip(spread.names, spread.levels, different, strict=True):
        if 0 < len(levels) < count:
            yield f"of the {count:,} levels of {name} only the {len(levels)} most frequent are told apart"


def _notes(matrix: Array, names: Sequence[str], different: npt.NDArray[np.intp]) -> tuple[str, ...]:
    infinite = [(name, int(np.isinf(column).sum())) for name, column in zip(names, matrix.T, strict=True)]
    gaps = int((~np.isfinite(matrix[:, different > 1])).sum())
    empty = [name for name, count in zip(names, different, strict=True) if count == 0]
    constant = [name for name, count in zip(names, different, strict=True) if count == 1]
    told = [
        f"{name} is infinite in {rows:,} {'row' if rows == 1 else 'rows'}, which counts as a gap" for name, rows in infinite if rows
    ]
    told += [f"left out, for no row holds it: {', '.join(empty)}"] if empty else []
    told += [f"left out, for it is the same in every row that holds it: {', '.join(constant)}"] if constant else []
    told += [f"{gaps:,} gaps are filled: a number with its median, a code of several levels with none of them"] if gaps else []
    return tuple(told)
