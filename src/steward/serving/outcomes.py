"""What turned out to be true? Told later, by the prediction's id, in any order; a correction is told again.

A telling is in a log of its own before it is taken, with an id of its own: what was told before stays beside it.
"""

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails

from steward.core.clock import Clock
from steward.core.errors import EnvironmentFault, Fault, UsageError
from steward.core.tasks import TaskKind
from steward.models.classes import name_of
from steward.project.closed import Closed
from steward.serving.history import Outcome, Told
from steward.serving.ids import new_id
from steward.serving.log import PredictionLog
from steward.serving.moments import MOMENT

MAX_OUTCOMES = 1000
MAX_LABEL = 255
"""Signs of a class's name that the database keeps."""

_MOMENT = re.compile(MOMENT)
_MAX_FAULTS = 20

Status = Literal["known", "unknown", "unchecked"]
"""Whether a prediction has this id: yes, no (so far), or nobody could say just now."""

LookUp = Callable[[Collection[str]], Mapping[str, Status]]


def _moment(value: object) -> datetime:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("is not a day and a time with a zone")
    return datetime.fromisoformat(value)


class ToldOutcome(Closed):
    """What turned out to be true for one prediction."""

    prediction_id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="as the prediction's answer named it")
    outcome: StrictBool | StrictInt | StrictFloat | StrictStr = Field(description="a quantity in the target's unit, or the class")
    at: Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "pattern": MOMENT})] | None = Field(
        None, description="when it held, with a zone; the time of the request by default"
    )


@dataclass(frozen=True, slots=True)
class Taken:
    """A telling that was written down, and whether a prediction has its id; those without one are kept all the same."""

    prediction_id: str
    status: Status


class OutcomeDesk:
    """Takes what turned out to be true and writes it down before it says so.

    Args:
        model: whose predictions are meant.
        task: a quantity's outcome is a number, any other one a class; it can be read from here.
        log: where tellings are kept.
        clock: tells when they came in.
        look_up: says which ids are known.
    """

    def __init__(self, model: str, task: TaskKind, log: PredictionLog, clock: Clock, look_up: LookUp) -> None:
        self._model = model
        self.task = task
        self._log = log
        self._clock = clock
        self._look_up = look_up

    def take(self, asked: Sequence[object], *, many: bool = True) -> list[Taken]:
        """Write outcomes down and return, in their order, whether their predictions are known.

        Args:
            asked: JSON objects as `ToldOutcome` describes them.
            many: whether a Fault calls a field ``outcomes[i].name`` or, of an only one, ``name``.

        Raises:
            UsageError: SERVE-080 to SERVE-084 something cannot be taken; then nothing was.
            EnvironmentFault: SERVE-085 they could not be written down.
        """
        read = self._read(asked, many=many)
        received = self._clock.now()
        records = [_record(new_id(), self._model, one, self.task, received) for one in read]
        try:
            self._log.append(records)
        except EnvironmentFault as error:
            why, fix = (
                error.faults[0].why,
                "make room for the workspace's folder `outcomes`, or make it writable, and tell it again",
            )
            what = "the outcome could not be written down, so it is not taken"
            raise EnvironmentFault(Fault("SERVE-085", what, why=why, fix=fix)) from error
        known = self._look_up(frozenset(one.prediction_id for one in read))
        return [Taken(one.prediction_id, known[one.prediction_id]) for one in read]

    def _read(self, asked: Sequence[object], *, many: bool) -> list[ToldOutcome]:
        if not asked or len(asked) > MAX_OUTCOMES:
            what = f"{len(asked)} outcomes are too many" if asked else "there is no outcome"
            raise UsageError(Fault("SERVE-084", what, ("outcomes",), fix=f"tell 1 to {MAX_OUTCOMES} at once"))
        read: list[ToldOutcome] = []
        faults: list[Fault] = []
        for number, one in enumerate(asked):
            path = f"outcomes[{number}]" if many else ""
            try:
                told = ToldOutcome.model_validate(one)
            except ValidationError as error:
                faults += [_fault(detail, path) for detail in error.errors(include_url=False, include_context=False)]
            else:
                read.append(told)
                faults += _odd_outcome(told.outcome, self.task, path)
            if len(faults) >= _MAX_FAULTS:
                break
        if faults:
            raise UsageError(*_once_each(faults)[:_MAX_FAULTS])
        return read


