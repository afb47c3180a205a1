"""Which paths are there? Each parses, asks the service, and answers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic_core import to_json

from steward import __version__
from steward.apps.api.access import needs
from steward.apps.api.body import asked_rows, read_json
from steward.apps.api.crew import Crew, health_of_all
from steward.apps.api.follow import Following
from steward.apps.api.metrics import Metrics
from steward.apps.api.schemas import (
    NOT_READY,
    WRONG_BODY,
    HealthResponse,
    LiveResponse,
    ModelInfo,
    PredictionResponse,
    PredictionsResponse,
    ReadyResponse,
)
from steward.apps.api.shipping import LogKeeper
from steward.apps.api.together import Together
from steward.core.errors import StewardError
from steward.serving.answer import Answer, Served
from steward.serving.ring import Caller
from steward.serving.service import Service

VERSION_HEADER = "X-Steward-Version"
_ROWS_IN_THE_LOOP = 50


def predict_routes(service: Service, metrics: Metrics) -> APIRouter:
    """Return the route that predicts."""
    router = APIRouter(tags=["predict"])
    together = Together(partial(metrics.count_each, partial(_answer_each, service)))

    @router.post(
        "/predict",
        response_model=PredictionResponse | PredictionsResponse,
        responses=WRONG_BODY | NOT_READY,
        openapi_extra=needs("predictor"),
    )
    async def predict(request: Request) -> Response:
        """Predict for one row, or for many under `rows`. Each answer is in the prediction log before it is sent."""
        asked = asked_rows(await read_json(request))
        if not asked.many:
            answer = await together.ask(_Asked(asked.rows[0], _key_of(request)))
            return _json(answer.as_dict(), answer)
        ask = partial(metrics.count_predictions, partial(service.predict, asked.rows, caller=_key_of(request)))
        answers = ask() if len(asked.rows) <= _ROWS_IN_THE_LOOP else await anyio.to_thread.run_sync(ask)
        return _json({"predictions": [answer.as_dict() for answer in answers]}, answers[0])

    return router


@dataclass(frozen=True, slots=True)
class _Asked:
    """One row, and the prefix of the key that asked for it."""

    row: object
    caller: str | None


def _answer_each(service: Service, asked: Sequence[object]) -> Sequence[Answer | StewardError]:
    known = [one for one in asked if isinstance(one, _Asked)]
    return service.predict_each([one.row for one in known], [one.caller for one in known])


def _key_of(request: Request) -> str | None:
    """Return the prefix of the key that asks, which is no secret; None for the local user."""
    caller = request.scope.get("state", {}).get("caller")
    return caller.prefix if isinstance(caller, Caller) else None


def about_routes(service: Service) -> APIRouter:
    """Return the routes that say which model answers."""
    router = APIRouter(tags=["about"])

    @router.get("/model", response_model=ModelInfo, responses=NOT_READY, openapi_extra=needs("viewer"))
    @router.get("/model-info", response_model=ModelInfo, responses=NOT_READY, openapi_extra=needs("viewer"))
    async def model() -> Response:
        """Say which version answers, what it reads, how good it was, and where it comes from."""
        served = service.need_current()
        about = {"model": served.model, "version": served.version, "task": served.task, "unit": served.unit}
        about |= {"classes": list(served.classes)} if served.classes else {}
        content = about | {"inputs": _inputs(served), "facts": dict(served.facts)}
        return JSONResponse(content, headers={VERSION_HEADER: str(served.version)})

    @router.get("/", include_in_schema=False, openapi_extra=needs("viewer"))
    async def start() -> Response:
        return RedirectResponse("docs")

    return router


def health_routes(service: Service, following: Following, keeper: LogKeeper | None = None, crew: Crew | None = None) -> APIRouter:
    """Return the routes for those who watch over the process."""
    router = APIRouter(tags=["health"])

    @router.get("/health", response_model=HealthResponse, openapi_extra=needs("viewer"))
    async def health() -> Response:
        """Say how it goes: `ok`, `degraded` (champion not followed, or a challenger fails) or `waiting` (there is none yet)."""
        own = health_of(service, following)
        log = None if keeper is None else asdict(keeper.state())
        return JSONResponse({**(own if crew is None else health_of_all(crew, own)), "log": log, "steward": __version__})

    @router.get("/health/live", response_model=LiveResponse, openapi_extra=needs("anyone"))
    async def live() -> dict[str, str]:
        """Say that the process runs."""
        return {"status": "ok"}

    @router.get("/health/ready", response_model=ReadyResponse, responses=NOT_READY, openapi_extra=needs("viewer"))
    async def ready() -> dict[str, str]:
        """Say whether there is a model to answer with."""
        served = service.need_current()
        return {"status": "ok", "version": str(served.version)}

    return router


def health_of(service: Service, following: Following) -> dict[str, Any]:
    """Return how it goes in this process, as a JSON object."""
    served = service.current
    beside = service.challenger
    well = following.state.ok and (beside is None or beside.ok)
    status = "waiting" if served is None else "ok" if well else "degraded"
    now = {"model": None, "version": None} if served is None else {"model": served.model, "version": served.version}
    state = {"following": asdict(following.state), "challenger": None if beside is None else asdict(beside)}
    return {"status": status, **now, **state}


def _json(content: Mapping[str, Any], first: Answer) -> Response:
    # All numbers are finite, which the framework's own answer would look for again.
    return Response(to_json(content), media_type="application/json", headers={VERSION_HEADER: str(first.version)})


def _inputs(served: Served) -> list[Mapping[str, Any]]:
    shown = {"type", "unit", "meaning", "required", "example", "min", "max"}
    columns = served.dictionary.columns
    return [{"name": name, **columns[name].model_dump(mode="json", include=shown)} for name in served.inputs]
