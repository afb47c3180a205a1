"""What was the target's mean, or how many rows were there, for each combination of keys among the training rows?

Both become a lookup: a table of combinations with one value each. Means of few rows lean on the overall mean, as if
`smoothing` rows of it had been seen as well (Micci-Barreca, *A Preprocessing Scheme for High-Cardinality Categorical
Attributes*, 2001). Training rows themselves get the mean of the other folds: their own target must not be in what a model
learns from.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.core.errors import Fault, UsageError
from steward.features.lookup import Lookup

Array = npt.NDArray[np.float64]

Statistic = Literal["median", "mean"]

_VALUE = "value"


def fit_count(name: str, rows: pl.DataFrame, by: Sequence[str]) -> Lookup:
    """Return the lookup of how many rows have the same keys; 0 for a combination that none has.

    Raises:
        UsageError: FEAT-021 a key holds no codes.
    """
    _refuse_measures(name, rows, by)
    table = rows.select(by).drop_nulls().group_by(by, maintain_order=True).len(_VALUE)
    return _lookup(name, table.with_columns(pl.col(_VALUE).cast(pl.Float64)), by, 0.0)


def fit_target_mean(name: str, rows: pl.DataFrame, by: Sequence[str], target: Array, *, smoothing: float) -> Lookup:
    """Return the lookup of the target's mean by keys.

    Args:
        name: the new column.
        rows: training rows with the keys, of whole numbers, text or booleans; a null key counts as unknown.
        by: the keys.
        target: shape (rows,), finite.
        smoothing: how many rows of the overall mean are added to each combination.

    Returns:
        A lookup that gives the overall mean for unknown keys.

    Raises:
        UsageError: FEAT-021 a key holds no codes.
    """
    _refuse_measures(name, rows, by)
    overall = float(target.mean())
    sums = _sums(rows, by, target)
    table = sums.select(*by, ((pl.col("sum") + smoothing * overall) / (pl.col("rows") + smoothing)).alias(_VALUE))
    return _lookup(name, table, by, overall)


def mean_of_other_folds(
    rows: pl.DataFrame, by: Sequence[str], target: Array, *, smoothing: float, fold: npt.NDArray[np.intp]
) -> Array:
    """Return for each row the mean that the rows of the other folds give its keys, shape (rows,).

    Args:
        rows: training rows with the keys.
        by: the keys.
        target: shape (rows,), finite.
        smoothing: as for `fit_target_mean`; the overall mean is that of the other folds, too.
        fold: the number of each row's fold, shape (rows,).
    """
    count = int(fold.max()) + 1
    in_fold = np.bincount(fold, minlength=count)
    of_fold = np.bincount(fold, weights=target, minlength=count)
    overall = (target.sum() - of_fold) / np.maximum(len(target) - in_fold, 1)
    keyed = rows.select(by).with_columns(pl.Series("_fold", fold), pl.Series("_target", target))
    whole, own = pl.col("_target").sum().over(by), pl.col("_target").sum().over([*by, "_fold"])
    seen, there = pl.len().over(by), pl.len().over([*by, "_fold"])
    others = keyed.select((whole - own).alias("sum"), (seen.cast(pl.Int64) - there.cast(pl.Int64)).alias("rows"), known=_known(by))
    known = others["known"].to_numpy()
    rows_of_others = np.where(known, others["rows"].to_numpy(), 0)
    sum_of_others = np.where(known, others["sum"].to_numpy(), 0.0)
    weight = rows_of_others + smoothing
    prior = overall[fold]
    mean: Array = np.where(weight > 0, (sum_of_others + smoothing * prior) / np.where(weight > 0, weight, 1.0), prior)
    return mean


def fit_typical(name: str, rows: pl.DataFrame, by: Sequence[str], of: str, *, statistic: Statistic, smoothing: float) -> Lookup:
    """Return the lookup of a column's median or mean by keys; what it is overall for unknown keys.

    Raises:
        UsageError: FEAT-021 a key holds no codes.
    """
    _refuse_measures(name, rows, by)
    overall, table = _typical(rows, by, of, statistic, smoothing)
    return _lookup(name, table, by, overall)


def typical_of_other_folds(
    rows: pl.DataFrame, by: Sequence[str], of: str, *, statistic: Statistic, smoothing: float, fold: npt.NDArray[np.intp]
) -> Array:
    """Return for each row what the rows of the other folds give its keys, shape (rows,)."""
    found = np.empty(rows.height)
    for number in range(int(fold.max()) + 1):
        own = fold == number
        overall, table = _typical(rows.filter(~pl.Series(own)), by, of, statistic, smoothing)
        asked = rows.filter(pl.Series(own)).select(by).join(table, on=list(by), how="left", maintain_order="left")
        found[own] = asked[_VALUE].fill_null(overall).to_numpy()
    return found


def _typical(rows: pl.DataFrame, by: Sequence[str], of: str, statistic: Statistic, smoothing: float) -> tuple[float, pl.DataFrame]:
    """Return what a column is overall, and by keys; rows without it or without a key say nothing."""
    known = rows.select(*by, pl.col(of).cast(pl.Float64).alias(_VALUE)).drop_nulls(_VALUE)
    middle = pl.col(_VALUE).median() if statistic == "median" else pl.col(_VALUE).mean()
    overall = float(known.select(middle).item() or 0.0)
    groups = known.drop_nulls(by).group_by(by, maintain_order=True).agg(middle.alias("own"), pl.len().alias("rows"))
    value = (pl.col("own") * pl.col("rows") + smoothing * overall) / (pl.col("rows") + smoothing)
    return overall, groups.select(*by, value.alias(_VALUE))


def folds_of(rows: int, folds: int, seed: int) -> npt.NDArray[np.intp]:
    """Return a fold's number for each row, equally many of each, in random order."""
    return np.random.default_rng(seed).permutation(np.arange(rows) % folds)


def _known(by: Sequence[str]) -> pl.Expr:
    return pl.all_horizontal(pl.col(key).is_not_null() for key in by)


def _sums(rows: pl.DataFrame, by: Sequence[str], target: Array) -> pl.DataFrame:
    keyed = rows.select(by).with_columns(pl.Series("_target", target)).drop_nulls(by)
    return keyed.group_by(by, maintain_order=True).agg(pl.col("_target").sum().alias("sum"), pl.len().alias("rows"))


def _lookup(name: str, table: pl.DataFrame, by: Sequence[str], otherwise: float) -> Lookup:
    keys = tuple(f"key_{place}" for place in range(len(by)))
    renamed = table.rename(dict(zip(by, keys, strict=True))).with_columns(
        pl.col(key).cast(pl.Int64) for key in keys if table.schema[by[keys.index(key)]].is_integer()
    )
    return Lookup(name, renamed.sort(keys), keys, tuple(by), {name: _VALUE}, {name: otherwise})


def _refuse_measures(name: str, rows: pl.DataFrame, by: Sequence[str]) -> None:
    odd = [key for key in by if not (rows.schema[key].is_integer() or rows.schema[key] in (pl.String, pl.Boolean))]
    if odd:
        what = f"fitted column {name!r} tells rows apart by {odd[0]!r}, which holds {rows.schema[odd[0]]}"
        fix = f"make a feature of it that is a whole number, such as  {odd[0]}.floor().cast(int),  or bins of it, and name that"
        raise UsageError(
            Fault("FEAT-021", what, ("fitted in project.yaml",), "combinations of measured numbers hardly repeat", fix)
        )
