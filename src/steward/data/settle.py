"""Which rows of a file can be read whole, and what becomes of the others?

A few rows that cannot be read are set apart with their line, the reason and their text; where they are more than the
project allows, or no number of them is harmless, the file is refused with every column's fault at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from steward.core.errors import Fault, UsageError
from steward.data.convert import Converted, convert
from steward.data.remarks import APART, Remark, TableRead, sentences, shown
from steward.data.spelling import odd_spellings
from steward.data.unreadable import EXAMPLES, Where, kind_of, unreadable_cells
from steward.project.dictionary import DictionarySpec

_LONGEST_TEXT = 2_000
_MOST_CATEGORIES = 1_000
_SAMPLE = 5_000
_EXAMPLES = 5

Stand = Callable[[Sequence[int]], tuple[list[int], list[str]]]
"""Gives the place in the file, from 1, and the text of some rows, from 0 and ascending."""


@dataclass(frozen=True, slots=True)
class Cells:
    """A file's wanted columns as it gives them: canonical name to cells, which carry the file's name.

    `short` are rows with too few cells and how many these are; `place` is what `stand` counts.
    """

    path: Path
    given: Mapping[str, pl.Series]
    stand: Stand
    place: Literal["line", "row"]
    short: Mapping[int, str]
    decimal_comma: bool = False
    remarks: tuple[Remark, ...] = ()

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.given.values())))


Columns = Mapping[str, Converted]


def converted(cells: Cells, dictionary: DictionarySpec) -> Columns:
    """Return each column in its promised type."""
    return {
        name: convert(column, dictionary.columns[name], decimal_comma=cells.decimal_comma) for name, column in cells.given.items()
    }


def is_whole(cells: Cells, columns: Columns) -> bool:
    """Tell whether every cell of every row could be read."""
    return not cells.short and all(column.unreadable is None for column in columns.values())


def settle(cells: Cells, columns: Columns, dictionary: DictionarySpec, max_unreadable: float) -> TableRead:
    """Return the rows that are whole, and the others apart.

    Raises:
        UsageError: DATA-001 no rows; DATA-002 and DATA-012 more than a share `max_unreadable` of the rows
            cannot be read, or a column holds what no type here holds.
    """
    if not cells.rows:
        raise UsageError(
            Fault("DATA-001", "the file has column names and no rows", (str(cells.path),), fix="fetch or export it again")
        )
    frame = pl.DataFrame([column.values.alias(name) for name, column in columns.items()])
    remarks = (*cells.remarks, *_remarks(columns))
    if is_whole(cells, columns):
        return TableRead(frame, pl.DataFrame(schema=APART), sentences(remarks))
    short = pl.repeat(value=False, n=cells.rows, eager=True).scatter(list(cells.short), True)
    wrong = {name: mask for name, column in columns.items() if (mask := _wrong(column, short)) is not None}
    bad = pl.DataFrame([short.alias(""), *(mask.alias(name) for name, mask in wrong.items())]).select(pl.any_horizontal(pl.all()))
    rows = bad.to_series()
    _refuse_many(cells, columns, wrong, dictionary, many=int(rows.sum()) > max_unreadable * cells.rows)
    apart = _apart(cells, wrong, rows.arg_true().to_list(), dictionary)
    told = _told(cells, wrong, apart)
    return TableRead(frame.filter(~rows), apart, sentences((told, *remarks)))


def _wrong(column: Converted, short: pl.Series) -> pl.Series | None:
    """Return the unreadable cells of a column in rows that have all their cells."""
    if column.unreadable is None:
        return None
    mask = column.unreadable & ~short
    return mask if mask.any() else None


def _refuse_many(cells: Cells, columns: Columns, wrong: Mapping[str, pl.Series], dictionary: DictionarySpec, *, many: bool) -> None:
    refused = {name: mask for name, mask in wrong.items() if many or columns[name].hopeless}
    where = _where(cells, refused)
    faults = [
        unreadable_cells(dictionary.columns[name], cells.given[name], mask, where, columns[name].hopeless)
        for name, mask in refused.items()
    ]
    if cells.short and many:
        faults.insert(0, _short(cells))
    if faults:
        raise UsageError(*faults)


def _where(cells: Cells, wrong: Mapping[str, pl.Series]) -> Where:
    """Return what names the place of the first wrong cells; they are looked up together, for each look may pass over the file."""
    rows = sorted({row for mask in wrong.values() for row in mask.arg_true().head(EXAMPLES)})
    places = dict(zip(rows, cells.stand(rows)[0], strict=True))
    begin, between = (":", ", :") if cells.place == "line" else (", rows ", ", ")
    return lambda some: f"{cells.path}{begin}{between.join(str(places[row]) for row in some)}"


def _short(cells: Cells) -> Fault:
    rows = sorted(cells.short)[:_EXAMPLES]
    places, texts = cells.stand(rows)
    where = ", ".join(f":{place} has {cells.short[row]}" for place, row in zip(places, rows, strict=True))
    what = "1 line has too few cells" if len(cells.short) == 1 else f"{len(cells.short):,} lines have too few cells"
    fix = "fetch the file again, or mend these lines: a separator is missing"
    return Fault("DATA-002", what, (f"{cells.path}{where}",), f"for example:  {shown(texts[0], 100)}", fix)


def _apart(cells: Cells, wrong: Mapping[str, pl.Series], rows: list[int], dictionary: DictionarySpec) -> pl.DataFrame:
    places, texts = cells.stand(rows)
    reasons = [pl.Series([cells.short.get(row) for row in rows], dtype=pl.String)]
    for name, mask in wrong.items():
        cell = pl.Series([str(value)[:_LONGEST_TEXT] for value in cells.given[name].gather(rows)], dtype=pl.String)
        why = pl.format(
            "{} is not {}: {}", pl.lit(cells.given[name].name), pl.lit(kind_of(dictionary.columns[name])), pl.col("cell")
        )
        found = pl.DataFrame([cell.alias("cell"), mask.gather(rows).alias("mask")]).select(pl.when("mask").then(why)).to_series()
        reasons.append(found)
    reason = pl.DataFrame([one.alias(str(place)) for place, one in enumerate(reasons)]).select(
        pl.concat_str(pl.all(), separator="; ", ignore_nulls=True)
    )
    content = [text[:_LONGEST_TEXT] for text in texts]
    return pl.DataFrame({"line": places, "reason": reason.to_series(), "content": content}, schema=APART)


def _told(cells: Cells, wrong: Mapping[str, pl.Series], apart: pl.DataFrame) -> Remark:
    reasons = [f"{int(mask.sum()):,} by {shown(cells.given[name].name)}" for name, mask in wrong.items()]
    reasons += [f"{len(cells.short):,} with too few cells"] if cells.short else []
    places = ", ".join(map(str, apart["line"].head(_EXAMPLES).to_list()))
    more = ", ..." if apart.height > _EXAMPLES else ""
    what = f"{apart.height:,} of {cells.rows:,} rows cannot be read and were set apart"
    return Remark(what, f"{', '.join(reasons)} ({cells.place} {places}{more})")


def _remarks(columns: Columns) -> list[Remark]:
    remarks = [remark for column in columns.values() for remark in column.remarks]
    empty = [shown(column.values.name) for column in columns.values() if column.values.null_count() == len(column.values)]
    if empty:
        remarks.append(Remark("empty in all rows", ", ".join(empty)))
    return remarks + [remark for column in columns.values() if (remark := _odd(column.values)) is not None]


def _odd(values: pl.Series) -> Remark | None:
    """Return a remark on categories that look alike; free text is passed over."""
    if values.dtype != pl.String or values.head(_SAMPLE).n_unique() > _MOST_CATEGORIES:
        return None
    kinds = values.unique()
    if len(kinds) > _MOST_CATEGORIES:
        return None
    odd = odd_spellings(kinds).rows()
    strange = kinds.drop_nulls().filter(kinds.drop_nulls().str.contains(r"\p{Cf}")).to_list()
    if not odd and not strange:
        return None
    pairs = [f"{_escaped(usual)} and {_escaped(value)}" for value, usual, _ in odd] or [_escaped(value) for value in strange]
    many = f" and {len(pairs) - _EXAMPLES:,} more" if len(pairs) > _EXAMPLES else ""
    return Remark("values that look alike were kept as they are", f'{", ".join(pairs[:_EXAMPLES])}{many} in "{shown(values.name)}"')


def _escaped(value: str) -> str:
    return ascii(shown(value))
