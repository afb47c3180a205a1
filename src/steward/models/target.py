"""Is there anything to learn in a target - and which classes does it hold?"""

from collections.abc import Mapping

import polars as pl

from steward.core.errors import Fault, UsageError
from steward.core.tasks import Label, TaskKind
from steward.models.classes import find_classes

_WHERE = ("project.yaml: target",)


def judge_target(parts: Mapping[str, pl.Series], *, task: TaskKind, target: str) -> tuple[Label, ...]:
    """Return the labels of a target's classes, sorted; none for a quantity.

    Args:
        parts: the target of the training, validation and test rows, by the part's name; `training` is among them.
        task: what is asked.
        target: its name, for messages.

    Raises:
        UsageError: MODEL-012 rows have no target, MODEL-013 to MODEL-016 as `find_classes`, MODEL-025 the quantity is the same
            in all training rows, MODEL-026 it is no number, MODEL-027 it is infinite.
    """
    if task == "regression":
        _refuse_other_than_numbers(parts["training"].dtype, target)
    _refuse_empty(parts, target)
    if task != "regression":
        return find_classes(parts, task=task, target=target)
    _refuse_constant(parts, target)
    return ()


def _refuse_other_than_numbers(dtype: pl.DataType, target: str) -> None:
    # Whether a column of nothing but nulls holds numbers cannot be told; that it is empty is said next.
    if dtype.is_numeric() or dtype in (pl.Boolean, pl.Null):
        return
    what = f"a regression predicts a number, and the target {target!r} holds {dtype}"
    fix = "write  task: binary  or  task: multiclass,  or make a function of features.py the target that tells a number"
    raise UsageError(Fault("MODEL-026", what, _WHERE, fix=fix))


def _refuse_empty(parts: Mapping[str, pl.Series], target: str) -> None:
    rows, empty = sum(len(part) for part in parts.values()), sum(_empty(part) for part in parts.values())
    if not empty:
        return
    if empty == rows:
        what = f"the target {target!r} is empty in all of {rows:,} rows"
        fix = "name another target, or mend the function that makes it"
    else:
        what = f"the target {target!r} is empty in {empty:,} of {rows:,} rows"
        fix = f"set these rows apart:  checks: [{{kind: not_null, columns: [{target}]}}]"
    raise UsageError(Fault("MODEL-012", what, _WHERE, "nothing can be learnt from them", fix))


def _empty(part: pl.Series) -> int:
    return part.null_count() + (int(part.is_nan().sum()) if part.dtype.is_float() else 0)


def _refuse_constant(parts: Mapping[str, pl.Series], target: str) -> None:
    infinite = sum(int(part.is_infinite().sum()) for part in parts.values() if part.dtype.is_float())
    if infinite:
        what = f"the target {target!r} is infinite in {infinite:,} rows"
        fix = f"set these rows apart:  checks: [{{kind: range, column: {target}, min: ..., max: ...}}]"
        raise UsageError(Fault("MODEL-027", what, _WHERE, "something was divided by 0", fix))
    learned = parts["training"]
    if len(learned) and learned.n_unique() == 1:
        what = f"the target {target!r} is {learned[0]} in all of {len(learned):,} training rows: there is nothing to learn"
        raise UsageError(Fault("MODEL-025", what, _WHERE, fix="take periods in which it differs, or name another target"))
