"""How is a candidate tuned, what may fitting one cost, and what may the chosen one cost?

A space is a table: parameter -> range or choice. Each kind of candidate has one by default; what the project file says of
a parameter takes the place of the default's, and a choice of one value holds it fast.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, ValidationError, model_validator

from steward.core.errors import Fault, did_you_mean
from steward.core.tasks import RULES
from steward.project.closed import Closed
from steward.project.document import Document, Place

Transform = Literal["none", "sqrt", "log1p"]

Setting = bool | int | float | str | tuple[int, ...] | None
"""The value of one parameter of a candidate."""


class Range(Closed):
    """Numbers from low to high, both included; with `log` each tenfold is as likely as the next."""

    low: float = Field(description="the least value")
    high: float = Field(description="the greatest value")
    log: bool = Field(default=False, description="try orders of magnitude alike")

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low is not below high: {self.low:g} >= {self.high:g}; for one value write  [{self.low:g}]")
        if self.log and self.low <= 0:
            raise ValueError("a logarithmic range begins above 0")
        return self


class Choice(Closed):
    """One of some values; in the project file also written as a plain list."""

    among: tuple[Setting, ...] = Field(min_length=1, description="the values")


def _shape(value: Any) -> str:
    listed = isinstance(value, list | tuple | Choice) or (isinstance(value, Mapping) and "among" in value)
    return "choice" if listed else "range"


def _spelled_out(value: Any) -> Any:
    return {"among": value} if isinstance(value, list | tuple) else value


Axis = Annotated[
    Annotated[Range, Tag("range")] | Annotated[Choice, BeforeValidator(_spelled_out), Tag("choice")], Discriminator(_shape)
]
Space = Mapping[str, Axis]
"""What is tried: a range or a choice for each parameter, by name."""


class TuneSpec(Closed):
    """How long and where to look for the best settings of a candidate; the first trial is what the file declares."""

    trials: int = Field(40, ge=1, le=10_000, description="how many settings are tried")
    seconds: float | None = Field(None, gt=0, description="no trial begins after so long; what was tried by then counts")
    space: Space = Field(default_factory=dict, description="ranges and choices that take the place of the default ones")
    pruning: bool = Field(default=True, description="stop a trial early that is behind most others")
    workers: int = Field(1, ge=1, le=64, description="processes that share the trials")
    metric: str | None = Field(None, description="what is made best; the one that decides between candidates by default")
    seed: int = Field(7, ge=0, description="the same seed tries the same settings, with one worker and without `seconds`")


class LimitsSpec(Closed):
    """What fitting one candidate may take; beyond it the fit is stopped, and the others go on."""

    seconds: float | None = Field(None, gt=0, description="of wall clock")
    memory_mb: int | None = Field(None, ge=64, description="of memory, in MB; libraries and the rows themselves included")


class BudgetSpec(Closed):
    """What the chosen model may cost; candidates beyond it are not chosen."""

    latency_ms: float | None = Field(None, gt=0, description="median time of one row, in milliseconds, features apart")
    megabytes: float | None = Field(None, gt=0, description="size of the model's file, in MB")


class Limited(Closed):
    """A candidate whose fit may be limited."""

    limits: LimitsSpec | None = Field(None, description="what its fit may take; the project's own limits by default")


class Tunable(Limited):
    """A candidate whose settings may be tuned."""

    tune: TuneSpec | None = Field(None, description="look for better settings than these before it competes")
    transform: Transform = Field(
        "none", description="what is learnt of a quantity: its square root, or the logarithm of one more; answers are in its unit"
    )


# Trials of another transform are on another scale, by which none can be stopped early.
NOT_TUNED = frozenset({"kind", "name", "tune", "limits", "seed", "transform"})

# The ranges in which these libraries' own guides look, kept clear of what only takes time.
SPACES: Mapping[str, Mapping[str, Range | Choice]] = {
    "linear": {"alpha": Range(low=1e-3, high=1e3, log=True)},
    "ridge": {"alpha": Range(low=1e-3, high=1e4, log=True)},
    "lasso": {"alpha": Range(low=1e-5, high=1, log=True)},
    "logistic": {"alpha": Range(low=1e-4, high=1e3, log=True)},
    "random_forest": {"min_rows_in_leaf": Range(low=1, high=100, log=True), "max_features": Range(low=0.1, high=1)},
    "lightgbm": {
        "learning_rate": Range(low=0.01, high=0.3, log=True),
        "num_leaves": Range(low=7, high=255, log=True),
        "min_rows_in_leaf": Range(low=5, high=300, log=True),
        "subsample": Range(low=0.5, high=1),
        "colsample": Range(low=0.4, high=1),
        "l2": Range(low=1e-3, high=30, log=True),
    },
    "xgboost": {
        "learning_rate": Range(low=0.01, high=0.3, log=True),
        "max_depth": Range(low=3, high=10),
        "min_child_weight": Range(low=0.5, high=64, log=True),
        "subsample": Range(low=0.5, high=1),
        "colsample": Range(low=0.4, high=1),
        "l2": Range(low=1e-3, high=30, log=True),
    },
    "mlp": {
        "hidden": Choice(among=((32,), (64, 32), (128, 64), (128, 128, 64))),
        "learning_rate": Range(low=3e-4, high=1e-2, log=True),
        "dropout": Range(low=0, high=0.4),
        "weight_decay": Range(low=1e-6, high=1e-2, log=True),
    },
}


def space_of(candidate: Closed) -> dict[str, Range | Choice]:
    """Return what is tried of a candidate: its kind's default ranges, wide enough for what it declares, and its own.

    Parameters that a candidate does not have are left out; those held fast by a choice of one value are in it.
    """
    known = set(type(candidate).model_fields) - NOT_TUNED
    default = SPACES.get(_kind(candidate), {})
    widened = {name: _widened(axis, getattr(candidate, name)) for name, axis in default.items() if name in known}
    tune: TuneSpec | None = getattr(candidate, "tune", None)
    return {**widened, **(tune.space if tune else {})}


def is_whole(candidate: Closed, name: str) -> bool:
    """Tell whether a parameter of a candidate takes whole numbers only."""
    annotation = str(type(candidate).model_fields[name].annotation)
    return "int" in annotation and "float" not in annotation


def tuning_faults(document: Document, candidates: tuple[Closed, ...], task: str) -> list[Fault]:
    """Return a fault for each range, choice or metric of a candidate's tuning that cannot be meant.

    Args:
        document: the project file, which knows the lines.
        candidates: as they were read from it, in order.
        task: what the model answers, which says what may be made best.
    """
    faults: list[Fault] = []
    for place, candidate, tune in _tuned(candidates):
        faults += [fault for name, axis in tune.space.items() for fault in _axis_faults(document, place, candidate, name, axis)]
        if not space_of(candidate):
            fix = "write  space: {PARAMETER: {low: ..., high: ...}}  below it, or leave  tune  out"
            faults.append(Fault("PROJ-042", f"nothing of {_kind(candidate)} is tuned by default", _at(document, place), fix=fix))
        known = RULES[task].metrics if task in RULES else ()  # type: ignore[index] # told by the condition
        if tune.metric is not None and known and tune.metric not in known:
            what, where = f"{_spoken(place)}.metric: nothing is called {tune.metric!r}", _at(document, (*place, "metric"))
            faults.append(Fault("PROJ-007", what, where, fix=did_you_mean(tune.metric, known)))
    return faults


def _tuned(candidates: tuple[Closed, ...]) -> Iterator[tuple[Place, Closed, TuneSpec]]:
    for number, candidate in enumerate(candidates):
        tune: TuneSpec | None = getattr(candidate, "tune", None)
        if tune is not None:
            yield ("candidates", number, "tune"), candidate, tune


def _axis_faults(document: Document, above: Place, candidate: Closed, name: str, axis: Range | Choice) -> Iterator[Fault]:
    place = (*above, "space", name)
    known = set(type(candidate).model_fields) - NOT_TUNED
    if name not in known:
        what = f"{_spoken(place)}: {_kind(candidate)} has no parameter {name!r} to tune"
        yield Fault("PROJ-040", what, _at(document, place), fix=did_you_mean(name, known))
        return
    for part, value in _ends(axis):
        why = _why_not(candidate, name, value)
        if why:
            where = _at(document, (*place, *part))
            yield Fault("PROJ-041", f"{_spoken(place)}: {name} of {_kind(candidate)} cannot be {_short(value)}", where, why=why)


def _ends(axis: Range | Choice) -> list[tuple[Place, Setting]]:
    """Return the values that say whether all between them are right, and where in the axis they stand."""
    if isinstance(axis, Range):
        return [(("low",), axis.low), (("high",), axis.high)]
    return [(("among", number), value) for number, value in enumerate(axis.among)]


def _why_not(candidate: Closed, name: str, value: Setting) -> str:
    """Return why a parameter cannot have a value; empty where it can."""
    try:
        type(candidate).model_validate({**candidate.model_dump(), name: value})
    except ValidationError as error:
        return "; ".join(detail["msg"].removeprefix("Value error, ") for detail in error.errors())
    return ""


def _widened(axis: Range | Choice, declared: object) -> Range | Choice:
    """Return a default range that also holds what is declared, as far as it can."""
    if isinstance(axis, Choice) or isinstance(declared, bool) or not isinstance(declared, int | float):
        return axis
    if axis.log and declared <= 0:
        return axis
    return Range(low=min(axis.low, declared), high=max(axis.high, declared), log=axis.log)


def _kind(candidate: Closed) -> str:
    return str(getattr(candidate, "kind", ""))


def _at(document: Document, place: Place) -> tuple[str]:
    return (document.where(place),)


def _spoken(place: Place) -> str:
    return ".".join(str(part) for part in place)


def _short(value: Setting) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)
