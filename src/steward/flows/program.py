"""Which feature program does a project mean, given the lookups that are to be had?"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from steward.features.guard import refuse_leaks
from steward.features.program import Lookup, Program, available, load_features
from steward.project.read import Project
from steward.project.sources import LookupSpec


@dataclass(frozen=True, slots=True)
class ModelProgram:
    """The features a model reads, the lookups behind them, and the features that had to be left out."""

    program: Program
    lookups: tuple[Lookup, ...]
    wanted: tuple[str, ...]
    left_out: tuple[str, ...]


def model_program(project: Project, tables: Mapping[str, pl.DataFrame]) -> ModelProgram:
    """Build the program of the model's inputs and refuse leaks.

    Args:
        project: the declaration.
        tables: the lookups that were found, by name; features that need another one are left out.
    """
    features = load_features(project.features_path)
    missing = {c for name, spec in project.spec.lookups.items() if name not in tables for c in spec.provides()}
    kept, left_out = available(features, project.spec.features, missing)
    lookups = tuple(lookup for name, table in tables.items() for lookup in _joins(project.spec.lookups[name], name, table))
    raw = set(project.dictionary.columns)
    program = Program.build(features, kept, raw, lookups)
    refuse_leaks(program, project.dictionary, project.spec.target, kept)
    return ModelProgram(program, lookups, tuple(kept), tuple(left_out))


def rule_program(project: Project) -> Program:
    """Build the program of the target, the time and the features that checks mention."""
    features = load_features(project.features_path)
    raw = set(project.dictionary.columns)
    spec = project.spec
    mentioned = {spec.target, spec.time or spec.target, *(name for check in spec.checks for name in check.reads())}
    return Program.build(features, sorted(name for name in mentioned if name in features), raw, ())


def _joins(spec: LookupSpec, name: str, table: pl.DataFrame) -> tuple[Lookup, ...]:
    return tuple(
        Lookup(f"{name}_{prefix}", table, spec.key, column, {f"{prefix}_lon": "lon", f"{prefix}_lat": "lat"})
        for column, prefix in spec.joins.items()
    )
