"""Which engine does a column belong to, and what must be said to each in its own words?

A feature is written once against the calls that Polars and narwhals share, and runs on expressions of either, or on the
symbolic columns of the row path.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

import narwhals as nw
import polars as pl

from steward.features import traced

Column: TypeAlias = nw.Expr
"""A column expression: narwhals' to the type checker; Polars', narwhals' or a symbolic one at run time."""

Meanings: TypeAlias = Mapping[int, float] | Mapping[int, str] | Mapping[str, float] | Mapping[str, str]

_DIGITS = r"^[+-]?0*[0-9]{1,15}\z"
_LONGEST = 10**15 - 1  # some engines divide whole numbers as floats, which hold all up to 2**53
_WHOLE = 9.0e18  # a little below the greatest whole number of 64 bits


def engine_of(column: Column) -> Any:
    """Return the module that a column's `lit`, `when` and data types come from."""
    if isinstance(column, pl.Expr):
        return pl
    return traced if isinstance(column, traced.Traced) else nw


def choose(condition: Column, then: Column | float | str | None, otherwise: Column | float | str | None) -> Column:
    """Return one column, or plain value, where a condition holds and another where it does not or is null."""
    engine = engine_of(condition)
    return cast("Column", engine.when(condition).then(_as_column(engine, then)).otherwise(_as_column(engine, otherwise)))


def only_where(condition: Column, column: Column | float | str) -> Column:
    """Return a column where a condition holds; null where it does not or is null."""
    return choose(condition, column, None)


def coalesce(*columns: Column | float | str) -> Column:
    """Return the first value of each row that is not null; the first argument is a column, the last may be a plain value."""
    engine = engine_of(cast("Column", columns[0]))
    return cast("Column", engine.coalesce(*(_as_column(engine, column) for column in columns)))


def smallest(columns: Sequence[Column]) -> Column:
    """Return the smallest value of each row, passing over nulls; null where all are. The columns hold no NaN."""
    return cast("Column", engine_of(columns[0]).min_horizontal(*columns))


def greatest(columns: Sequence[Column]) -> Column:
    """Return the greatest value of each row, passing over nulls; null where all are. The columns hold no NaN."""
    return cast("Column", engine_of(columns[0]).max_horizontal(*columns))


def recode(column: Column, meanings: Meanings) -> Column:
    """Return the meaning of each code; null for a code that has none.

    A chain of comparisons, for that is what every engine has; meant for tens of codes, not for thousands.
    """
    engine = engine_of(column)
    meaning = engine.lit(None)
    for code, word in meanings.items():
        meaning = engine.when(column == code).then(engine.lit(word)).otherwise(meaning)
    return cast("Column", meaning)


def category(column: Column, edges: Sequence[float], words: Sequence[str]) -> Column:
    """Return the word of the class a number falls into; null stays null, and NaN counts as above every edge.

    Args:
        column: any numbers.
        edges: where the next class begins, rising; a value on an edge belongs to the class above it.
        words: one more than edges, the lowest class first.

    Raises:
        ValueError: the edges do not rise, or there is not one word more than edges.
    """
    if list(edges) != sorted(set(edges)):
        raise ValueError(f"the edges {list(edges)} do not rise")
    if len(words) != len(edges) + 1:
        raise ValueError(f"{len(edges)} edges make {len(edges) + 1} classes, and there are {len(words)} words")
    word = only_where(~column.is_null(), words[0])
    for edge, above in zip(edges, words[1:], strict=True):
        word = choose(column >= edge, above, word)
    return word


def integer(column: Column) -> Column:
    """Return the greatest whole number not above each number, of 64 bits; null for NaN and what 64 bits cannot hold."""
    # Floor first: a cast alone truncates here and rounds on DuckDB.
    held = only_where(column.is_between(-_WHOLE, _WHOLE), column)
    return held.floor().cast(engine_of(column).Int64)


def whole_number(column: Column) -> Column:
    """Return text as a whole number of 64 bits, null where it is none or has more than 15 digits."""
    if engine_of(column) is nw:  # whose casts raise on text that is no number
        unsigned = column.str.replace_all("+", "", literal=True)  # nor do all of them take a plus
        return only_where(column.str.contains(_DIGITS), unsigned).cast(nw.Int64)
    number = cast("Column", cast("Any", column).cast(pl.Int64, strict=False))
    return only_where(number.is_between(-_LONGEST, _LONGEST), number)


def _as_column(engine: Any, value: Any) -> Any:
    # A bare text would be the name of a column.
    return engine.lit(value) if value is None or isinstance(value, str | int | float) else value
