"""What may a project file say? Closed, frozen models; anything else in the file is a mistake worth naming."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from steward.core.period import Period
from steward.core.tasks import TaskKind

Share = Annotated[float, Field(gt=0, lt=1)]
Action = Literal["warn", "quarantine", "stop"]


class Closed(BaseModel):
    """A part of a project file: unknown keys are mistakes, nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _refuse_empty_span(low: float | None, high: float | None) -> None:
    if low is not None and high is not None and low > high:
        raise ValueError(f"min {low:g} is above max {high:g}")


class SimulatorSpec(Closed):
    """How rows are made up where no real ones are to be had."""

    rows: int = Field(20_000, gt=0, le=5_000_000, description="rows a month")
    seed: int = Field(7, description="the same seed makes the same rows")
    scenario: str = Field("none", description="which world; simulator.py lists them")


class SourceSpec(Closed):
    """Where a month's rows come from, in the order they are tried: the user's folder, the publisher, the simulator."""

    files: tuple[str, ...] = Field(
        (), description="patterns below the data folder; {period} is the month", examples=[["taxi/{period}.parquet"]]
    )
    url: str | None = Field(None, description="the publisher's address of one month", pattern="^https?://")
    sha256: Mapping[str, str] = Field(default_factory=dict, description="expected SHA-256 by address or file name")
    variables: Mapping[str, str] = Field(default_factory=dict, description="values for further {names} in patterns and address")
    simulator: SimulatorSpec = Field(SimulatorSpec(), description="used only where no month was found at all")


