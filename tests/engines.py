"""One column function on every engine: Polars, narwhals on Polars and on pyarrow, and the row path."""

from collections.abc import Callable
from typing import Any

import narwhals as nw
import polars as pl

from steward.features.program import Program
from steward.features.row import RowProgram, compile_row
from steward.features.source import Feature

Evaluate = Callable[[pl.DataFrame, Callable[..., Any]], pl.Series]


def by_polars(frame: pl.DataFrame, function: Callable[..., Any]) -> pl.Series:
    return frame.select(function(*map(pl.col, frame.columns)).alias("made"))["made"]


def by_narwhals(frame: pl.DataFrame, function: Callable[..., Any]) -> pl.Series:
    return nw.from_native(frame).select(function(*map(nw.col, frame.columns)).alias("made")).to_native()["made"]


def by_arrow(frame: pl.DataFrame, function: Callable[..., Any]) -> pl.Series:
    made = nw.from_native(frame.to_arrow()).select(function(*map(nw.col, frame.columns)).alias("made"))
    return pl.Series("made", made["made"].to_list(), strict=False)


def by_row(frame: pl.DataFrame, function: Callable[..., Any]) -> pl.Series:
    feature = Feature("made", tuple(frame.columns), function, "")
    path = compile_row(Program.build({"made": feature}, (), frame.columns, [], ["made"]), frame.schema)
    assert isinstance(path, RowProgram), path
    return pl.Series("made", [path.row(row)["made"] for row in frame.rows(named=True)], path.types["made"])


ENGINES = {"polars": by_polars, "narwhals": by_narwhals, "pyarrow": by_arrow, "row": by_row}
