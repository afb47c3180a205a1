"""Which numbers does a model get of the rows, and which truth stands beside them?

What is fitted to rows - means of the target, bins, centres - is fitted here, to the rows that are learned from and to no others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from steward.core.errors import Fault, UsageError
from steward.core.tasks import RULES, Label
from steward.features.fitted.fit import Fitting, fit_columns
from steward.flows.program import ModelProgram
from steward.models.classes import encode
from steward.models.slices import Labels, slice_labels
from steward.models.zoo import Array, Sample
from steward.project.fitted import ClustersSpec
from steward.project.read import Project


@dataclass(frozen=True, slots=True, eq=False)
class Learnable:
    """Rows to learn from, how much each counts, what was fitted to them, and the same for rows that judge."""

    sample: Sample
    fitting: Fitting
    weights: Array | None

    def other(self, project: Project, program: ModelProgram, rows: pl.DataFrame, classes: Sequence[Label]) -> Sample:
        """Return other rows as the model will get them."""
        return matrix(self.fitting.apply(rows), program.wanted), truth(project, rows, classes)


def learnable(project: Project, program: ModelProgram, rows: pl.DataFrame, classes: Sequence[Label]) -> Learnable:
    """Fit what is to be fitted to some rows of the feature table, and return them as a model learns from them.

    Raises:
        UsageError: MODEL-019 a row's weight is missing, negative or no number; FEAT-021 to FEAT-024 as `fit_columns`.
    """
    target = truth(project, rows, classes)
    learned = fit_columns(program.fitted, rows, target, classes)
    return Learnable((matrix(learned.table, program.wanted), target), learned.fitting, _weights(project, rows))


def _weights(project: Project, rows: pl.DataFrame) -> Array | None:
    """Return how much each row counts, on average 1."""
    name = project.spec.training.weight
    if name is None:
        return None
    weights: Array = rows[name].cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    wrong = int(np.sum(~(np.isfinite(weights) & (weights >= 0))))
    if wrong or not weights.sum():
        what = (
            f"the weight {name!r} is missing, negative or no number in {wrong:,} rows" if wrong else f"all weights {name!r} are 0"
        )
        fix = f"make it a feature without gaps, or set the rows apart:  checks: [{{kind: not_null, columns: [{name}]}}]"
        raise UsageError(Fault("MODEL-019", what, ("project.yaml: training.weight",), fix=fix))
    even: Array = weights / weights.mean()
    return even


def deciding_metric(project: Project) -> str:
    """Return the metric that decides: the gate's own, or the task's."""
    return project.spec.gate.metric or RULES[project.spec.task].metric


def matrix(frame: pl.DataFrame, wanted: tuple[str, ...]) -> Array:
    """Return the model's inputs of a feature table: float64, shape (rows, features), NaN for missing."""
    return np.ascontiguousarray(frame.select(wanted).to_numpy(), dtype=np.float64)


def truth(project: Project, frame: pl.DataFrame, classes: Sequence[Label]) -> Array:
    """Return the target as float64, shape (rows,): a quantity, or the codes of classes (NaN for an unknown one)."""
    target = frame[project.spec.target]
    return encode(target, classes) if classes else target.cast(pl.Float64).to_numpy()


def slice_values(project: Project, rows: pl.DataFrame, columns: Sequence[str]) -> dict[str, Labels]:
    """Return what tells rows apart, as text: the words of codes, the values of everything else, ranges of measures."""
    return {name: slice_labels(_in_words(project, rows[name])) for name in columns}


def _in_words(project: Project, values: pl.Series) -> pl.Series:
    column = project.dictionary.columns.get(values.name)
    if column is None or column.codes is None:
        return values
    return values.cast(pl.String).replace(dict(column.codes))


def unit_of_metric(project: Project) -> str:
    """Return the unit of the deciding metric: the target's, none for classes."""
    return project.spec.unit if project.spec.task == "regression" else ""


def code_columns(project: Project, wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the inputs whose numbers are codes: described by words, joined to a lookup, or centres' numbers."""
    joined = {column for lookup in project.spec.lookups.values() for column in lookup.joins}
    centres = {name for name, spec in project.spec.fitted.items() if isinstance(spec, ClustersSpec)}
    columns = project.dictionary.columns
    described = {name for name in wanted if name in columns and columns[name].codes is not None}
    return tuple(name for name in wanted if name in joined | centres | described)
