"""How is a server told what turned out to be true?"""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from steward.apps.api.access import needs
from steward.apps.api.body import read_json
from steward.apps.api.errors import ErrorBody
from steward.core.errors import Fault, UsageError
from steward.core.tasks import TaskKind
from steward.project.closed import Closed
from steward.serving.outcomes import MAX_LABEL, MAX_OUTCOMES, OutcomeDesk, Status, ToldOutcome

_AT_ONCE = 8


class TakenOutcome(Closed):
    """An outcome that was written down."""

    prediction_id: str
    status: Status = Field(
        description="known: a prediction has this id. unknown: none has so far; the outcome is kept and counts once one has. "
        "unchecked: nobody could say just now; it is kept"
    )


class TakenOutcomes(Closed):
    """Outcomes that were written down, in the order they were told."""

    outcomes: tuple[TakenOutcome, ...]


_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "not JSON"},
    413: {"model": ErrorBody, "description": "too large"},
    415: {"model": ErrorBody, "description": "not said to be JSON"},
    422: {"model": ErrorBody, "description": "an outcome that cannot be taken; none of the request was"},
    503: {"model": ErrorBody, "description": "the outcomes cannot be written down"},
}


_QUANTITY = {"type": "number", "description": "in the target's unit"}
_CLASS = {
    "anyOf": [
        {"type": "string", "pattern": f"^[^\\x00]{{1,{MAX_LABEL}}}$"},
        {"type": "boolean"},
        {"type": "integer"},
    ],
    "description": "the class, as the predictions name theirs, or one that is new",
}


def outcome_routes(desk: OutcomeDesk) -> APIRouter:
    """Return the route that takes what turned out to be true."""
    router = APIRouter(tags=["predict"])
    # A database that hangs holds up these threads and not those that predict.
    limiter = anyio.CapacityLimiter(_AT_ONCE)

    @router.post(
        "/outcomes",
        response_model=TakenOutcome | TakenOutcomes,
        responses=_ERRORS,
        openapi_extra=needs("predictor") | _body(desk.task),
    )
    async def outcomes(request: Request) -> Response:
        """Tell what turned out to be true for one prediction, or for many under `outcomes`, in any order.

        All of it is in the outcome log before the answer is sent. Telling another outcome for the same prediction corrects the
        one before, which is kept beside it with its time.
        """
        value = await read_json(request)
        many = isinstance(value, Mapping) and "outcomes" in value
        take = partial(desk.take, _asked(value, many=many), many=many)
        taken = await anyio.to_thread.run_sync(take, limiter=limiter)
        content = {"outcomes": [asdict(one) for one in taken]} if many else asdict(taken[0])
        return JSONResponse(content)

    return router


def _body(task: TaskKind) -> dict[str, Any]:
    """Return the description of what may be sent: one outcome, or many."""
    quantity = task == "regression"
    one = ToldOutcome.model_json_schema()
    one["properties"]["outcome"] = {"title": "Outcome", **(_QUANTITY if quantity else _CLASS)}
    many = {
        "type": "object",
        "title": "ToldOutcomes",
        "description": "Many outcomes at once: all are taken, or none.",
        "properties": {"outcomes": {"type": "array", "items": one, "minItems": 1, "maxItems": MAX_OUTCOMES}},
        "required": ["outcomes"],
        "additionalProperties": False,
    }
    told = {"outcome": 12.5 if quantity else "a class", "at": "2024-01-31T08:29:00Z"}
    example = {"prediction_id": "3f2a9c0d5e6b47818c9d0e1f2a3b4c5d", **told}
    schema = {"anyOf": [one, many], "examples": [example, {"outcomes": [example]}]}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _asked(value: object, *, many: bool) -> list[object]:
    if not many or not isinstance(value, Mapping):
        return [value]
    if len(value) > 1:
        fix = 'send {"outcomes": [...]} and nothing else'
        raise UsageError(Fault("SERVE-084", "something stands beside `outcomes`", ("body",), fix=fix))
    found = value["outcomes"]
    if not isinstance(found, list):
        raise UsageError(Fault("SERVE-084", "`outcomes` is not a list", ("outcomes",), fix='write {"outcomes": [{...}, ...]}'))
    return found