class SplitSpec(Closed):
    """Which months teach and which later ones judge."""

    train: tuple[str, ...] = Field(min_length=1, description="months to learn from, YYYY-MM", examples=[["2023-01"]])
    test: tuple[str, ...] = Field((), description="months to judge on; the last rows of the training months if empty")
    validation_share: Share = Field(0.15, description="the last share of the training rows, where candidates compete")
    test_share: Share = Field(0.2, description="the last share of the rows, used when no test month is named")

    @field_validator("train", "test")
    @classmethod
    def _are_months(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        for label in labels:
            Period.parse(label)
        if len(set(labels)) != len(labels):
            raise ValueError("a month is named twice")
        return labels

    @model_validator(mode="after")
    def _do_not_overlap(self) -> Self:
        both = set(self.train) & set(self.test)
        if both:
            raise ValueError(f"{', '.join(sorted(both))} is both a training and a test month")
        if self.test and min(self.test) < max(self.train):
            raise ValueError("a test month lies before a training month: the past cannot be judged with the future")
        return self


class LookupSpec(Closed):
    """A table beside the rows, joined by the feature program: zone centroids from a shapefile."""

    kind: Literal["zone_centroids"] = Field("zone_centroids", description="longitude and latitude of each zone's centre")
    files: tuple[str, ...] = Field((), description="names below the data folder")
    url: str | None = Field(None, description="the publisher's address", pattern="^https?://")
    sha256: str | None = Field(None, description="expected SHA-256 of the file", pattern="^[0-9a-f]{64}$")
    key: str = Field("LocationID", description="the table's key column")
    joins: Mapping[str, str] = Field(description="column to prefix: {pickup_zone: pickup} makes pickup_lon and pickup_lat")

    def provides(self) -> tuple[str, ...]:
        """Return the columns it adds: longitude and latitude in degrees for each join."""
        return tuple(f"{prefix}_{axis}" for prefix in self.joins.values() for axis in ("lon", "lat"))


class _Check(Closed):
    name: str = Field("", description="how it is called in findings; made from kind and columns by default")
    action: Action = Field("quarantine", description="warn: say so; quarantine: set the rows apart; stop: end the run")


class NotNullCheck(_Check):
    """These columns are never empty."""

    kind: Literal["not_null"]
    columns: tuple[str, ...] = Field(min_length=1, description="columns that must hold a value")

    def reads(self) -> tuple[str, ...]:
        """Return the columns it looks at."""
        return self.columns


class RangeCheck(_Check):
    """A column stays between two bounds, both included; empty cells are not its business."""

    kind: Literal["range"]
    column: str = Field(description="a number or a feature")
    min: float | None = Field(None, description="smallest value allowed")
    max: float | None = Field(None, description="greatest value allowed")

    def reads(self) -> tuple[str, ...]:
        """Return the columns it looks at."""
        return (self.column,)

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("a range needs min, max or both")
        _refuse_empty_span(self.min, self.max)
        return self


class AllowedCheck(_Check):
    """A column holds only known values; empty cells are not its business."""

    kind: Literal["allowed"]
    column: str = Field(description="a column of codes")
    values: tuple[int | str, ...] = Field(min_length=1, description="the known values")

    def reads(self) -> tuple[str, ...]:
        """Return the columns it looks at."""
        return (self.column,)


class InPeriodCheck(_Check):
    """An event lies in the month its file was published for."""

    kind: Literal["in_period"]
    column: str = Field(description="the time of the event")

    def reads(self) -> tuple[str, ...]:
        """Return the columns it looks at."""
        return (self.column,)


class UniqueCheck(_Check):
    """No two rows are alike in these columns."""

    kind: Literal["unique"]
    columns: tuple[str, ...] = Field(min_length=1, description="columns that identify a row together")
    action: Action = Field("warn", description="warn: say so; quarantine: set the later rows apart; stop: end the run")

    def reads(self) -> tuple[str, ...]:
        """Return the columns it looks at."""
        return self.columns


class NullShareCheck(_Check):
    """A column is not empty more often than this."""

    kind: Literal["null_share"]
    column: str = Field(description="any column")
    max: float = Field(ge=0, le=1, description="greatest share of empty cells")
    action: Literal["warn", "stop"] = Field("warn", description="warn: say so; stop: end the run")

    def reads(self) -> tuple[str, ...]:
        """Return the columns it looks at."""
        return (self.column,)


CheckSpec = Annotated[
    NotNullCheck | RangeCheck | AllowedCheck | InPeriodCheck | UniqueCheck | NullShareCheck, Field(discriminator="kind")
]


class QuarantineSpec(Closed):
    """How much may be set apart before the run stops."""

    max_share: float = Field(0.1, ge=0, le=1, description="greatest share of rows that checks may set apart")


class DropDuplicates(Closed):
    """Keep the first of rows that are alike."""

    kind: Literal["drop_duplicates"]
    columns: tuple[str, ...] = Field((), description="columns to compare; all of them if empty")


class FillMissing(Closed):
    """Put a value where a column is empty."""

    kind: Literal["fill_missing"]
    column: str = Field(description="column to fill")
    value: int | float | str | bool = Field(description="what to put there")


class Clip(Closed):
    """Pull values beyond a bound back to it."""

    kind: Literal["clip"]
    column: str = Field(description="a number")
    min: float | None = Field(None, description="lower bound")
    max: float | None = Field(None, description="upper bound")

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("clip needs min, max or both")
        _refuse_empty_span(self.min, self.max)
        return self


CleaningSpec = Annotated[DropDuplicates | FillMissing | Clip, Field(discriminator="kind")]


class MeanSpec(Closed):
    """Always answers the mean of the training rows: what any model must beat."""

    kind: Literal["mean"]


class LinearSpec(Closed):
    """Least squares on standardised features, missing values set to the median."""

    kind: Literal["linear"]
    alpha: float = Field(0.0, ge=0, description="ridge penalty; 0 is plain least squares")


class LightGbmSpec(Closed):
    """Gradient-boosted trees; the number of trees is found by early stopping on validation rows."""

    kind: Literal["lightgbm"]
    num_trees: int = Field(1000, gt=0, le=10_000, description="greatest number of trees")
    learning_rate: float = Field(0.05, gt=0, le=1, description="how much each tree may correct")
    num_leaves: int = Field(63, ge=2, le=4096, description="leaves a tree")
    min_rows_in_leaf: int = Field(40, ge=1, description="fewest rows in a leaf")
    seed: int = Field(7, description="the same seed gives the same trees")


CandidateSpec = Annotated[MeanSpec | LinearSpec | LightGbmSpec, Field(discriminator="kind")]


class GateSpec(Closed):
    """What evidence a candidate needs to become champion."""

    metric: str | None = Field(None, description="decides; the task's own metric by default")
    min_gain: float = Field(0.0, ge=-1, lt=1, description="gain it must show for sure, as a share of the champion's error")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="of the interval of the gain")
    resamples: int = Field(2000, ge=100, le=100_000, description="bootstrap resamples")


