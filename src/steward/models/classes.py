"""Which classes does a target hold, and what is the code of each row's?

A class keeps the value it has in the target's column - text, whole number or boolean - and its code is its place among
the sorted ones. Of two classes the last is the positive one: true, 1, yes.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.core.errors import Fault, UsageError
from steward.core.tasks import Label, TaskKind

Array = npt.NDArray[np.float64]

_TWO = 2
_NAMED = 5


def find_classes(parts: Mapping[str, pl.Series], *, task: TaskKind, target: str) -> tuple[Label, ...]:
    """Return the classes of a target, sorted.

    Args:
        parts: the target of the training, validation and test rows, by the part's name, without nulls.
        task: a binary one has two classes.
        target: its name, for messages.

    Raises:
        UsageError: MODEL-013 a class is not in every part, MODEL-014 there is a single class, MODEL-015 a binary target
            has more than two, MODEL-016 the target holds neither text, whole numbers nor booleans.
    """
    for part in parts.values():
        _refuse_type(part.dtype, target)
    classes = tuple(pl.concat([part.unique() for part in parts.values()]).unique().sort().to_list())
    if len(classes) < _TWO:
        rows = sum(len(part) for part in parts.values())
        what = f"the target {target!r} is {name_of(classes[0])!r} in all of {rows:,} rows: there is nothing to tell apart"
        raise UsageError(Fault("MODEL-014", what, _WHERE, fix="take periods that hold the other class too, or another target"))
    if task == "binary" and len(classes) > _TWO:
        what = f"a binary target has two classes, and {target!r} has {len(classes)}: {_some(classes)}"
        fix = f"write  task: multiclass,  or make two of them in features.py, such as  {target} > 0"
        raise UsageError(Fault("MODEL-015", what, _WHERE, fix=fix))
    _refuse_rare(parts, classes, target)
    return classes


def encode(target: pl.Series, classes: Sequence[Label]) -> Array:
    """Return the code of each row's class, shape (rows,); NaN where it is null or none of the classes."""
    names = [name_of(label) for label in classes]
    codes = _names(target).replace_strict(names, list(range(len(names))), default=None, return_dtype=pl.Float64)
    return codes.to_numpy()


def unknown_classes(target: pl.Series, classes: Sequence[Label]) -> Mapping[str, int]:
    """Return the rows of each class that is none of the known ones, by its name."""
    names = _names(target).alias("class")
    other = names.filter(~names.is_in([name_of(label) for label in classes]))
    return dict(other.drop_nulls().value_counts().sort(["count", "class"], descending=[True, False]).rows())


def align(predicted: Array, own: Sequence[Label], wanted: Sequence[Label]) -> Array:
    """Return probabilities for other classes than a model's own: 0 for those it does not know."""
    places = [wanted.index(label) for label in own]
    aligned = np.zeros((len(predicted), len(wanted)))
    aligned[:, places] = predicted
    return aligned


def name_of(label: Label) -> str:
    """Return a class as JSON spells it as a key.

    >>> [name_of(label) for label in (True, 3, "yes")]
    ['true', '3', 'yes']
    """
    return str(label).lower() if isinstance(label, bool) else str(label)


_WHERE = ("project.yaml: target",)


def _names(target: pl.Series) -> pl.Series:
    return target.cast(pl.String)


def _refuse_type(dtype: pl.DataType, target: str) -> None:
    if not (dtype.is_integer() or dtype in (pl.String, pl.Boolean, pl.Categorical, pl.Enum)):
        what = f"the classes of a target are text, whole numbers or booleans, and {target!r} holds {dtype}"
        fix = "make a function of features.py the target that tells its classes, or write  task: regression"
        raise UsageError(Fault("MODEL-016", what, _WHERE, fix=fix))


def _refuse_rare(parts: Mapping[str, pl.Series], classes: Sequence[Label], target: str) -> None:
    codes = {name: encode(part, classes) for name, part in parts.items()}
    rows = {name: np.bincount(code.astype(np.intp), minlength=len(classes)) for name, code in codes.items()}
    rare = [code for code in range(len(classes)) if any(not counts[code] for counts in rows.values())]
    if not rare:
        return
    told = [f"class {name_of(classes[code])!r} of {target!r} has {_in_words(rows, code)}" for code in rare]
    why = "each part needs some: to learn it, to choose by it, to judge it"
    fix = "take more periods, join it with another class in features.py, or set its rows apart with a check of kind allowed"
    faults = [Fault("MODEL-013", what, _WHERE, why, fix) for what in told[:_NAMED]]
    more = [Fault("MODEL-013", f"{len(told) - _NAMED:,} more classes are not in every part", _WHERE)] if len(told) > _NAMED else []
    raise UsageError(*faults, *more)


def _in_words(rows: Mapping[str, npt.NDArray[np.intp]], code: int) -> str:
    return f"{', '.join(f'{counts[code]:,} {name}' for name, counts in rows.items())} rows"


def _some(classes: Sequence[Label]) -> str:
    named = ", ".join(name_of(label) for label in classes[:_NAMED])
    return f"{named}, ..." if len(classes) > _NAMED else named
