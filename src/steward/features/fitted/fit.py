"""What do the declared fitted columns learn from the training rows, and what do the rows look like with them?

Columns are fitted in an order in which each stands after what it reads. What comes out is values only: lookups and
formulas that any engine can run.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.core.errors import Fault, UsageError
from steward.core.tasks import Label
from steward.features.fitted.formula import Filled, Formula, Nearest, Steps, Weighted
from steward.features.fitted.table import (
    fit_count,
    fit_target_mean,
    fit_typical,
    folds_of,
    mean_of_other_folds,
    typical_of_other_folds,
)
from steward.features.graph import connect
from steward.features.lookup import Lookup
from steward.features.program import Program
from steward.features.source import Feature
from steward.project.fitted import (
    BinsSpec,
    ClustersSpec,
    ComponentSpec,
    CountSpec,
    FittedSpec,
    ImputeSpec,
    ScaleSpec,
    TargetMeanSpec,
    TypicalSpec,
    reads_of,
)

Array = npt.NDArray[np.float64]

SEED = 7
_FEWEST_VALUES = 2


@dataclass(frozen=True, slots=True, eq=False)
class Fitting:
    """What was learned: `lookups` and `formulas` by the column they make, in an order in which they can be made."""

    lookups: tuple[Lookup, ...] = ()
    formulas: Mapping[str, Formula] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    @property
    def features(self) -> Mapping[str, Feature]:
        """The formulas as features, hidden steps included."""
        made = [feature for name, formula in self.formulas.items() for feature in formula.features(name)]
        return {feature.name: feature for feature in made}

    def apply(self, table: pl.DataFrame) -> pl.DataFrame:
        """Return a table with the fitted columns added, as any rows but those learned from get them."""
        if not self.names:
            return table
        program = Program.build(self.features, self.names, table.columns, self.lookups)
        return program.run(table).select(*table.columns, *self.names)


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What was learned, and the training rows with out-of-fold values where the target is in a column."""

    fitting: Fitting
    table: pl.DataFrame


def in_order(specs: Mapping[str, FittedSpec], raw: Collection[str]) -> tuple[str, ...]:
    """Return the fitted columns, each after those it reads.

    Raises:
        UsageError: FEAT-001 they read each other in a circle, FEAT-002 one reads what is not there.
    """
    return tuple(name for name in connect(stand_ins(specs), list(specs), raw, {}) if name in specs)


def stand_ins(specs: Mapping[str, FittedSpec]) -> Mapping[str, Feature]:
    """Return a feature for each fitted column that reads what it will read, before anything is fitted: for lineage."""
    return {name: Feature(name, reads_of(spec), _first, f"fitted: {spec.kind}") for name, spec in specs.items()}


def fit_columns(
    specs: Mapping[str, FittedSpec], table: pl.DataFrame, target: Array, classes: Sequence[Label], *, seed: int = SEED
) -> Learned:
    """Fit all declared columns.

    Args:
        specs: by the name of the column each makes.
        table: training rows, with all that the specs read.
        target: shape (rows,): a quantity, or the codes of classes.
        classes: the labels of the codes; none for a quantity.
        seed: of the folds.

    Raises:
        UsageError: FEAT-001, FEAT-002 as `in_order`; FEAT-021 a key holds no codes, FEAT-022 a column to fit has no
            numbers or nothing but one value, FEAT-023 no such class, or it must be named, FEAT-024 no such component.
    """
    learned = Learned(Fitting(), table)
    for name in in_order(specs, table.columns):
        learned = _fit_one(name, specs[name], learned, target, classes, seed)
    return learned


def _fit_one(name: str, spec: FittedSpec, so_far: Learned, target: Array, classes: Sequence[Label], seed: int) -> Learned:
    table = so_far.table
    match spec:
        case TargetMeanSpec(by=by, smoothing=smoothing, folds=folds):
            meant = _meant(name, spec, target, classes)
            lookup = fit_target_mean(name, table, by, meant, smoothing=smoothing)
            fold = folds_of(table.height, min(folds, table.height), seed)
            own = mean_of_other_folds(table, by, meant, smoothing=smoothing, fold=fold)
            return _with_lookup(so_far, lookup, table.with_columns(pl.Series(name, own)))
        case TypicalSpec(by=by, of=of, statistic=statistic, smoothing=smoothing, folds=folds):
            _numbers(name, table, of)
            lookup = fit_typical(name, table, by, of, statistic=statistic, smoothing=smoothing)
            fold = folds_of(table.height, min(folds, table.height), seed)
            own = typical_of_other_folds(table, by, of, statistic=statistic, smoothing=smoothing, fold=fold)
            return _with_lookup(so_far, lookup, table.with_columns(pl.Series(name, own)))
        case CountSpec(by=by):
            lookup = fit_count(name, table, by)
            return _with_lookup(so_far, lookup, _made(table, name, Fitting((lookup,), {}, (name,))))
        case _:
            formula = _formula(name, spec, table)
            fitting = so_far.fitting
            after = Fitting(fitting.lookups, {**fitting.formulas, name: formula}, (*fitting.names, name))
            return Learned(after, _made(table, name, Fitting((), {name: formula}, (name,))))


def _with_lookup(so_far: Learned, lookup: Lookup, table: pl.DataFrame) -> Learned:
    fitting = so_far.fitting
    return Learned(Fitting((*fitting.lookups, lookup), fitting.formulas, (*fitting.names, lookup.name)), table)


