"""What came in? Every column of a table in figures: empty cells, values, spread, outliers, and the same for each period.

A column is sorted once, as a whole and period by period: what is asked of it - distinct values, zeros, quantiles, outliers,
bars - is then looked up and exact. (How a sample is remembered for drift is `steward.monitoring.sketch`.)
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.data.assemble import PERIOD
from steward.project.dictionary import ColumnSpec, DictionarySpec
from steward.quality.duplicates import repeated_rows
from steward.quality.figures import Bars, Cells, ColumnFigures, NumberFigures, TableProfile, ValueCount

Array = npt.NDArray[Any]

LEAST_ROWS_SHOWN = 10
"""Values of a column that needs care are told where at least so many rows share them."""

_MOST_VALUES = 50
_MOST_QUANTITIES = 5  # where a quantity has more different values, the most frequent say little
_QUANTILES = (1, 5, 25, 50, 75, 95, 99)
_BARS = 24
_OUTER = 0.01  # on each side, beyond the bars
_FENCE = 1.5  # quartile distances, Tukey 1977
_FAR = 3.0  # standard deviations
_THREADS = 2
_EXACT = 2.0**50  # up to here halves have a number of their own


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of one period that lie one after the other."""

    period: str
    start: int
    rows: int


def profile_table(frame: pl.DataFrame, dictionary: DictionarySpec, *, like: TableProfile | None = None) -> TableProfile:
    """Return the figures of every column but `period`, as a whole and for each value of `period`.

    Args:
        frame: any rows; a NaN counts as an empty cell.
        dictionary: gives type, unit, meaning and words for codes; it need not know every column. Of columns it calls
            personal or sensitive, no value is told that fewer than ten rows share.
        like: a profile whose bars are used, so that two tables can be drawn over each other.
    """
    frame, parts = _by_period(frame)
    edges = {column.name: column.bars.edges for column in like.columns if column.bars} if like else {}

    def measure(name: str) -> ColumnFigures:
        return _column(frame[name], dictionary.columns.get(name), parts, edges.get(name))

    names = [name for name in frame.columns if name != PERIOD]
    with ThreadPoolExecutor(_THREADS) as pool:
        columns = tuple(pool.map(measure, names))
    duplicates = int(repeated_rows(frame, frame.columns).sum()) if frame.height else 0
    return TableProfile(frame.height, duplicates, {part.period: part.rows for part in parts}, columns)


def _by_period(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[_Part]]:
    """Return the rows with those of each period together, in the order in which periods come, and where each lies."""
    if PERIOD not in frame.columns:
        return frame, []
    runs = frame[PERIOD].rle().struct.unnest()
    if runs["value"].n_unique() < runs.height:
        order = {period: place for place, period in enumerate(runs["value"].unique(maintain_order=True))}
        frame = frame.sort(pl.col(PERIOD).replace_strict(order), maintain_order=True)
        runs = frame[PERIOD].rle().struct.unnest()
    ends = runs["len"].cum_sum()
    return frame, [_Part(str(period), end - rows, rows) for rows, period, end in zip(runs["len"], runs["value"], ends, strict=True)]


def _column(column: pl.Series, spec: ColumnSpec | None, parts: Sequence[_Part], edges: Sequence[float] | None) -> ColumnFigures:
    dtype, codes = column.dtype, (spec.codes or {}) if spec else {}
    quantity = dtype.is_numeric() and not codes
    ordered = dtype.is_numeric() or dtype.is_temporal()
    shown = column.to_physical() if dtype.is_temporal() else column
    pieces = {part.period: shown.slice(part.start, part.rows) for part in parts}
    measure = _ordered_cells if ordered else _other_cells
    cells, present = measure(shown, quantity)
    care = spec.sensitivity if spec else "none"
    enough = care == "none" or cells.present >= LEAST_ROWS_SHOWN
    numbers = present.astype(np.float64, copy=False) if enough and not isinstance(present, pl.Series) else np.empty(0)
    return ColumnFigures(
        name=column.name,
        type=spec.type if spec else _type_of(dtype),
        unit=spec.unit if spec else "",
        meaning=spec.meaning if spec else "",
        care=care,
        declared=spec is not None,
        coded=bool(codes),
        cells=cells,
        number=_number(numbers, len(present), cells, careful=care != "none") if quantity else None,
        first=_outer(column.min(), care) if dtype.is_temporal() else None,
        last=_outer(column.max(), care) if dtype.is_temporal() else None,
        bars=_bars(numbers, dtype, edges, careful=care != "none") if ordered and not codes else None,
        values=() if dtype.is_temporal() else _values(present, codes, cells.distinct, care),
        by_period={period: measure(piece, quantity)[0] for period, piece in pieces.items()},
    )


