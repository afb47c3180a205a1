"""Which paths are there? Each parses, asks the service, and answers."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from steward import __version__
from steward.apps.api.body import asked_rows, read_json
from steward.apps.api.errors import ErrorBody
from steward.apps.api.follow import Following
from steward.serving.service import Answer, Served, Service

VERSION_HEADER = "X-Steward-Version"
_ROWS_IN_THE_LOOP = 50
_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "not JSON"},
    413: {"model": ErrorBody, "description": "too large"},
    415: {"model": ErrorBody, "description": "not said to be JSON"},
    422: {"model": ErrorBody, "description": "a row that cannot be read or answered"},
}
_NOT_READY: dict[int | str, dict[str, Any]] = {
    503: {"model": ErrorBody, "description": "no champion yet, or the log cannot be written"}
}


class Prediction(BaseModel):
    """One prediction and the version that made it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prediction_id: str = Field(description="name it when the outcome is known")
    prediction: float | str | bool = Field(description="a quantity in `unit`, or the most likely class")
    unit: str
    model: str
    version: int
    probabilities: dict[str, float] = Field(default={}, description="of each class, by its name; a quantity has none")


class Predictions(BaseModel):
    """Predictions in the order of the rows asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    predictions: tuple[Prediction, ...]


def predict_routes(service: Service) -> APIRouter:
    """Return the route that predicts."""
    router = APIRouter(tags=["predict"])

    @router.post("/predict", response_model=Prediction | Predictions, responses=_ERRORS | _NOT_READY)
    async def predict(request: Request) -> Response:
        """Predict for one row, or for many under `rows`. Each answer is in the prediction log before it is sent."""
        asked = asked_rows(await read_json(request))
        ask = partial(service.predict, asked.rows, many=asked.many)
        answers = ask() if len(asked.rows) <= _ROWS_IN_THE_LOOP else await anyio.to_thread.run_sync(ask)
        content = {"predictions": [answer.as_dict() for answer in answers]} if asked.many else answers[0].as_dict()
        return JSONResponse(content, headers=_version_header(answers[0]))

    return router


def about_routes(service: Service) -> APIRouter:
    """Return the routes that say which model answers."""
    router = APIRouter(tags=["about"])

    @router.get("/model", responses=_NOT_READY)
    @router.get("/model-info", responses=_NOT_READY)
    async def model() -> Response:
        """Say which version answers, what it reads, how good it was, and where it comes from."""
        served = service.need_current()
        about = {"model": served.model, "version": served.version, "task": served.task, "unit": served.unit}
        about |= {"classes": list(served.classes)} if served.classes else {}
        content = about | {"inputs": _inputs(served), "facts": dict(served.facts)}
        return JSONResponse(content, headers={VERSION_HEADER: str(served.version)})

    @router.get("/", include_in_schema=False)
    async def start() -> Response:
        return RedirectResponse("docs")

    return router


def health_routes(service: Service, following: Following) -> APIRouter:
    """Return the routes for those who watch over the process."""
    router = APIRouter(tags=["health"])

    @router.get("/health")
    async def health() -> dict[str, Any]:
        """Say how it goes: `ok`, `degraded` (the champion cannot be followed) or `waiting` (there is none yet)."""
        served = service.current
        status = "waiting" if served is None else "ok" if following.state.ok else "degraded"
        now = {"model": None, "version": None} if served is None else {"model": served.model, "version": served.version}
        return {"status": status, **now, "following": asdict(following.state), "steward": __version__}

    @router.get("/health/live")
    async def live() -> dict[str, str]:
        """Say that the process runs."""
        return {"status": "ok"}

    @router.get("/health/ready", responses=_NOT_READY)
    async def ready() -> dict[str, str]:
        """Say whether there is a model to answer with."""
        served = service.need_current()
        return {"status": "ok", "version": str(served.version)}

    return router


def _version_header(answer: Answer) -> dict[str, str]:
    return {VERSION_HEADER: str(answer.version)}


def _inputs(served: Served) -> list[Mapping[str, Any]]:
    shown = {"type", "unit", "meaning", "required", "example", "min", "max"}
    columns = served.dictionary.columns
    return [{"name": name, **columns[name].model_dump(mode="json", include=shown)} for name in served.inputs]
