"""Why is a row answered as it is? Asked with the row, or with the id of an earlier prediction."""

from collections.abc import Callable, Mapping
from functools import partial

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request

from steward.apps.api.access import needs
from steward.apps.api.body import read_json
from steward.apps.api.errors import ErrorBody
from steward.apps.api.schemas import NOT_READY, WRONG_BODY, ExplanationResponse, MovedFeature, Responses
from steward.core.errors import Fault, UsageError
from steward.serving.explain import Explained, explain_row
from steward.serving.service import Ready, Service

Earlier = Callable[[str], Explained]
"""Explains an earlier prediction, by its id; UsageError SERVE-101 where there is none."""

BY_ID = "prediction_id"
_ERRORS: Responses = {
    404: {"model": ErrorBody, "description": "no prediction has this id"},
    409: {"model": ErrorBody, "description": "it cannot be explained: its row was not kept as it was asked"},
}


def nothing_earlier(_prediction: str) -> Explained:
    """Explain no earlier prediction: for a service that keeps none."""
    fix = "send the row itself"
    raise UsageError(Fault("SERVE-101", "no prediction has this id", (BY_ID,), fix=fix))


def explain_routes(service: Service, earlier: Earlier) -> APIRouter:
    """Return the route that explains; one explanation at a time, so that predictions go on meanwhile."""
    router = APIRouter(tags=["predict"])
    turn = anyio.CapacityLimiter(1)

    @router.post(
        "/explain",
        response_model_exclude_unset=True,
        responses=WRONG_BODY | _ERRORS | NOT_READY,
        openapi_extra=needs("predictor"),
    )
    async def explain(request: Request) -> ExplanationResponse:
        """Say what moved the answer to one row, or to an earlier prediction by its id. Nothing of it is logged."""
        value = await read_json(request)
        return _response(await anyio.to_thread.run_sync(partial(_explain, value, service, earlier), limiter=turn))

    return router


def _explain(value: object, service: Service, earlier: Earlier) -> Explained:
    ready = service.need_ready()
    wanted = _wanted(value, ready)
    return explain_row(ready, value) if wanted is None else earlier(wanted)


def _wanted(value: object, ready: Ready) -> str | None:
    """Return the id of an earlier prediction, None where a row was sent.

    Raises:
        UsageError: SERVE-103 an id that is no text or has something beside it, or many rows.
    """
    if not isinstance(value, Mapping):
        return None
    if "rows" in value and "rows" not in ready.form.columns:
        raise UsageError(Fault("SERVE-103", "one row at a time is explained", ("rows",), fix="send the row alone"))
    if BY_ID not in value or BY_ID in ready.form.columns:
        return None
    wanted = value[BY_ID]
    if not isinstance(wanted, str) or len(value) > 1:
        fix = 'send {"prediction_id": "..."} and nothing else, or the row alone'
        raise UsageError(Fault("SERVE-103", "the body is neither a row nor the id of a prediction", (BY_ID,), fix=fix))
    return wanted


def _response(explained: Explained) -> ExplanationResponse:
    why = explained.why
    moved = tuple(MovedFeature(feature=one.feature, value=one.value, contribution=one.contribution) for one in why.moved)
    about = {"about": why.about, "scale": why.scale, "base": why.base, "total": why.total}
    return ExplanationResponse(**explained.answer, **about, moved=moved)