def _made(table: pl.DataFrame, name: str, fitting: Fitting) -> pl.DataFrame:
    return table.with_columns(fitting.apply(table)[name])


def _meant(name: str, spec: TargetMeanSpec, target: Array, classes: Sequence[Label]) -> Array:
    """Return what the mean is of: the quantity itself, or 1 where the class is the meant one."""
    if not classes:
        if spec.of is not None:
            raise _class_fault(
                f"fitted column {name!r} names the class {spec.of!r}, and the target is a quantity", name, "take `of` out"
            )
        return target
    if spec.of is None and len(classes) > _FEWEST_VALUES:
        raise _class_fault(f"fitted column {name!r} does not say which class it means", name, f"add  of: {classes[-1]}")
    if spec.of is not None and spec.of not in classes:
        known = ", ".join(str(label) for label in classes)
        raise _class_fault(f"fitted column {name!r} means the class {spec.of!r}, which no row has", name, f"write one of {known}")
    code = len(classes) - 1 if spec.of is None else list(classes).index(spec.of)
    is_meant: Array = (target == code).astype(np.float64)
    return is_meant


def _class_fault(what: str, name: str, fix: str) -> UsageError:
    return UsageError(Fault("FEAT-023", what, (f"project.yaml: fitted.{name}",), fix=fix))


def _formula(name: str, spec: BinsSpec | ImputeSpec | ScaleSpec | ClustersSpec | ComponentSpec, table: pl.DataFrame) -> Formula:
    numbers = {column: _numbers(name, table, column) for column in reads_of(spec)}
    match spec:
        case BinsSpec(of=of, count=count):
            present = numbers[of][~np.isnan(numbers[of])]
            edges = np.unique(np.quantile(present, np.arange(1, count) / count))
            return Steps(of, tuple(edges[edges < present.max()].tolist()))
        case ImputeSpec(of=of, statistic=statistic):
            return Filled(of, float(np.nanmedian(numbers[of]) if statistic == "median" else np.nanmean(numbers[of])))
        case ScaleSpec(of=of):
            centre, scale = _moments(numbers[of])
            return Weighted((of,), (1.0,), (centre,), (scale,), fill=False)
        case ClustersSpec():
            return _centres(name, spec, np.column_stack(list(numbers.values())))
        case ComponentSpec():
            return _component(name, spec, np.column_stack(list(numbers.values())))


def _centres(name: str, spec: ClustersSpec, points: Array) -> Nearest:
    from sklearn.cluster import KMeans

    whole = points[~np.isnan(points).any(axis=1)]
    if len(np.unique(whole, axis=0)) < spec.count:
        what = f"fitted column {name!r} looks for {spec.count} centres among fewer different points"
        raise UsageError(Fault("FEAT-022", what, (f"project.yaml: fitted.{name}",), fix="ask for fewer centres"))
    found = KMeans(spec.count, n_init=4, random_state=spec.seed).fit(whole).cluster_centers_
    ordered = found[np.lexsort(found.T[::-1])]
    return Nearest(spec.of, tuple(tuple(float(value) for value in centre) for centre in ordered))


def _component(name: str, spec: ComponentSpec, points: Array) -> Weighted:
    from sklearn.decomposition import PCA

    if spec.number > len(spec.of):
        what = f"fitted column {name!r} is component {spec.number} of {len(spec.of)} columns"
        raise UsageError(Fault("FEAT-024", what, (f"project.yaml: fitted.{name}",), fix=f"write a number up to {len(spec.of)}"))
    moments = [_moments(column) for column in points.T]
    centres, scales = (np.array(part) for part in zip(*moments, strict=True))
    filled = np.where(np.isnan(points), centres, points)
    weights = PCA(spec.number, svd_solver="full").fit((filled - centres) / scales).components_[-1]
    # The sign of a component is open: the heaviest column has a positive one.
    weights = weights * np.sign(weights[np.argmax(np.abs(weights))])
    return Weighted(spec.of, tuple(weights.tolist()), tuple(centres.tolist()), tuple(scales.tolist()), fill=True)


def _moments(column: Array) -> tuple[float, float]:
    spread = float(np.nanstd(column))
    return float(np.nanmean(column)), spread if spread > 0 else 1.0


def _numbers(name: str, table: pl.DataFrame, column: str) -> Array:
    dtype, where = table.schema[column], (f"project.yaml: fitted.{name}",)
    if not dtype.is_numeric():
        what = f"fitted column {name!r} needs numbers, and {column!r} holds {dtype}"
        raise UsageError(Fault("FEAT-022", what, where, fix="name a column or feature of numbers"))
    values = table[column].cast(pl.Float64).fill_null(np.nan).to_numpy()
    if np.isnan(values).all():
        raise UsageError(Fault("FEAT-022", f"{column!r}, which fitted column {name!r} reads, is empty", where, fix="take it out"))
    if np.isinf(values).any():
        what = f"{column!r}, which fitted column {name!r} reads, is infinite in {int(np.isinf(values).sum()):,} rows"
        raise UsageError(Fault("FEAT-022", what, where, fix="mend the feature: something is divided by 0"))
    return values


def _first(*columns: Any) -> Any:
    return columns[0]
