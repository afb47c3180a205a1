"""What does a cell mean that is spelt in another way: nothing, an amount of money, a decimal comma?

Only cells that could not be read as they stand come here, so that a clean column costs nothing.
"""

from dataclasses import dataclass

import polars as pl

from steward.data.remarks import Remark, cells_of, shown
from steward.project.dictionary import ColumnSpec

EMPTY = "read as empty"
_NOTHING = frozenset(
    {
        *("", "na", "n/a", "n.a.", "<na>", "nan", "nat", "null", "nil", "none", "missing"),
        *("-", "--", "?", ".", "#n/a", "#na", "#ref!", "#value!", "#div/0!", "#name?", "#num!", "#null!"),
    }
)
_MONEY = r"[$€£¥₹₽]|\b(?:USD|EUR|GBP)\b"
_GROUPED = r"^[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$"
_WITH_COMMA = r"^[-+]?(?:\d+|\d{1,3}(?:\.\d{3})+),\d+$"
_NUMERIC = r"^[-+\d.,]*\d[\d.,]*$"


@dataclass(frozen=True, slots=True)
class Spelt:
    """Cells as they would be spelt plainly, null where they say that nothing was recorded; `mixed` where they contradict."""

    cells: pl.Series
    remarks: tuple[Remark, ...] = ()
    mixed: str = ""


def without_nothing(cells: pl.Series, spec: ColumnSpec) -> Spelt:
    """Return cells in text with the spellings of nothing as nulls; the column's own codes are kept.

    Args:
        cells: no nulls.
        spec: its `missing` are further spellings, which need no remark.
    """
    words = cells.str.strip_chars()
    declared = [str(word) for word in spec.missing if str(word) not in (spec.codes or {})]
    codes = {code.lower() for code in spec.codes or {}}
    usual = words.str.to_lowercase().is_in(sorted(_NOTHING - codes))
    nothing = usual | words.is_in(declared)
    if not nothing.any():
        return Spelt(cells)
    told = words.filter(usual & ~words.is_in([*declared, ""]))
    return Spelt(_where(cells, ~nothing), _counted(EMPTY, told, cells.name))


def plain_numbers(cells: pl.Series, all_cells: pl.Series, *, decimal_comma: bool) -> Spelt:
    """Return cells that are numbers with a sign of money, thousands separators or a decimal comma as plain numbers.

    Args:
        cells: those that could not be read.
        all_cells: the whole column: only together do they tell what a comma means.
        decimal_comma: a comma may stand before decimals, for it does not separate cells.

    Returns:
        `mixed` says why the column's commas cannot be understood.
    """
    found = _without_money(cells)
    commas = found.cells.filter(found.cells.str.contains(",", literal=True) & found.cells.str.contains(_NUMERIC))
    if commas.is_empty():
        return found
    points = bool((all_cells.str.contains(r"\.\d") & ~all_cells.str.contains(",", literal=True)).any())
    meaning = _meaning(commas, points=points) if decimal_comma else "groups"
    if meaning == "groups":
        bare = found.cells.str.replace_all(",", "", literal=True)
        return _replaced(found, found.cells.str.contains(_GROUPED), bare, "thousands separators were taken out")
    if meaning == "decimals":
        bare = found.cells.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        return _replaced(found, found.cells.str.contains(_WITH_COMMA), bare, "decimal commas were read as points")
    return Spelt(found.cells, found.remarks, meaning)


def _meaning(commas: pl.Series, *, points: bool) -> str:
    """Return what the commas of a column stand for: groups, decimals, or why nobody can tell."""
    grouped, decimal = bool(commas.str.contains(_GROUPED).all()), bool(commas.str.contains(_WITH_COMMA).all())
    if grouped and decimal:
        return "groups" if points else "commas that may stand before thousands or before decimals"
    if grouped:
        return "groups"
    return "decimals" if decimal and not points else "decimal commas beside decimal points"


def _without_money(cells: pl.Series) -> Spelt:
    plain = cells.str.strip_chars()
    money = plain.str.contains(_MONEY)
    if not money.any():
        return Spelt(plain)
    bare = plain.str.replace_all(_MONEY, "").str.replace_all(r"^([-+]?)\s+", "$1").str.strip_chars()
    return _replaced(Spelt(plain), money & bare.str.contains(_NUMERIC), bare, "a sign of money was taken off")


def _replaced(found: Spelt, mask: pl.Series, by: pl.Series, what: str) -> Spelt:
    count = int(mask.sum())
    if not count:
        return found
    table = pl.DataFrame([found.cells.alias("old"), by.alias("new"), mask.alias("mask")])
    cells = table.select(pl.when("mask").then("new").otherwise("old")).to_series().alias(found.cells.name)
    return Spelt(cells, (*found.remarks, Remark(what, cells_of(count, found.cells.name))), found.mixed)


def _where(cells: pl.Series, keep: pl.Series) -> pl.Series:
    return (
        pl.DataFrame([cells.alias("cell"), keep.alias("keep")]).select(pl.when("keep").then("cell")).to_series().alias(cells.name)
    )


def _counted(what: str, words: pl.Series, name: str) -> tuple[Remark, ...]:
    counts = words.alias("word").value_counts(name="count").sort("count", "word", descending=[True, False]).rows()
    return tuple(Remark(what, f'"{shown(word)}" in {cells_of(count, name)}') for word, count in counts)