def told_of(record: Mapping[str, Any]) -> Told:
    """Return the telling that a record of the log holds."""
    outcome = Outcome(record["prediction_id"], record["value"], record["label"], record["at"])
    return Told(record["outcome_id"], record["model"], outcome, record["received_at"])


def _record(id_: str, model: str, told: ToldOutcome, task: TaskKind, received: datetime) -> dict[str, Any]:
    quantity = task == "regression"
    return {
        "outcome_id": id_,
        "prediction_id": told.prediction_id,
        "model": model,
        "value": float(told.outcome) if quantity else None,
        "label": None if quantity else name_of(_as_label(told.outcome)),
        "at": (told.at or received).astimezone(UTC).isoformat(),
        "received_at": received.isoformat(),
    }


def _odd_outcome(outcome: object, task: TaskKind, path: str) -> list[Fault]:
    where = (_below(path, "outcome"),)
    if task == "regression":
        number = isinstance(outcome, int | float) and not isinstance(outcome, bool) and _is_finite(outcome)
        fix = "write it in the unit of the predictions, for example 12.5"
        return [] if number else [Fault("SERVE-082", "the outcome of a quantity must be a finite number", where, fix=fix)]
    text = isinstance(outcome, str) and 0 < len(outcome) <= MAX_LABEL and _is_whole(outcome)
    code = isinstance(outcome, bool | int) or (isinstance(outcome, float) and outcome.is_integer())
    if text or (code and len(str(outcome)) <= MAX_LABEL):
        return []
    return [Fault("SERVE-082", "the outcome must be the name of a class", where, fix="write it as the predictions name theirs")]


def _as_label(outcome: bool | float | str) -> bool | int | str:  # noqa: FBT001 - a class may be one
    return int(outcome) if isinstance(outcome, float) else outcome


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number beyond what a float holds
        return False


def _is_whole(text: str) -> bool:
    """Tell whether a text can be written: JSON can spell half a character, and no database keeps a zero sign."""
    return "\0" not in text and text.encode("utf-8", "replace").decode() == text


def _fault(detail: ErrorDetails, path: str) -> Fault:
    if not detail["loc"]:
        fix = 'write {"prediction_id": "...", "outcome": 12.5}'
        return Fault("SERVE-080", "an outcome is not an object", (path or "body",), fix=fix)
    name = str(detail["loc"][0])[:60].encode("utf-8", "backslashreplace").decode()
    where = (_below(path, name),)
    if detail["type"] == "extra_forbidden":
        return Fault("SERVE-080", f"an outcome has no {name!r}", where, fix="send prediction_id, outcome and, if you like, at")
    if detail["type"] == "missing":
        return Fault("SERVE-080", f"{name} is missing", where, fix=f'add "{name}": {_EXAMPLES[name]}')
    return Fault(_CODES[name], f"{name} must be {_WANTED[name]}", where, fix=f'write for example "{name}": {_EXAMPLES[name]}')


_CODES = {"prediction_id": "SERVE-081", "outcome": "SERVE-082", "at": "SERVE-083"}
_EXAMPLES = {"prediction_id": '"3f2a..."', "outcome": "12.5", "at": '"2024-01-31T08:15:00Z"'}
_WANTED = {
    "prediction_id": "the id that a prediction's answer named",
    "outcome": "a number, a text, or true or false",
    "at": "a date and time with a zone",
}


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _once_each(faults: Sequence[Fault]) -> list[Fault]:
    """Leave out what is told twice: each kind that an outcome may have fails by itself."""
    return list(dict.fromkeys(faults))
