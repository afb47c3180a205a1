"""Why would a row be answered as it is, and why was an earlier one? Asking why is no prediction: nothing of it is logged."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isclose
from typing import Any

from steward.core.errors import Fault, Refused, StewardError
from steward.serving.answer import answer_of, predict_read
from steward.serving.explanation import Explanation
from steward.serving.history import Given
from steward.serving.request import read_rows
from steward.serving.service import Ready

_CLOSE = 1e-9


@dataclass(frozen=True, slots=True)
class Explained:
    """An answer as a JSON object - of an earlier one with its `prediction_id` and `at` - and what moved it."""

    answer: Mapping[str, Any]
    why: Explanation


def explain_row(ready: Ready, row: object) -> Explained:
    """Return why a version answers a row, a JSON object of column name to value, as it does.

    Raises:
        UsageError: SERVE-030 to SERVE-037 the row cannot be read or answered.
        Refused: SERVE-100 this version has no explanations.
        EnvironmentFault: MODEL-021 they take a library that is not installed.
    """
    served = ready.served
    if served.explain is None:
        what = f"{served.model} v{served.version} gives answers without explanations"
        raise Refused(Fault("SERVE-100", what, fix="ask a version that was trained and registered by Steward"))
    (read,) = read_rows(ready.form, [row], many=False)
    said = answer_of(served, predict_read(served, [read], many=False))
    about = {"unit": served.unit, "model": served.model, "version": served.version}
    return Explained({**said, **about}, served.explain(read))


def explain_given(ready: Ready, given: Given) -> Explained:
    """Return why an earlier row was answered as it was, by the version that answered it.

    Raises:
        Refused: SERVE-102 the row as it was kept no longer gives the answer, because a part of it was hashed or left out;
            SERVE-100 this version has no explanations.
    """
    try:
        again = explain_row(ready, dict(given.row))
    except Refused:
        raise
    except StewardError as error:
        named = ", ".join(place for fault in error.faults for place in fault.where)
        raise _not_as_it_was(f"{named or 'a part of it'} was hashed or left out") from error
    if not _same(given.answer.get("prediction"), again.answer["prediction"]):
        raise _not_as_it_was("the row that was kept is answered differently than the one that was asked")
    return Explained({"prediction_id": given.id, "at": given.at, **again.answer}, again.why)


def _same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=_CLOSE, abs_tol=_CLOSE)
    return one == other


def _not_as_it_was(why: str) -> Refused:
    what = "the row of this prediction was not kept as it was asked"
    fix = "send the row itself; what is kept of sensitive columns stands under `serving` in the project file"
    return Refused(Fault("SERVE-102", what, ("prediction_id",), why=why, fix=fix))
