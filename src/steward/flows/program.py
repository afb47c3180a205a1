"""Which feature program does a project mean, given the lookups that are to be had?"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

import polars as pl

from steward.features.fitted.fit import Fitting, stand_ins
from steward.features.guard import refuse_leaks
from steward.features.program import Feature, Lookup, Program, available, load_features
from steward.project.fitted import FittedSpec, learns_from, reads_of
from steward.project.read import Project
from steward.project.sources import LookupSpec


@dataclass(frozen=True, slots=True)
class ModelProgram:
    """The features a model reads, the lookups behind them, and the features that had to be left out.

    `wanted` are the model's inputs in order; `fitted` declares those that are learned from training rows, and what they
    read of one another. `program` makes everything else: the rest of the inputs, and what the fitted columns read.
    `beside` are the columns that fitted ones, weights and slices read.
    `lineage` is the program of all inputs with stand-ins for the fitted ones: it tells what is made from what.
    """

    program: Program
    lookups: tuple[Lookup, ...]
    wanted: tuple[str, ...]
    left_out: tuple[str, ...]
    fitted: Mapping[str, FittedSpec]
    lineage: Program
    beside: tuple[str, ...]

    def with_fitted(self, fitting: Fitting) -> Program:
        """Return the program of all inputs, ready to serve."""
        features = {**self.lineage.features, **fitting.features}
        plain = {name: feature for name, feature in features.items() if name in fitting.features or name not in self.fitted}
        return Program.build(plain, self.wanted, self.lineage.inputs, (*self.lookups, *fitting.lookups))


def model_program(project: Project, tables: Mapping[str, pl.DataFrame]) -> ModelProgram:
    """Build the program of the model's inputs and refuse leaks.

    Args:
        project: the declaration.
        tables: the lookups that were found, by name; features that need another one are left out.
    """
    features = all_features(project)
    missing = {c for name, spec in project.spec.lookups.items() if name not in tables for c in spec.provides()}
    kept, left_out = available(features, project.spec.features, missing)
    lookups = tuple(lookup for name, table in tables.items() for lookup in _joins(project.spec.lookups[name], name, table))
    raw = set(project.dictionary.columns)
    lineage = Program.build(features, kept, raw, lookups)
    refuse_leaks(lineage, project.dictionary, project.spec.target, kept)
    fitted = {name: project.spec.fitted[name] for name in chain(*lineage.stages) if name in project.spec.fitted}
    read = dict.fromkeys(column for spec in fitted.values() for column in reads_of(spec) if column not in fitted)
    read |= dict.fromkeys(column for spec in fitted.values() for column in learns_from(spec))
    read |= dict.fromkeys(columns_beside(project))
    functions = {name: feature for name, feature in features.items() if name not in project.spec.fitted}
    plain = [name for name in kept if name not in fitted]
    program = Program.build(functions, plain, raw, lookups, also=tuple(read)) if fitted or read else lineage
    return ModelProgram(program, lookups, tuple(kept), tuple(left_out), fitted, lineage, tuple(read))


def columns_beside(project: Project) -> tuple[str, ...]:
    """Return the columns by which training rows are weighed and figures told apart; no model input of their own."""
    training, gate = project.spec.training, project.spec.gate
    return tuple(dict.fromkeys((*((training.weight,) if training.weight else ()), *training.slices, *gate.slices)))


def all_features(project: Project) -> Mapping[str, Feature]:
    """Return the functions of features.py, and stand-ins for the fitted columns, which tell what they read."""
    return {**load_features(project.features_path), **stand_ins(project.spec.fitted)}


def rule_program(project: Project) -> Program:
    """Build the program of the target, the time and the features that checks mention."""
    features = load_features(project.features_path)
    raw = set(project.dictionary.columns)
    spec = project.spec
    mentioned = {spec.target, spec.time or spec.target, *(name for check in spec.checks for name in check.reads())}
    return Program.build(features, sorted(name for name in mentioned if name in features), raw, ())


def _joins(spec: LookupSpec, name: str, table: pl.DataFrame) -> tuple[Lookup, ...]:
    return tuple(
        Lookup(f"{name}_{prefix}", table, (spec.key,), (column,), {f"{prefix}_lon": "lon", f"{prefix}_lat": "lat"})
        for column, prefix in spec.joins.items()
    )
