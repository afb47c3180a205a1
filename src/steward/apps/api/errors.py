"""What does a client read when something is wrong? One body for everything, and one table of statuses."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from steward.core.errors import EnvironmentFault, Fault, Refused, StewardError


class Mistake(BaseModel):
    """One thing to mend."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(description="stable; look it up in the documentation", examples=["SERVE-032"])
    message: str = Field(description="what is wrong and why, for people")
    field: str | None = Field(description="the place in the request, for example rows[3].pickup_zone")
    fix: str = Field(description="what to do about it")


class ErrorBody(Mistake):
    """The body of every answer that is not a success; further mistakes of the same request are in `others`."""

    others: tuple[Mistake, ...] = ()


_STATUS_BY_CODE = {"SERVE-101": 404, "SERVE-020": 413, "SERVE-021": 400, "SERVE-022": 415}
_STATUS_BY_CLASS = ((EnvironmentFault, 503), (Refused, 409))
_UNPROCESSABLE = 422
_RETRY = {"Retry-After": "1"}
_NOTHING = "there is nothing here"


def add_error_handlers(app: FastAPI) -> None:
    """Let every error of the application be answered by an `ErrorBody`."""
    app.add_exception_handler(StewardError, say_fault)
    app.add_exception_handler(RequestValidationError, _say_parameters)
    app.add_exception_handler(HTTPException, _say_http)
    app.add_exception_handler(ClientDisconnect, say_nothing)
    app.add_exception_handler(Exception, _say_unexpected)


def status_of(error: StewardError) -> int:
    """Return the HTTP status of an error: by its code where that says more than its class."""
    by_class = next((status for kind, status in _STATUS_BY_CLASS if isinstance(error, kind)), _UNPROCESSABLE)
    return _STATUS_BY_CODE.get(error.faults[0].code, by_class)


def fault_answer(status: int, faults: Sequence[Fault], headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer that tells of faults, at least one."""
    first, *others = (_mistake(fault) for fault in faults)
    return _answer(status, ErrorBody(**first, others=tuple(Mistake(**other) for other in others)), headers)


def nothing_here(method: str, *, wrong_method: bool) -> Fault:
    """Return the fault of a path that is not there, or not for this method."""
    fix = "ask POST /predict; all paths are described on /docs"
    return Fault("SERVE-041", f"{method} is not for this path", fix=fix) if wrong_method else Fault("SERVE-040", _NOTHING, fix=fix)


def unexpected() -> Fault:
    """Return the fault of a request that broke the server; what broke is nobody's business but the operator's."""
    fix = "try again; if it stays, look into the server's own output, where the whole story is"
    return Fault("SERVE-050", "the server made a mistake", fix=fix)


def say_fault(_request: Request, error: Exception) -> Response:
    """Return the answer that tells of a `StewardError`."""
    assert isinstance(error, StewardError)
    status = status_of(error)
    return fault_answer(status, error.faults, _RETRY if status == _STATUS_BY_CLASS[0][1] else None)


def _say_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    fault = nothing_here(request.method, wrong_method=error.status_code == HTTPStatus.METHOD_NOT_ALLOWED)
    return fault_answer(error.status_code, [fault], dict(error.headers or {}))


def _say_parameters(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    names = [".".join(str(part) for part in found["loc"][1:]) for found in error.errors()]
    why = [str(found["msg"]) for found in error.errors()]
    fix = "see /docs for what this parameter can be, or leave it out"
    what = [f"the parameter {name} cannot be read" for name in names]
    return fault_answer(422, [Fault("SERVE-104", w, (n,), why=y, fix=fix) for w, n, y in zip(what, names, why, strict=True)])


def say_nothing(_request: Request, _error: Exception) -> Response:
    """Return an answer to who went away before it could be given."""
    return Response(status_code=400)  # nobody listens any more


def _say_unexpected(_request: Request, _error: Exception) -> Response:
    return fault_answer(500, [unexpected()])


def _mistake(fault: Fault) -> dict[str, Any]:
    message = f"{fault.what}; {fault.why}" if fault.why else fault.what
    return {"code": fault.code, "message": message, "field": fault.where[0] if fault.where else None, "fix": fault.fix}


def _answer(status: int, body: ErrorBody, headers: Mapping[str, str] | None) -> Response:
    return JSONResponse(body.model_dump(mode="json"), status, headers)
