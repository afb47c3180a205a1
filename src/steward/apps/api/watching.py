"""What does the server say about the world its model lives in: drift, data, experiments, how good it is?

The answers come from the stores, in a thread, newest first and never without an end. No value of a row is among them.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Query
from pydantic import Field

from steward.apps.api.access import needs
from steward.apps.api.schemas import (
    NOT_READY,
    WRONG_QUERY,
    Figure,
    MetricsResponse,
    RealisedFigures,
    TestedFigures,
)
from steward.flows.looks import Looks, Performance
from steward.models.history import Experiment
from steward.monitoring.history import WatchedWindow
from steward.project.closed import Closed
from steward.quality.history import KeptFinding, KeptMetric
from steward.serving.answer import Served
from steward.serving.service import Service


class MovedColumn(Closed):
    """A column that moved beyond chance."""

    name: str
    distance: float = Field(description="share of rows that sit elsewhere than in the reference")
    critical: float = Field(description="what chance explains of that")
    weight: float = Field(description="how far the model leans on the column, 0 to 1")
    severity: float = Field(description="0 to 1, before the weight")


class WindowPerformance(Closed):
    """The error on the window's known outcomes against that on the test rows."""

    metric: str
    reference: float
    current: float
    change: float = Field(description="as a share of the reference")
    low: float = Field(description="one-sided 95 % lower bound of the change")
    rows: int


class BrokenData(Closed):
    """Something that broke in a window's rows."""

    kind: str = Field(description="what happened", examples=["nulls"])
    column: str | None = Field(description="null where whole rows are meant")
    share: float = Field(description="of the rows, 0 to 1")
    severity: float = Field(description="0 to 1, weighted")
    text: str


class EstimatedError(Closed):
    """The metric as it must be, before outcomes are known, with a 95 % interval."""

    method: str = Field(description="CBPE of classes, DLE of quantities")
    metric: str
    value: float
    low: float
    high: float
    reference: float = Field(description="the same estimate on the reference's rows")
    change: float = Field(description="growth of the error as a share; positive is worse")
    trusted: bool
    why: str = Field(description="why not, in words; empty where it is trusted")


class MovedTarget(Closed):
    """How the known outcomes moved."""

    distance: float
    critical: float
    moved: bool


class WorseSlice(Closed):
    """Rows of one value of a column, on which the error grew."""

    column: str
    value: str
    rows: int
    before: float
    now: float
    change: float
    low: float


class Window(Closed):
    """A window that was watched."""

    label: str = Field(description="the month, or what was looked at", examples=["2024-02"])
    version: int
    at: str = Field(description="when it was judged (ISO 8601, UTC)")
    status: str = Field(description="ok, alarm, not enough data, no data")
    severity: float | None = Field(description="0 to 1; null where there is too little data to claim one")
    alarm: bool
    text: str
    rows: int
    moved: tuple[MovedColumn, ...]
    performance: WindowPerformance | None = Field(description="null while no outcome is known")
    start: str | None = Field(description="first moment of a window by time (ISO 8601, UTC)")
    end: str | None = Field(description="the moment it ended before (ISO 8601, UTC)")
    faults: tuple[BrokenData, ...] = Field(description="what broke in the data, the worst first")
    estimate: EstimatedError | None = Field(description="null where the error cannot be estimated")
    target: MovedTarget | None = Field(description="null while too few outcomes are known")
    worse: tuple[WorseSlice, ...] = Field(description="where the error surely grew, the surest first")


class DriftResponse(Closed):
    """Windows of the model's project, newest first."""

    windows: tuple[Window, ...]


class FoundFault(Closed):
    """A check that did not hold in a run."""

    run: str
    at: str
    check: str
    kind: str
    columns: tuple[str, ...]
    action: str = Field(description="what became of the rows")
    rows: int
    share: float = Field(description="of all rows, 0 to 1")


class MissingShare(Closed):
    """How much of a column was missing in the newest run."""

    column: str
    stage: Literal["raw", "clean"]
    share: float | None


class DataQualityResponse(Closed):
    """What the checks found, newest run first, and how much is missing in the newest one."""

    findings: tuple[FoundFault, ...]
    missing: tuple[MissingShare, ...]


class TriedCandidate(Closed):
    """What a candidate reached in a run."""

    run: str
    at: str
    candidate: str
    part: Literal["validation", "test"]
    metric: str
    value: float | None = Field(description="null where it failed")
    chosen: bool


