"""What does a table say of itself, in a few kilobytes that outlive its rows? Values only; `quality.profile` measures them."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from steward.quality.history import QualityMetric, Stage


@dataclass(frozen=True, slots=True)
class Cells:
    """The few figures that also each period has; an empty cell is null or NaN.

    `zeros`, `mean` and `std` (of a sample, n - 1) are None where the column holds no quantity, the last two also where there
    is too little. Infinite cells count in `rows` alone.
    """

    rows: int
    nulls: int
    distinct: int
    zeros: int | None = None
    mean: float | None = None
    std: float | None = None

    @property
    def present(self) -> int:
        """How many cells are not empty."""
        return self.rows - self.nulls

    @property
    def null_share(self) -> float:
        """Share of empty cells, 0 to 1; 0 where there are no rows."""
        return self.nulls / max(self.rows, 1)

    @property
    def zero_share(self) -> float | None:
        """Share of all cells that are zero, 0 to 1; None where the column holds no quantity."""
        return None if self.zeros is None else self.zeros / max(self.rows, 1)


@dataclass(frozen=True, slots=True)
class NumberFigures:
    """A column of quantities without its empty and infinite cells.

    `quantiles` go from a share in percent to a value, interpolated; `iqr_outliers` lie more than 1.5 quartile distances
    beyond the quartiles (where these are equal: every other value), `z_outliers` more than 3 standard deviations off the mean;
    None where nothing can be far. `min` and `max` are None in a column that needs care: they are cells of single rows.
    """

    negatives: int
    infinite: int
    min: float | None
    max: float | None
    quantiles: Mapping[str, float]
    iqr_outliers: int | None
    z_outliers: int | None


@dataclass(frozen=True, slots=True)
class Bars:
    """How cells lie between `edges` (ascending, one more than `counts`; of times their physical value), and beyond them.

    `low` and `high` are the outer edges as people read them.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    below: int
    above: int
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class ValueCount:
    """One value, what it means by the dictionary's codes, and in how many rows it stands."""

    value: str
    words: str
    rows: int


@dataclass(frozen=True, slots=True)
class ColumnFigures:
    """One column: what the dictionary says of it, and what its cells are.

    `declared` is false where the dictionary does not know the column. `values` are the most frequent ones, most rows first;
    rare values of a column that needs care are left out. `first` and `last` are the outer times (ISO 8601).
    """

    name: str
    type: str
    unit: str
    meaning: str
    care: str
    declared: bool
    coded: bool
    cells: Cells
    number: NumberFigures | None
    first: str | None
    last: str | None
    bars: Bars | None
    values: tuple[ValueCount, ...]
    by_period: Mapping[str, Cells]

    @property
    def masked(self) -> bool:
        """Whether single cells must not be shown: they are personal or sensitive."""
        return self.care != "none"

    @property
    def always_null(self) -> bool:
        """Whether there are rows, and nothing in them."""
        return 0 < self.cells.rows == self.cells.nulls

    @property
    def constant(self) -> bool:
        """Whether all cells that are not empty hold the same."""
        return self.cells.distinct == 1

    @property
    def complete(self) -> bool:
        """Whether `values` are all values there are."""
        return len(self.values) == self.cells.distinct


@dataclass(frozen=True, slots=True)
class TableProfile:
    """A table of `rows` rows, column by column; `duplicates` repeat an earlier row, `periods` are rows of each period in order."""

    rows: int
    duplicates: int
    periods: Mapping[str, int]
    columns: tuple[ColumnFigures, ...]

    def column(self, name: str) -> ColumnFigures | None:
        """Return the figures of one column."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def always_null(self) -> tuple[str, ...]:
        """Names of the columns that hold nothing at all."""
        return tuple(column.name for column in self.columns if column.always_null)

    @property
    def constant(self) -> tuple[str, ...]:
        """Names of the columns that hold one value only."""
        return tuple(column.name for column in self.columns if column.constant)

    def as_dict(self) -> dict[str, Any]:
        """Return the profile as a JSON object."""
        return asdict(self)


def metrics_of(profile: TableProfile, stage: Stage) -> tuple[QualityMetric, ...]:
    """Return the figures worth keeping over time, the rows as a whole first; shares are 0 to 1."""
    whole = {"rows": profile.rows, "columns": len(profile.columns), "duplicates": profile.duplicates}
    of_all = [QualityMetric(stage, "", name, float(value)) for name, value in whole.items()]
    return (*of_all, *(QualityMetric(stage, c.name, name, value) for c in profile.columns for name, value in _measured(c)))


def _measured(column: ColumnFigures) -> Iterator[tuple[str, float | None]]:
    cells, number = column.cells, column.number
    yield "null_share", cells.null_share
    yield "distinct", float(cells.distinct)
    if number is None:
        return
    yield "zero_share", cells.zero_share
    yield "mean", cells.mean
    yield "std", cells.std
    yield "median", number.quantiles.get("50")
    for name in ("min", "max", "iqr_outliers", "z_outliers"):
        value = getattr(number, name)
        yield name, None if value is None else float(value)
