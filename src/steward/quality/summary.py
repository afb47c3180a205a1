"""What came in, in a few lines for a terminal?"""

from collections.abc import Iterator, Sequence

from steward.quality.figures import ColumnFigures, TableProfile

_NAMED = 4
_MOST_PERIODS = 6
_NEARLY_ALWAYS = 0.01  # share of empty cells from which a column is named


def summary_lines(profile: TableProfile) -> tuple[str, ...]:
    """Return the size of a table, its periods, what is empty or always the same, repeated rows, and the farthest values."""
    return tuple(_lines(profile))


def _lines(profile: TableProfile) -> Iterator[str]:
    cells = sum(column.cells.nulls for column in profile.columns)
    share = cells / max(profile.rows * len(profile.columns), 1)
    yield f"{profile.rows:,} rows, {len(profile.columns)} columns, {share:.1%} of the cells empty; {_repeats(profile.duplicates)}"
    if len(profile.periods) > 1:
        yield f"rows by period: {_few([f'{period} {rows:,}' for period, rows in profile.periods.items()], _MOST_PERIODS)}"
    empty = sorted((c for c in profile.columns if c.cells.null_share >= _NEARLY_ALWAYS), key=lambda c: -c.cells.null_share)
    if empty:
        yield f"empty: {_few([f'{column.name} {column.cells.null_share:.1%}' for column in empty])}"
    if profile.constant:
        yield f"always the same: {_few(profile.constant)}"
    far = [column for column in profile.columns if column.number and column.number.z_outliers]
    if far:
        yield f"beyond 3 standard deviations: {_few([_far(column) for column in sorted(far, key=_farthest, reverse=True)])}"


def _repeats(rows: int) -> str:
    return f"{rows:,} rows repeat an earlier one" if rows else "no row repeats an earlier one"


def _few(texts: Sequence[str], most: int = _NAMED) -> str:
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def _farthest(column: ColumnFigures) -> float:
    """Return how many standard deviations the farthest value is off the mean; 0 where that is not told."""
    number, cells = column.number, column.cells
    if number is None or number.min is None or number.max is None or cells.mean is None or not cells.std:
        return 0.0
    return max(number.max - cells.mean, cells.mean - number.min) / cells.std


def _far(column: ColumnFigures) -> str:
    number, mean = column.number, column.cells.mean
    rows = f"{column.name} in {number.z_outliers:,} rows" if number else column.name
    if number is None or number.min is None or number.max is None or mean is None:
        return rows
    end = number.max if number.max - mean >= mean - number.min else number.min
    return f"{rows} (up to {end:,.6g})" if end == number.max else f"{rows} (down to {end:,.6g})"
