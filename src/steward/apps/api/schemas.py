"""Of which shape is what the server is sent and what it answers? Closed, and with units: it is what `/docs` shows."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, RootModel, create_model

from steward.apps.api.body import MAX_ROWS
from steward.apps.api.errors import ErrorBody
from steward.core.tasks import TaskKind
from steward.project.closed import Closed
from steward.serving.answer import Served
from steward.serving.request import request_model

Value = float | str | bool
Responses = dict[int | str, dict[str, Any]]

WRONG_BODY: Responses = {
    400: {"model": ErrorBody, "description": "not JSON"},
    413: {"model": ErrorBody, "description": "too large"},
    415: {"model": ErrorBody, "description": "not said to be JSON"},
    422: {"model": ErrorBody, "description": "a row that cannot be read or answered"},
}
WRONG_QUERY: Responses = {422: {"model": ErrorBody, "description": "a parameter that is none"}}
NOT_READY: Responses = {503: {"model": ErrorBody, "description": "no champion yet, or what it needs cannot be reached"}}


class Interval(Closed):
    """Between which values the truth lies with the level's probability, in the answer's unit."""

    low: float
    high: float
    level: float = Field(gt=0, lt=1, description="share of such intervals that hold the truth", examples=[0.9])


class PredictionResponse(Closed):
    """One prediction and the version that made it."""

    prediction_id: str = Field(
        pattern="^[0-9a-f]{32}$",
        description="name it when the outcome is known, or to ask why",
        examples=["3f0c8a1be2d94c7f9a6b5e4d3c2b1a09"],
    )
    prediction: Value = Field(description="a quantity in `unit`, or the most likely class")
    unit: str = Field(description="of the prediction and its interval; empty for a class")
    model: str
    version: int = Field(description="which version of the model answered", ge=1)
    arm: Literal["champion", "challenger"] = Field(description="whether the champion or a challenger beside it answered")
    probabilities: dict[str, float] = Field(default={}, description="of each class, by its name; a quantity has none")
    interval: Interval | None = Field(default=None, description="of a quantity; a class has none, nor has a version without one")


class PredictionsResponse(Closed):
    """Predictions in the order of the rows asked for."""

    predictions: tuple[PredictionResponse, ...]


class Input(Closed):
    """A column that the model reads."""

    name: str
    type: str
    unit: str
    meaning: str
    required: bool
    example: JsonValue
    min: float | None
    max: float | None


class ModelInfo(Closed):
    """Which version answers, what it reads, how good it was, and where it comes from."""

    model: str
    version: int
    task: TaskKind
    unit: str
    classes: tuple[Value, ...] = Field(default=(), description="of a classification; a quantity has none")
    inputs: tuple[Input, ...]
    facts: dict[str, JsonValue] = Field(description="test metrics, periods, snapshot, features, since when it is champion")


class FollowingHealth(Closed):
    """Whether the last look at the champion worked, and since when that is so."""

    ok: bool
    last_error: str | None
    since: str


class LogHealth(Closed):
    """How much of the prediction log waits for the database."""

    waiting: int = Field(ge=0, description="records")
    since: str | None = Field(description="since when the oldest waits (ISO 8601, UTC)")
    last_error: str | None = Field(description="what kept the last pass from bringing it over")


class ChallengerHealth(Closed):
    """How it goes with the version that answers, or only watches, beside the champion."""

    id: str = Field(description="of the challenge")
    version: int
    mode: Literal["shadow", "split", "ramp"]
    share: float = Field(ge=0, le=1, description="of entities that it answers now")
    ok: bool = Field(description="false once it stepped aside because of failures, or where it could not be loaded")
    answered: int = Field(ge=0, description="rows, in this process")
    failures: int = Field(ge=0, description="calls that went wrong: the champion answered")
    dropped: int = Field(ge=0, description="rows that a shadow did not see, because too many waited")
    last_error: str | None


class WorkerHealth(Closed):
    """How it goes in one of several processes."""

    worker: int = Field(ge=1)
    pid: int = Field(ge=0, description="of its process; 0 while it starts")
    status: Literal["ok", "degraded", "waiting"]
    version: int | None = Field(description="which version it answers with")
    last_error: str | None


class HealthResponse(Closed):
    """How it goes: `ok`, `degraded` (the champion cannot be followed, or a challenger fails) or `waiting` (there is none yet)."""

    status: Literal["ok", "degraded", "waiting"]
    model: str | None
    version: int | None
    following: FollowingHealth
    log: LogHealth | None = None
    challenger: ChallengerHealth | None = None
    workers: list[WorkerHealth] | None = Field(
        default=None, description="where several processes answer; all are well or it is `degraded`"
    )
    steward: str = Field(description="version of the software")


class ReadyResponse(Closed):
    """There is a model to answer with."""

    status: Literal["ok"]
    version: str


class LiveResponse(Closed):
    """The process runs."""

    status: Literal["ok"]


class Figure(Closed):
    """A metric with its 95 % interval; the ends are null where none was recorded."""

    name: str = Field(examples=["mae"])
    value: float
    low: float | None
    high: float | None


class TestedFigures(Closed):
    """How good the version was on test rows, which had no say in it."""

    rows: int | None
    metrics: tuple[Figure, ...]
    interval_level: float | None = Field(description="what the intervals of answers promise; null where there are none")
    interval_share: float | None = Field(description="how many of the test rows' truths lay in them")
    interval_width: float | None = Field(description="how wide they were on average, in `unit`")


class RealisedFigures(Closed):
    """How good its newest answers turned out to be."""

    rows: int = Field(description="answers with a known outcome")
    looked_at: int = Field(description="newest answers among which they were sought")
    metrics: tuple[Figure, ...] = Field(description="none with fewer than 20 outcomes")
    interval_share: float | None = Field(description="how many of the truths lay in the interval that was answered")


class MetricsResponse(Closed):
    """How good the champion is: then, on its test rows, and since, where outcomes are known."""

    model: str
    version: int
    task: TaskKind
    unit: str = Field(description="of errors that have one, such as rmse and mae")
    tested: TestedFigures
    realised: RealisedFigures


class MovedFeature(Closed):
    """A feature, its value in the row, and what it adds to the answer."""

    feature: str
    value: float | None = Field(description="as the model reads it; null where missing")
    contribution: float = Field(description="on `scale`, SHAP")


class ExplanationResponse(Closed):
    """An answer and what moved it: `base` and all contributions sum to `total`."""

    prediction: Value
    unit: str
    model: str
    version: int
    prediction_id: str | None = Field(default=None, description="of an earlier prediction")
    at: str | None = Field(default=None, description="when that was given (ISO 8601, UTC)")
    probabilities: dict[str, float] = Field(default={}, description="of each class, by its name")
    interval: Interval | None = None
    about: str = Field(description="the class that is explained; empty for a quantity")
    scale: str = Field(description="what base, total and contributions are in: the unit, probability or log-odds")
    base: float = Field(description="the usual answer")
    total: float = Field(description="this answer")
    moved: tuple[MovedFeature, ...] = Field(description="the strongest first")


def request_schema(row: type[BaseModel]) -> type[BaseModel]:
    """Return PredictionRequest: one row of a model, or up to a thousand under `rows`."""
    one: Any = row  # a model made at run time is no type to a type checker
    many: Any = Annotated[list[one], Field(min_length=1, max_length=MAX_ROWS)]
    config = ConfigDict(extra="forbid", frozen=True)
    rows: Any = create_model("Rows", __config__=config, __doc__="Rows to predict for, answered in order.", rows=(many, ...))
    return create_model("PredictionRequest", __base__=RootModel[one | rows], __doc__="One row, or many under `rows`.")


def row_of(served: Served) -> type[BaseModel]:
    """Return the model of one row that a version takes."""
    return request_model(served.dictionary, served.inputs)
