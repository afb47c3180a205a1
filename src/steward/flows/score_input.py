"""Which files are scored, and what is read of them?"""

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from steward.core.errors import Fault, UsageError, unknown_name
from steward.data.kinds import file_kind
from steward.flows.ports import Ports
from steward.flows.sources import gather_sources
from steward.project.dictionary import ColumnSpec, ColumnType, DictionarySpec
from steward.project.read import Project

OWN = ("file", "line", "prediction_id", "prediction", "version")
"""Columns of the output that no column of the input may be named like."""


@dataclass(frozen=True, slots=True)
class Input:
    """A file to score; `header` names the columns of a text table without a header line."""

    path: Path
    header: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files to score in their order; `simulated` where their rows are made up."""

    files: tuple[Input, ...]
    simulated: bool = False


def matching_files(project: Project, pattern: str) -> Inputs:
    """Return the files that a path or a pattern means, by name; UsageError SCORE-001 where there is none."""
    found = sorted(Path(name) for name in glob.glob(pattern, recursive=True)) if not Path(pattern).exists() else [Path(pattern)]  # noqa: PTH207 - the pattern may be absolute
    files = tuple(Input(path, project.spec.source.header) for path in found if path.is_file())
    if not files:
        fix = "name a file that is there, or put quotes around a pattern:  --input 'trips/*.parquet'"
        raise UsageError(Fault("SCORE-001", "there is no file to score", (pattern,), fix=fix))
    return Inputs(files)


def files_of_periods(project: Project, periods: Sequence[str], ports: Ports) -> Inputs:
    """Return the files that hold some periods of the project's own source: its files, its address or its query.

    Raises:
        UsageError: SCORE-002 a file holds more than the period, or only some of its columns.
        EnvironmentFault: DATA-020 a period is not to be had.
    """
    sources = gather_sources(project, periods, ports)
    odd = next((file for file in sources.files if file.table or file.whole), None)
    if odd is not None:
        what = f"{odd.path.name} holds {'one table of several' if odd.table else 'other periods too'}, not the rows of {odd.period}"
        fix = "put the rows to score into a file of their own, and name it:  --input FILE"
        raise UsageError(Fault("SCORE-002", what, (str(odd.path),), fix=fix))
    files = tuple(Input(file.path, project.spec.source.header) for file in sources.files)
    return Inputs(files, sources.origin == "simulated")


def refuse_overwriting(inputs: Sequence[Path], output: Path) -> None:
    """Raise UsageError SCORE-005 where the output is one of the inputs."""
    if output.exists() and any(path.samefile(output) for path in inputs):
        raise UsageError(Fault("SCORE-005", "the output is also an input", (str(output),), fix="write to another file"))


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read of a file beside the model's inputs: by the name that was asked for the one it is read under."""

    dictionary: DictionarySpec
    carried: Mapping[str, str]


def reading(dictionary: DictionarySpec, asked: Sequence[str], first: Path) -> Reading:
    """Return how columns that only pass through are read.

    A column of the dictionary may be named by any of its names and has its type; of others a Parquet file's keep their own,
    and all else is text.

    Raises:
        UsageError: SCORE-006 such a column is named like one of the output's own, SCORE-007 the Parquet file has none of the name.
    """
    clash = next((name for name in asked if name in OWN or name.startswith(("probability_", "interval_"))), None)
    if clash is not None:
        fix = "rename it in the input, or join by `line`"
        raise UsageError(Fault("SCORE-006", f"the output has a column {clash!r} of its own", ("--columns",), fix=fix))
    known = {spelling: name for name, column in dictionary.columns.items() for spelling in (*column.aliases, name)}
    strangers = [name for name in asked if name not in known]
    types = _types(first, strangers) if strangers else {}
    about = {name: ColumnSpec(type=types.get(name, "text"), known_at="request", meaning="passes through") for name in strangers}
    return Reading(DictionarySpec(columns={**dictionary.columns, **about}), {name: known.get(name, name) for name in asked})


def _types(path: Path, names: Sequence[str]) -> Mapping[str, ColumnType]:
    if file_kind(path) != "parquet":
        return {}
    import pyarrow.parquet as pq

    schema = pl.DataFrame(pl.from_arrow(pq.read_schema(path).empty_table())).schema
    for name in names:
        if name not in schema:
            raise unknown_name("column", name, list(schema), code="SCORE-007", where=(str(path),))
    return {name: _type(schema[name]) for name in names}


def _type(dtype: pl.DataType) -> ColumnType:
    if dtype.is_integer():
        return "integer"
    if dtype.is_numeric():
        return "number"
    if dtype == pl.Boolean:
        return "boolean"
    return "datetime" if isinstance(dtype, pl.Datetime | pl.Date) else "text"
