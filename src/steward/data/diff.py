"""What is different between two tables of the same kind: columns, rows by period, and how full and how large each column is?

Rows are compared as hashes of the columns that both sides have with the same type, each as often as it
occurs; their order does not count. Where a key is known, a row that went and a row that came with the same
key are one changed row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

_PERIOD, _ROW, _KEY = "period", "row", "key"
_NULLS_WORTH_TELLING = 0.001
_MEAN_WORTH_TELLING = 0.01  # in standard deviations
_MOST_COLUMNS_TOLD = 3

_Figures = tuple[float, float | None, float | None]


@dataclass(frozen=True, slots=True)
class PeriodChange:
    """Rows of one period on both sides; `changed` rows kept their key, None where no key is known."""

    period: str
    before: int
    after: int
    added: int
    removed: int
    changed: int | None

    @property
    def same(self) -> bool:
        """Tell whether both sides hold the same rows."""
        return not (self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """How full (null share, 0 to 1) and how large (mean; None where there is none) a column is on both sides.

    `moved` is how far the mean went, in standard deviations of before; None where that cannot be said.
    """

    name: str
    nulls_before: float
    nulls_after: float
    mean_before: float | None
    mean_after: float | None
    moved: float | None


@dataclass(frozen=True, slots=True)
class Changed:
    """All that is different; `retyped` maps a column to its two types, `compared` are the columns that rows were compared by."""

    added: Mapping[str, str]
    removed: Mapping[str, str]
    retyped: Mapping[str, tuple[str, str]]
    compared: tuple[str, ...]
    periods: tuple[PeriodChange, ...]
    columns: tuple[ColumnChange, ...]

    @property
    def same(self) -> bool:
        """Tell whether both sides hold the same columns and rows, in whatever order."""
        return not (self.added or self.removed or self.retyped) and all(period.same for period in self.periods)

    @property
    def text(self) -> str:
        """Say it in one line."""
        return "; ".join((*_rows_text(self.periods), *_schema_text(self), *_columns_text(self.columns))) or "the same rows"


def what_changed(before: pl.DataFrame, after: pl.DataFrame, key: Sequence[str] = ()) -> Changed:
    """Compare two tables.

    Args:
        before: the earlier rows.
        after: the later rows.
        key: columns that name a row, if any; left aside where one of them is not on both sides.

    Returns:
        The change; rows without a column `period` count as one period without a name.

    >>> old = pl.DataFrame({"id": [1, 2, 3], "fare": [5.0, 6.0, 7.0]})
    >>> new = pl.DataFrame({"id": [2, 3, 4], "fare": [6.0, 9.0, 8.0]})
    >>> what_changed(old, new, ["id"]).text
    '1 row added, 1 removed, 1 changed; mean of fare 6 -> 7.667; mean of id 2 -> 3'
    """
    shared = [name for name in before.columns if after.schema.get(name) == before.schema[name]]
    known = tuple(key) if key and set(key) <= set(shared) else ()
    return Changed(
        added={name: str(kind) for name, kind in after.schema.items() if name not in before.schema},
        removed={name: str(kind) for name, kind in before.schema.items() if name not in after.schema},
        retyped={
            name: (str(kind), str(after.schema[name]))
            for name, kind in before.schema.items()
            if name in after.schema and after.schema[name] != kind
        },
        compared=tuple(shared),
        periods=_periods(before, after, shared, known),
        columns=_columns(before, after),
    )


def _periods(before: pl.DataFrame, after: pl.DataFrame, shared: Sequence[str], key: Sequence[str]) -> tuple[PeriodChange, ...]:
    old, new = _counted(before, shared, key, "before"), _counted(after, shared, key, "after")
    rows = old.join(new, on=[_PERIOD, _ROW, _KEY], how="full", coalesce=True).fill_null(0)
    went = (pl.col("before") - pl.col("after")).clip(0).sum().alias("went")
    came = (pl.col("after") - pl.col("before")).clip(0).sum().alias("came")
    by_key = rows.group_by(_PERIOD, _KEY).agg(pl.col("before", "after").sum(), went, came)
    changed = pl.min_horizontal("went", "came") if key else pl.lit(0)
    table = (
        by_key.with_columns(changed.alias("changed"))
        .group_by(_PERIOD)
        .agg(pl.col("before", "after", "went", "came", "changed").sum())
        .sort(_PERIOD)
    )
    return tuple(
        PeriodChange(period, b, a, came - changed, went - changed, changed if key else None)
        for period, b, a, went, came, changed in table.iter_rows()  # a row a period
    )


def _counted(frame: pl.DataFrame, shared: Sequence[str], key: Sequence[str], side: str) -> pl.DataFrame:
    """Return how often each row occurs: period, hash of the row, hash of its key (0 without one), count."""
    labels = frame[_PERIOD].cast(pl.String).fill_null("") if _PERIOD in frame.columns else pl.repeat("", frame.height, eager=True)
    marks = [
        labels.alias(_PERIOD),
        _hashes(frame, shared).alias(_ROW),
        _hashes(frame, key).alias(_KEY),
    ]
    return pl.DataFrame(marks).group_by(_PERIOD, _ROW, _KEY).agg(pl.len().cast(pl.Int64).alias(side))


def _hashes(frame: pl.DataFrame, names: Sequence[str]) -> pl.Series:
    if not names:
        return pl.repeat(0, frame.height, dtype=pl.UInt64, eager=True)
    return frame.select(names).hash_rows()


def _columns(before: pl.DataFrame, after: pl.DataFrame) -> tuple[ColumnChange, ...]:
    names = [name for name in before.columns if name in after.columns and name != _PERIOD]
    old, new = _figures(before, names), _figures(after, names)
    return tuple(_column(name, old[name], new[name]) for name in names)


def _column(name: str, old: _Figures, new: _Figures) -> ColumnChange:
    (nulls, mean, deviation), (nulls_after, mean_after, _) = old, new
    moved = None if mean is None or mean_after is None or not deviation else abs(mean_after - mean) / deviation
    return ColumnChange(name, nulls, nulls_after, mean, mean_after, moved)


def _figures(frame: pl.DataFrame, names: Sequence[str]) -> dict[str, _Figures]:
    """Return null share, mean and standard deviation of each column."""
    if not names or not frame.height:
        return dict.fromkeys(names, (0.0, None, None))
    numeric = [name for name in names if frame.schema[name].is_numeric() or frame.schema[name] == pl.Boolean]
    numbers = frame.select(pl.col(name).cast(pl.Float64).fill_nan(None) for name in numeric)
    means = dict(zip(numeric, numbers.mean().row(0), strict=True)) if numeric else {}
    deviations = dict(zip(numeric, numbers.std().row(0), strict=True)) if numeric else {}
    nulls = zip(names, frame.select(names).null_count().row(0), strict=True)
    return {name: (count / frame.height, means.get(name), deviations.get(name)) for name, count in nulls}


def _rows_text(periods: Sequence[PeriodChange]) -> list[str]:
    other = [period for period in periods if not period.same]
    return [": ".join(part for part in (period.period, _counts(period)) if part) for period in other]


def _counts(period: PeriodChange) -> str:
    counts = {"added": period.added, "removed": period.removed, "changed": period.changed or 0}
    said = [f"{count:,} {word}" for word, count in counts.items() if count]
    first, _, rest = said[0].partition(" ")
    return ", ".join((f"{first} {'row' if first == '1' else 'rows'} {rest}", *said[1:]))


def _schema_text(change: Changed) -> list[str]:
    new = [f"new column {name} ({kind})" for name, kind in change.added.items()]
    gone = [f"column {name} is gone" for name in change.removed]
    return [*new, *gone, *(f"{name} is {after}, was {before}" for name, (before, after) in change.retyped.items())]


def _columns_text(columns: Sequence[ColumnChange]) -> list[str]:
    nulls = sorted(columns, key=lambda c: abs(c.nulls_after - c.nulls_before), reverse=True)
    emptier = [
        f"nulls of {c.name} {c.nulls_before:.1%} -> {c.nulls_after:.1%}"
        for c in nulls
        if abs(c.nulls_after - c.nulls_before) >= _NULLS_WORTH_TELLING
    ]
    moved = sorted((c for c in columns if (c.moved or 0) >= _MEAN_WORTH_TELLING), key=lambda c: c.moved or 0, reverse=True)
    larger = [f"mean of {c.name} {c.mean_before:.4g} -> {c.mean_after:.4g}" for c in moved]
    return [*emptier[:_MOST_COLUMNS_TOLD], *larger[:_MOST_COLUMNS_TOLD]]
