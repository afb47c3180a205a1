"""What was a column before cleaning, and what is it after? Figures side by side, as text."""

from dataclasses import dataclass

from steward.quality.figures import ColumnFigures
from steward.reporting.page import figure
from steward.reporting.quality_contents import QualityContents


@dataclass(frozen=True, slots=True)
class Pair:
    """A column before and after cleaning; `before` is None where it was made later."""

    before: ColumnFigures | None
    after: ColumnFigures | None

    @property
    def any(self) -> ColumnFigures:
        """The column as it came, or as it was made."""
        found = self.before or self.after
        if found is None:
            raise ValueError("a pair of nothing")
        return found


def column_pairs(contents: QualityContents) -> tuple[Pair, ...]:
    """Return every column as it came with what it is after cleaning, then the columns that were made."""
    after = {column.name: column for column in contents.clean.columns}
    pairs = [Pair(column, after.pop(column.name, None)) for column in contents.raw.columns]
    return (*pairs, *(Pair(None, column) for column in after.values()))


def cell_figures(pair: Pair) -> tuple[tuple[str, str, str | None], ...]:
    """Return what is told of a column: name, before, after; None after where nothing changed or it was made later."""
    after = _texts(pair.after) if pair.before and pair.after else {}
    told = _texts(pair.any).items()
    return tuple((name, text, after[name] if after.get(name, text) != text else None) for name, text in told)


def from_to(before: str, after: str | None) -> str:
    """Return two figures as one text.

    >>> from_to("44.7%", "41.0%"), from_to("3", None)
    ('44.7% → 41.0%', '3')
    """
    return before if after is None else f"{before} → {after}"


def _texts(column: ColumnFigures) -> dict[str, str]:
    cells, number = column.cells, column.number
    return {
        "empty": f"{cells.null_share:.1%}",
        "zero": "-" if cells.zero_share is None else f"{cells.zero_share:.1%}",
        "different": f"{cells.distinct:,}",
        "mean": figure(cells.mean),
        "std": figure(cells.std),
        "lowest": _value(number.min) if number else _day(column.first),
        "median": _value(number.quantiles.get("50")) if number else "-",
        "highest": _value(number.max) if number else _day(column.last),
        "beyond quartiles": _count(number.iqr_outliers if number else None),
        "beyond 3 std": _count(number.z_outliers if number else None),
    }


def _value(value: float | None) -> str:
    return "-" if value is None else f"{value:,.6g}"


def _day(moment: str | None) -> str:
    """Return the day of a time: the hour says little of where a table begins and ends."""
    return "-" if moment is None else moment[:10]


def _count(rows: int | None) -> str:
    return "-" if rows is None else f"{rows:,}"