def _ordered_cells(column: pl.Series, quantity: bool) -> tuple[Cells, Array]:  # noqa: FBT001 - one of two of a kind
    """Return the figures of numbers or times, and what is finite among them, ascending."""
    if column.dtype.is_decimal():
        column = column.cast(pl.Float64)
    held = column.drop_nulls().to_numpy()
    finite = held[np.isfinite(held)] if column.dtype.is_float() else held
    values = np.sort(finite)
    empty = len(column) - len(held) + (int(np.isnan(held).sum()) if len(finite) < len(held) else 0)
    distinct = int(np.count_nonzero(values[1:] != values[:-1])) + 1 if len(values) else 0
    if not quantity:
        return Cells(len(column), empty, distinct), values
    mean, std = _moments(values)
    return Cells(len(column), empty, distinct, _places(values, 0, 0), mean, std), values


def _moments(values: Array) -> tuple[float | None, float | None]:
    if not len(values):
        return None, None
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(values.mean(dtype=np.float64))
        std = float(values.std(dtype=np.float64, ddof=1)) if len(values) > 1 else np.nan
    return (mean if np.isfinite(mean) else None), (std if np.isfinite(std) else None)


def _other_cells(column: pl.Series, _quantity: bool) -> tuple[Cells, pl.Series]:  # noqa: FBT001 - one of two of a kind
    """Return the figures of texts, booleans and whatever else, and the cells that are not empty."""
    held = column.drop_nulls()
    return Cells(len(column), len(column) - len(held), held.n_unique()), held


def _places(values: Array, low: float, high: float) -> int:
    """Return how many of the ascending values lie between two bounds, both included."""
    return int(np.searchsorted(values, high, side="right") - np.searchsorted(values, low, side="left"))


def _number(values: Array, finite: int, cells: Cells, *, careful: bool) -> NumberFigures:
    quantiles = {str(percent): _quantile(values, percent / 100) for percent in _QUANTILES} if len(values) else {}
    spread = quantiles["75"] - quantiles["25"] if quantiles else 0.0
    fences = (quantiles["25"] - _FENCE * spread, quantiles["75"] + _FENCE * spread) if quantiles else None
    differ = cells.distinct > 1 and cells.mean is not None and cells.std is not None
    z = (cells.mean - _FAR * cells.std, cells.mean + _FAR * cells.std) if differ else None  # type: ignore[operator]
    ends = (float(values[0]), float(values[-1])) if len(values) and not careful else (None, None)
    return NumberFigures(
        negatives=int(np.searchsorted(values, 0, side="left")),
        infinite=cells.present - finite,
        min=ends[0],
        max=ends[1],
        quantiles=quantiles,
        iqr_outliers=len(values) - _places(values, *fences) if fences else None,
        z_outliers=len(values) - _places(values, *z) if z else None,
    )


def _quantile(values: Array, share: float) -> float:
    """Return the value below which a share of the ascending values lies, between two of them where it falls there."""
    place = share * (len(values) - 1)
    left, rest = int(place), place - int(place)
    # Where the place is exact the next value has no say; two products do not overflow where a difference would.
    return float(values[left]) * (1 - rest) + float(values[left + 1]) * rest if rest else float(values[left])