class ExperimentsResponse(Closed):
    """Results of candidates, newest run first."""

    experiments: tuple[TriedCandidate, ...]


C = TypeVar("C", bound=Closed)

Limit = Annotated[int, Query(ge=1, le=500, description="how many at most, the newest first")]
Rows = Annotated[int, Query(ge=1, le=10_000, description="how many of the newest answers are looked at")]


def watching_routes(service: Service, looks: Looks) -> APIRouter:
    """Return the routes that read what was recorded of a model and its data."""
    router = APIRouter(tags=["watching"], responses=WRONG_QUERY | NOT_READY)
    viewer = needs("viewer")

    @router.get("/metrics/model", openapi_extra=viewer)
    def model_metrics(limit: Rows = 1000) -> MetricsResponse:
        """Say how good the champion was on its test rows, and how good its newest answers turned out to be."""
        served = service.need_current()
        return _performance(served, looks.performance(served, limit))

    @router.get("/drift", openapi_extra=viewer)
    def drift(limit: Limit = 20) -> DriftResponse:
        """Say what became of the windows that were watched."""
        return DriftResponse(windows=tuple(_window(one) for one in looks.windows(limit)))

    @router.get("/data-quality", openapi_extra=viewer)
    def data_quality(limit: Limit = 50) -> DataQualityResponse:
        """Say what the checks found in the data, and how much of it was missing."""
        found = tuple(_finding(one) for one in looks.findings(limit))
        return DataQualityResponse(findings=found, missing=tuple(_missing(one) for one in looks.missing()))

    @router.get("/experiments", openapi_extra=viewer)
    def experiments(limit: Limit = 50) -> ExperimentsResponse:
        """Say which candidates were tried, and what they reached."""
        return ExperimentsResponse(experiments=tuple(_tried(one) for one in looks.experiments(limit)))

    return router


def _performance(served: Served, found: Performance) -> MetricsResponse:
    inside, realised = found.inside or {}, found.realised
    return MetricsResponse(
        model=served.model,
        version=served.version,
        task=served.task,
        unit=served.unit,
        tested=TestedFigures(
            rows=found.rows,
            metrics=tuple(Figure(name=name, **one) for name, one in found.tested.items()),
            interval_level=inside.get("level"),
            interval_share=inside.get("share"),
            interval_width=inside.get("width"),
        ),
        realised=RealisedFigures(
            rows=realised.rows,
            looked_at=realised.looked_at,
            metrics=tuple(Figure(name=name, value=o.value, low=o.low, high=o.high) for name, o in realised.metrics.items()),
            interval_share=realised.inside,
        ),
    )


def _window(window: WatchedWindow) -> Window:
    verdict: Mapping[str, Any] = window.verdict
    drift, performance = verdict["drift"], verdict["performance"]
    return Window(
        label=window.label,
        version=window.version,
        at=window.created_at,
        status=str(verdict["status"]),
        severity=window.severity,
        alarm=window.alarm,
        text=str(verdict["text"]),
        rows=drift["rows"],
        moved=tuple(MovedColumn(**_those_of(MovedColumn, column)) for column in drift["columns"] if column["moved"]),
        performance=_one(WindowPerformance, performance),
        start=window.start,
        end=window.end,
        faults=tuple(BrokenData(**_those_of(BrokenData, fault)) for fault in verdict.get("faults", ())),
        estimate=_one(EstimatedError, verdict.get("estimate")),
        target=_one(MovedTarget, verdict.get("target")),
        worse=tuple(WorseSlice(**_those_of(WorseSlice, one)) for one in verdict.get("slices", ()) if one["worse"]),
    )


def _finding(kept: KeptFinding) -> FoundFault:
    found = kept.finding
    return FoundFault(
        run=kept.run,
        at=kept.at,
        check=found.check,
        kind=found.kind,
        columns=found.columns,
        action=found.action,
        rows=found.rows,
        share=found.share,
    )


def _missing(kept: KeptMetric) -> MissingShare:
    return MissingShare(column=kept.figure.column, stage=kept.figure.stage, share=kept.figure.value)


def _tried(kept: Experiment) -> TriedCandidate:
    return TriedCandidate(run=kept.run, at=kept.at, **asdict(kept.tried))


def _one(kind: type[C], value: Mapping[str, Any] | None) -> C | None:
    return None if value is None else kind(**_those_of(kind, value))


def _those_of(kind: type[Closed], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in kind.model_fields}
