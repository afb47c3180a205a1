"""Which function makes one row's columns without a frame - and what keeps a program from having one?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import isfinite, nan
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.core.errors import StewardError
from steward.features.program import Program
from steward.features.row import values
from steward.features.row.dtypes import BOOLEAN, FLOAT, NULL, RANGES
from steward.features.row.proof import first_difference
from steward.features.row.values import RowRefused
from steward.features.row.writer import Writer
from steward.features.traced import Untraceable

_NAMES: Mapping[str, Any] = {
    **{name: value for name, value in vars(values).items() if not name.startswith("_")},
    "isfinite": isfinite,
    "nan": nan,
    "date": date,
    "datetime": datetime,
    "timedelta": timedelta,
    "array": np.array,
    "float64": np.float64,
}


@dataclass(frozen=True, slots=True)
class NotCompilable:
    """Why a program has no row path: then one row goes the frame's way, as a batch does."""

    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class RowProgram:
    """A program compiled for one row: the same columns with the same values as `Program.run`, in microseconds.

    `types` are the columns the program makes, with Polars' types; `source` is the Python that makes them.
    """

    wanted: tuple[str, ...]
    types: Mapping[str, pl.DataType]
    source: str = field(repr=False)
    _row: Callable[[Mapping[str, object]], tuple[Any, ...]] = field(repr=False)
    _matrix_row: Callable[[Mapping[str, object]], npt.NDArray[np.float64]] = field(repr=False)

    def matrix_row(self, row: Mapping[str, object]) -> npt.NDArray[np.float64]:
        """Return what the model reads of a row, of shape (1, wanted); NaN where a value is missing.

        Args:
            row: raw column to value; times without a zone; what is not there is null.

        Raises:
            RowRefused: a value is not of its column's type, or one that only the frame path can be sure of.
        """
        try:
            return self._matrix_row(row)
        except RowRefused:
            raise
        except Exception as error:
            raise RowRefused(f"{type(error).__name__}: {error}") from error

    def row(self, row: Mapping[str, object]) -> Mapping[str, Any]:
        """Return every column the program makes of a row; null is None, a span of time is in microseconds.

        Raises:
            RowRefused: as `matrix_row`.
        """
        try:
            return dict(zip(self.types, self._row(row), strict=True))
        except RowRefused:
            raise
        except Exception as error:
            raise RowRefused(f"{type(error).__name__}: {error}") from error


def compile_row(program: Program, schema: Mapping[str, pl.DataType]) -> RowProgram | NotCompilable:
    """Return the program as a function of one row, or why there is none.

    What is returned has made the same values as the program, to the last bit, of some hundred rows full of nulls,
    extremes and the literals of its own features.

    Args:
        program: the columns to make.
        schema: the raw columns' types; at least of those in `program.inputs`.
    """
    raw = pl.Schema({name: schema[name] for name in program.inputs})
    try:
        types = _types(program, raw)
        writer = _write(program, raw, types)
        compiled = _compiled(program.wanted, types, writer)
    except (Untraceable, StewardError, pl.exceptions.PolarsError) as error:
        return NotCompilable(str(error))
    differs = first_difference(program, compiled.row, raw, types, writer.literals)
    return compiled if differs is None else NotCompilable(differs)


def _types(program: Program, raw: pl.Schema) -> Mapping[str, pl.DataType]:
    """Return the types of the columns that the program adds, in its order, from running it on nothing but nulls."""
    types = program.run(pl.DataFrame(schema=raw).clear(2)).schema
    return {name: types[name] for stage in program.stages for name in stage}


def _write(program: Program, raw: pl.Schema, types: Mapping[str, pl.DataType]) -> Writer:
    writer = Writer()
    for name, dtype in raw.items():
        writer.read(name, dtype)
    lookups = {name: lookup for lookup in program.lookups for name in lookup.provides}
    for name, dtype in types.items():
        if name in program.features:
            writer.make(program.features[name])
        else:
            writer.look_up(name, lookups[name], dtype)
        made = writer.columns[name].dtype
        if made != dtype:
            raise Untraceable(f"column {name!r} is {dtype} in a frame, and would be {made} on the row path")
    return writer


def _compiled(wanted: tuple[str, ...], types: Mapping[str, pl.DataType], writer: Writer) -> RowProgram:
    every = "".join(f"{writer.columns[name].text}, " for name in types)
    numbers = "".join(f"{_number(name, writer)}, " for name in wanted)
    body = "\n".join(f"    {line}" for line in ["get = values.get", *writer.lines])
    matrix = f"array((({numbers}),), dtype=float64)"
    source = f"def row(values):\n{body}\n    return ({every})\n\n\ndef matrix_row(values):\n{body}\n    return {matrix}\n"
    scope = {**_NAMES, **writer.constants}
    exec(compile(source, "<row path>", "exec"), scope)  # noqa: S102 - written above; names and texts come in as literals
    return RowProgram(wanted, types, source, scope["row"], scope["matrix_row"])


def _number(name: str, writer: Writer) -> str:
    term = writer.columns[name]
    if term.dtype == NULL:
        return "nan"
    if term.dtype not in (FLOAT, BOOLEAN, *RANGES):
        raise Untraceable(f"a model reads numbers, and {name!r} holds {term.dtype}")
    return f"nan if {term.text} is None else {term.text}" if term.nullable else term.text
