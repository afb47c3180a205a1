"""Do the rows themselves give the answer away: copies across the split, inputs that name their row, a shuffled time?

What the declaration can tell is refused before any rows are read (`steward.features.guard`); here the rows are looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

FEWEST_COPIES = 3
MOST_COPIES = 0.01
"""So many equal rows are chance: fewer than three, or up to 1 % of the rows that judge."""

NEARLY_UNIQUE = 0.95
"""Share of different values from which on a column names its rows."""

_FEWEST_ROWS = 30
_MOST_PAIRS = 5
_COMMON_STEP = 0.5
_UNEVEN = 0.05  # greatest distance to an even spread, for many rows


@dataclass(frozen=True, slots=True)
class Copies:
    """Rows that judge a model and stand among those it learns from as well.

    `rows` of the `of` judging rows have a copy; `pairs` are the first few, as places of the judging row and of its copy.
    `disagree` is how many copies have another target; `compared` columns were equal.
    """

    rows: int
    of: int
    pairs: tuple[tuple[int, int], ...]
    disagree: int
    compared: tuple[str, ...]

    @property
    def share(self) -> float:
        """Share of the judging rows that have a copy, 0 to 1."""
        return self.rows / max(self.of, 1)

    @property
    def too_many(self) -> bool:
        """Whether so many are no chance."""
        return self.rows >= FEWEST_COPIES and self.share > MOST_COPIES


def find_copies(learned: pl.DataFrame, judging: pl.DataFrame, columns: Sequence[str], *, place: str, target: str) -> Copies:
    """Return the judging rows that are equal to a learned one in all of some columns; two empty cells are equal.

    Args:
        learned: rows to learn from, with the columns, the target and each row's place.
        judging: the same of rows that judge.
        columns: what a row is compared by; none finds nothing.
        place: the column of places.
        target: the column of the target.
    """
    if not columns:
        return Copies(0, judging.height, (), 0, ())
    # Few rows share a hash: only these are compared value by value.
    own, others = judging.select(columns).hash_rows(), learned.select(columns).hash_rows()
    names = {name: f"key_{number}" for number, name in enumerate(columns)}
    suspects = _keyed(judging.filter(own.is_in(others.unique().implode())), names, place, target)
    seen = _keyed(learned.filter(others.is_in(own.unique().implode())), names, place, target)
    keys = list(names.values())
    first = seen.group_by(keys, maintain_order=True).agg(
        pl.col("place").first().alias("copy"), pl.col("target").unique().alias("targets")
    )
    found = suspects.join(first, on=keys, how="inner", nulls_equal=True, maintain_order="left")
    other = found.select((pl.col("targets").list.len() > 1) | (pl.col("targets").list.first().ne_missing(pl.col("target"))))
    pairs = tuple(found.select("place", "copy").head(_MOST_PAIRS).iter_rows())
    return Copies(found.height, judging.height, pairs, int(other.to_series().sum()), tuple(columns))


def _keyed(rows: pl.DataFrame, names: dict[str, str], place: str, target: str) -> pl.DataFrame:
    """Return what two rows are compared by under names that cannot meet, and beside it the place and the target."""
    keys = [pl.col(name).alias(key) for name, key in names.items()]
    return rows.select(*keys, pl.col(place).alias("place"), pl.col(target).alias("target"))


def telling_columns(rows: pl.DataFrame, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that say something of a row: they are not always the same, and do not merely name it."""
    telling = []
    for name in columns:
        column = rows[name]
        if column.n_unique() > 1 and not names_rows(column):
            telling.append(name)
    return tuple(telling)


def names_rows(column: pl.Series) -> str:
    """Return why a column names its rows and measures nothing; empty where it does not, or where that cannot be told.

    Text does where nearly every row has its own. Whole numbers do where they also go up in equal steps, or are spread
    evenly: what is measured crowds somewhere. Times and fractions are measured.

    >>> names_rows(pl.Series(range(1, 101)))
    '100 different whole numbers in 100 rows, in steps of 1'
    """
    present = column.drop_nulls()
    if present.dtype.is_float():
        present = present.drop_nans()
    different = present.n_unique()
    if len(present) < _FEWEST_ROWS or different < NEARLY_UNIQUE * len(present):
        return ""
    if present.dtype in (pl.String, pl.Categorical, pl.Enum):
        return f"{different:,} different texts in {len(present):,} rows"
    if not _whole(present):
        return ""
    form = _form(present.unique().sort())
    return f"{different:,} different whole numbers in {len(present):,} rows, {form}" if form else ""


def nearly_unique(column: pl.Series) -> bool:
    """Tell whether nearly every row that has a value has its own."""
    present = column.drop_nulls()
    return present.n_unique() >= NEARLY_UNIQUE * max(len(present), 1)


def _whole(values: pl.Series) -> bool:
    if values.dtype.is_integer():
        return True
    return values.dtype.is_float() and bool(values.is_finite().all()) and bool((values == values.round()).all())


def _form(ordered: pl.Series) -> str:
    """Return how different whole numbers lie, ascending: in steps, evenly; empty for any other way."""
    steps = ordered.diff().drop_nulls()
    common = steps.value_counts(sort=True).row(0)
    if common[1] >= _COMMON_STEP * len(steps):
        return f"in steps of {common[0]:g}"
    places = ordered.cast(pl.Float64).to_numpy()
    even = (places - places[0]) / (places[-1] - places[0])
    distance = float(np.abs(even - np.linspace(0, 1, len(even))).max())
    return "evenly spread" if distance <= _UNEVEN + 0.5 / np.sqrt(len(even)) else ""


def moving_times(rows: pl.DataFrame, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of dates or times that are not the same in all rows."""
    return tuple(name for name in columns if rows.schema[name].is_temporal() and rows[name].drop_nulls().n_unique() > 1)