class WatchSpec(Closed):
    """When a window is an alarm."""

    alert: Share = Field(0.5, description="severity from which on it is an alarm")
    min_rows: int = Field(200, ge=2, description="with fewer rows the answer is: not enough data")
    budget: Share = Field(0.01, description="false alarms a window that the statistics may spend")


class PolicySpec(Closed):
    """What the agent may do by itself, and when it asks: four bands of severity."""

    retrain_from: Share = Field(0.5, description="below: a note; from here on retrain by itself")
    ask_from: Share = Field(0.7, description="from here on ask for approval first")
    escalate_above: Share = Field(0.9, description="above: escalate, and ask")
    approval_days: int = Field(7, gt=0, le=90, description="a question expires after so many days")
    retrain_test_share: Share = Field(0.25, description="the last share of the incident's rows judges the new candidate")

    @model_validator(mode="after")
    def _bands_are_ordered(self) -> Self:
        if not self.retrain_from <= self.ask_from <= self.escalate_above:
            raise ValueError("the bands are out of order: retrain_from <= ask_from <= escalate_above")
        return self


class ProjectSpec(Closed):
    """A whole project file."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$", description="short, lower case; also the model's name", examples=["taxi"])
    title: str = Field("", description="the question in a sentence")
    task: TaskKind = Field(description="regression, binary or multiclass")
    target: str = Field(description="what is predicted: a column or a function of features.py")
    unit: str = Field("", description="unit of the target", examples=["min"])
    time: str | None = Field(None, description="column of the event's time; rows are split by it")
    timezone: str = Field("UTC", description="zone of the wall clock that times without a zone were read from")
    source: SourceSpec = Field(description="where the rows come from")
    split: SplitSpec = Field(description="which months teach, which judge")
    lookups: Mapping[str, LookupSpec] = Field(default_factory=dict, description="tables beside the rows")
    checks: tuple[CheckSpec, ...] = Field((), description="what must hold for a row or a column")
    quarantine: QuarantineSpec = Field(QuarantineSpec(), description="how much may be set apart")
    cleaning: tuple[CleaningSpec, ...] = Field((), description="what is mended, in order")
    features: tuple[str, ...] = Field(
        min_length=1, description="what the model reads: functions of features.py, columns, lookup columns"
    )
    candidates: tuple[CandidateSpec, ...] = Field(min_length=1, description="models that compete")
    gate: GateSpec = Field(GateSpec(), description="the evidence a candidate needs")
    watch: WatchSpec = Field(WatchSpec(), description="when a window is an alarm")
    policy: PolicySpec = Field(PolicySpec(), description="what the agent may do")

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ValueError, LookupError, OSError):
            known = available_timezones()
            # A machine may lack the zones' table; then no name can be judged.
            if known:
                close = get_close_matches(name, known, n=1)
                hint = f"did you mean {close[0]!r}?" if close else "write a name such as Europe/Paris"
                raise ValueError(f"there is no such time zone; {hint}") from None
        return name

    @field_validator("features")
    @classmethod
    def _once_each(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) != len(names):
            raise ValueError("a feature is named twice")
        return names

    def json_value(self) -> dict[str, Any]:
        """Return the declaration, defaults included, as a JSON object."""
        return self.model_dump(mode="json")