def _bars(values: Array, dtype: pl.DataType, edges: Sequence[float] | None, *, careful: bool) -> Bars | None:
    """Return bars over all but the outermost hundredths, on which a plot would be lost; one bar a number where these are few."""
    if not len(values):
        return None
    cuts = np.asarray(edges if edges is not None else _edges(values, dtype, careful=careful), dtype=np.float64)
    places = np.searchsorted(values, cuts[:-1], side="left")
    last = int(np.searchsorted(values, cuts[-1], side="right"))
    counts = np.diff(np.append(places, last))
    inward = 0.5 if dtype.is_integer() and cuts[0] % 1 == 0.5 else 0.0  # noqa: PLR2004 - bars around whole numbers
    low, high = _edge_text(cuts[0] + inward, dtype), _edge_text(cuts[-1] - inward, dtype)
    return Bars(tuple(cuts.tolist()), tuple(counts.tolist()), int(places[0]), len(values) - last, low, high)


def _edges(values: Array, dtype: pl.DataType, *, careful: bool) -> Array:
    if careful:  # between two cells, so that the edge is none of them
        low, high = _quantile(values, _OUTER), _quantile(values, 1 - _OUTER)
    else:
        last = len(values) - 1
        low, high = float(values[floor(_OUTER * last)]), float(values[ceil((1 - _OUTER) * last)])
    if dtype.is_integer() and high - low < _BARS and max(-low, high) < _EXACT:
        return np.arange(np.floor(low), np.ceil(high) + 2) - 0.5
    if not low < high:
        width = max(abs(low), 1.0) / 2
        low, high = low - width, low + width
    # Halved, because the distance of the two may be more than a number can hold.
    return np.linspace(low / 2, high / 2, _BARS + 1) * 2


def _edge_text(edge: float, dtype: pl.DataType) -> str:
    if not dtype.is_temporal():
        return f"{edge:.6g}"
    return _iso(pl.Series([int(edge)]).cast(pl.Int32 if dtype == pl.Date else pl.Int64).cast(dtype)[0])


def _outer(moment: object, care: str) -> str | None:
    return None if moment is None or care != "none" else _iso(moment)


def _iso(moment: Any) -> str:
    return str(moment.isoformat(timespec="seconds") if hasattr(moment, "hour") else moment)


def _values(present: "Array | pl.Series", codes: Mapping[str, str], distinct: int, care: str) -> tuple[ValueCount, ...]:
    """Return the most frequent values, most rows first, by value where rows are equal."""
    if isinstance(present, pl.Series):
        counted = _counted_texts(present, _MOST_VALUES)
    else:
        counted = _counted_numbers(present, _MOST_VALUES if codes or distinct <= _MOST_VALUES else _MOST_QUANTITIES)
    least = 1 if care == "none" else LEAST_ROWS_SHOWN
    return tuple(ValueCount(value, codes.get(value, ""), rows) for value, rows in counted if rows >= least)


def _counted_numbers(values: Array, most: int) -> list[tuple[str, int]]:
    if not len(values):
        return []
    starts = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
    rows = np.diff(np.append(starts, len(values)))
    first = np.argsort(-rows, kind="stable")[:most]
    return [(_text(values[starts[place]]), int(rows[place])) for place in first]


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, np.floating) else str(value)


def _counted_texts(values: pl.Series, most: int) -> list[tuple[str, int]]:
    if values.dtype.is_nested() or values.dtype == pl.Binary:
        return []
    counts = values.cast(pl.String).alias("value").value_counts()
    return counts.top_k(most + 1, by="count").sort("count", "value", descending=[True, False]).head(most).rows()


_TYPES: Sequence[tuple[Callable[[pl.DataType], bool], str]] = (
    (lambda dtype: dtype.is_integer(), "integer"),
    (lambda dtype: dtype.is_numeric(), "number"),
    (lambda dtype: dtype.is_temporal(), "datetime"),
    (lambda dtype: dtype == pl.Boolean, "boolean"),
)


def _type_of(dtype: pl.DataType) -> str:
    return next((name for fits, name in _TYPES if fits(dtype)), "text")
