"""What does a model read of each row? One program for a batch, one row and a cluster.

The columns are made in stages: each stage reads only what stands before it, so that nothing is computed
twice. The expressions are built once; a frame then costs one pass a stage.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import narwhals as nw
import polars as pl

from steward.core.errors import Fault, UsageError
from steward.features import graph
from steward.features.lookup import Lookup
from steward.features.source import Feature, load_features

__all__ = ["Feature", "Lookup", "Program", "available", "load_features"]

_FEW_ROWS = 1024  # below, handing columns to other threads costs more than it saves

Frame = TypeVar("Frame", nw.DataFrame[Any], nw.LazyFrame[Any])


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """The columns a model reads, everything they are made from, and the stages that make them.

    `wanted` are the model's inputs in their order, `inputs` the raw columns they come from, `stages` the names
    of the columns made in each pass.
    """

    wanted: tuple[str, ...]
    inputs: tuple[str, ...]
    stages: tuple[tuple[str, ...], ...]
    features: Mapping[str, Feature]
    lookups: tuple[Lookup, ...]
    _reads: graph.Reads = field(repr=False)
    _expressions: tuple[tuple[pl.Expr, ...], ...] = field(repr=False)
    _numbers: tuple[pl.Expr, ...] = field(repr=False)

    @classmethod
    def build(
        cls,
        features: Mapping[str, Feature],
        wanted: Sequence[str],
        raw: Collection[str],
        lookups: Sequence[Lookup],
        also: Sequence[str] = (),
    ) -> Self:
        """Return the program that makes the wanted columns and what they need.

        Args:
            features: the functions of a features.py.
            wanted: functions, raw columns and lookup columns, in the model's order.
            raw: columns that the rows bring along.
            lookups: tables joined to the rows.
            also: columns to make beside them, which the model does not read.

        Raises:
            UsageError: FEAT-001 features read each other in a circle, FEAT-002 an unknown column,
                FEAT-003 a function named like a column, FEAT-007 a function that makes no column.
        """
        joined = {name: lookup.columns for lookup in lookups for name in lookup.provides}
        reads = graph.connect(features, [*wanted, *also], raw, joined)
        level = graph.levels(reads)
        stages = tuple(
            tuple(name for name in reads if level[name] == step) for step in range(1, 1 + max(level.values(), default=0))
        )
        made = _columns(features, [lookup.polars() for lookup in lookups], reads, pl.col)
        expressions = tuple(tuple(made[name] for name in stage) for stage in stages)
        inputs = tuple(name for name in reads if level[name] == 0)
        numbers = tuple(pl.col(name).cast(pl.Float64) for name in wanted)
        return cls(tuple(wanted), inputs, stages, features, tuple(lookups), reads, expressions, numbers)

    def lineage(self, name: str) -> frozenset[str]:
        """Return the raw columns that a column of the program is made from; itself where it is raw."""
        return graph.raw_sources(self._reads, name)

    def path(self, name: str, column: str) -> tuple[str, ...]:
        """Return one way from a column down to one it is made from, both included; empty where there is none."""
        return graph.path(self._reads, name, column)

    def run(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows with all columns of the program added, row for row and in the same order.

        A row's values are the same to the last digit whether it comes alone or among a million.

        Raises:
            UsageError: FEAT-009 the rows lack a raw column.
        """
        present = set(frame.columns)
        absent = [name for name in self.inputs if name not in present]
        if absent:
            raise UsageError(
                *(Fault("FEAT-009", f"the features read column {name!r}, which the rows do not have") for name in absent)
            )
        rows = _twice(frame) if frame.height == 1 else frame
        for stage in self._expressions:
            rows = rows.with_columns_seq(stage) if rows.height <= _FEW_ROWS else rows.with_columns(stage)
        return rows.head(frame.height)

    def run_narwhals(self, frame: Frame) -> Frame:
        """Return a narwhals frame of any engine with the columns of the program added.

        Numbers agree with `run` to 1e-12 of themselves.
        """
        made = _columns(self.features, [lookup.narwhals() for lookup in self.lookups], self._reads, nw.col)
        for stage in self.stages:
            frame = frame.with_columns(*(made[name] for name in stage))
        return frame

    def matrix(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the wanted columns alone, as Float64 and in the model's order; a missing value is null.

        Raises:
            UsageError: FEAT-008 a wanted column holds neither numbers nor booleans, FEAT-009 as `run`.
        """
        return self.numbers(self.run(frame))

    def numbers(self, made: pl.DataFrame) -> pl.DataFrame:
        """Return the wanted columns alone of what `run` returned; raises as `matrix`."""
        types = made.schema
        bad = [name for name in self.wanted if not (types[name].is_numeric() or types[name] in (pl.Boolean, pl.Null))]
        if bad:
            fix = "make a feature of it that is a number, and name that instead"
            raise UsageError(
                *(Fault("FEAT-008", f"a model reads numbers, and {name!r} holds {types[name]}", fix=fix) for name in bad)
            )
        return made.select_seq(self._numbers)


def available(
    features: Mapping[str, Feature], wanted: Sequence[str], missing_columns: Collection[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Divide wanted columns into those to be had and those left out because they come from a missing column.

    Args:
        features: the functions of a features.py.
        wanted: functions, raw columns and lookup columns.
        missing_columns: raw or lookup columns that are not to be had.
    """
    return graph.without(features, wanted, missing_columns)


def _twice(frame: pl.DataFrame) -> pl.DataFrame:
    """Return one row as two: Polars divides a column of length one by another path, whose last digit may differ."""
    return pl.DataFrame([series.new_from_index(0, 2) for series in frame.get_columns()])


def _columns(
    features: Mapping[str, Feature], joined: Sequence[Mapping[str, Any]], reads: graph.Reads, column: Callable[[str], Any]
) -> Mapping[str, Any]:
    """Return an expression for every column that can be made, of the engine that `column` belongs to."""
    looked_up = {name: expression for columns in joined for name, expression in columns.items()}
    return looked_up | {name: _column(features[name], column) for name in reads if name in features}


def _column(feature: Feature, column: Callable[[str], Any]) -> Any:
    where = (feature.place,)
    try:
        made = feature.function(*(column(name) for name in feature.reads))
    except Exception as error:
        what = f"feature {feature.name!r} fails: {type(error).__name__}: {error}"
        raise UsageError(Fault("FEAT-007", what, where, fix="use what Polars and narwhals expressions share")) from error
    if not isinstance(made, pl.Expr | nw.Expr):
        what = f"feature {feature.name!r} returns {type(made).__name__}, not a column"
        raise UsageError(Fault("FEAT-007", what, where, fix="return a column expression"))
    return made.alias(feature.name)
