"""What may a project file say? Closed, frozen models; anything else in the file is a mistake worth naming."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator, model_validator

from steward.core.errors import UsageError
from steward.core.period import Period, is_part_label
from steward.core.tasks import TaskKind
from steward.project.bends import parse_bend, parse_segment
from steward.project.candidates import CandidateSpec
from steward.project.closed import Closed, Share
from steward.project.fitted import FittedSpec
from steward.project.gate import GateSpec
from steward.project.leaks import LeakSpec
from steward.project.rules import CheckSpec, CleaningSpec, QuarantineSpec
from steward.project.serving import ServingSpec
from steward.project.sources import LookupSpec, SourceSpec
from steward.project.tables import DatabaseSpec
from steward.project.training import TrainingSpec


class SplitSpec(Closed):
    """Which periods teach and which others judge: later ones where rows have a time."""

    train: tuple[str, ...] = Field(min_length=1, description="periods to learn from: YYYY-MM, YYYY, names", examples=[["2023-01"]])
    test: tuple[str, ...] = Field((), description="periods to judge on; a share of the training periods' rows if empty")
    validation_share: Share = Field(0.15, description="the last share of the training rows, where candidates compete")
    test_share: Share = Field(0.2, description="the last share of the rows, used when no test month is named")

    seed: int = Field(7, description="of the shuffle, where rows have no time: the same seed gives the same parts")

    @field_validator("train", "test")
    @classmethod
    def _are_labels(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        odd = [label for label in labels if not is_part_label(label)]
        if odd:
            raise ValueError(f"{odd[0]!r} is neither a month nor a year, nor a plain name; write YYYY-MM or YYYY")
        if len(set(labels)) != len(labels):
            raise ValueError("a period is named twice")
        return labels

    @model_validator(mode="after")
    def _do_not_overlap(self) -> Self:
        both = set(self.train) & set(self.test)
        if both:
            raise ValueError(f"{', '.join(sorted(both))} is both a training and a test period")
        if all(Period.is_label(label) for label in (*self.train, *self.test)):
            self._refuse_past()
        return self

    def _refuse_past(self) -> None:
        learned = [Period.parse(label) for label in self.train]
        judged = [Period.parse(label) for label in self.test]
        if any(one.start < other.end and other.start < one.end for one in learned for other in judged):
            raise ValueError("a test period lies within a training period, or around it")
        if judged and min(period.start for period in judged) < max(period.start for period in learned):
            raise ValueError("a test period lies before a training period: the past cannot be judged with the future")


class DriftCase(Closed):
    """A window whose verdict is expected beforehand: what the project's drift plan promises."""

    period: str = Field(description="which period is watched")
    learned: tuple[str, ...] = Field(min_length=1, description="which periods the champion learned from")
    scenario: str | None = Field(None, description="which made-up world; real rows where absent")
    name: str = Field("", description="what  steward simulate --scenario  calls it, where its rows are bent")
    bend: tuple[str, ...] = Field((), description="what goes wrong with its rows", examples=[["unit:distance_km:km-mi"]])
    segment: str | None = Field(None, description="column=value: only these rows are bent")
    gradual: bool = Field(default=False, description="the bends grow from nothing to all over the period")
    expect: Literal["alarm", "quiet"] = Field(description="what the watch should say")
    because: str = Field(description="what happened in the world")

    @model_validator(mode="after")
    def _bends_are_read(self) -> Self:
        if bool(self.bend) != bool(self.name):
            raise ValueError("a case whose rows are bent has a name, and only such a case: write name and bend, or neither")
        try:
            for text in self.bend:
                parse_bend(text)
            if self.segment is not None:
                parse_segment(self.segment)
        except UsageError as error:
            raise ValueError("; ".join(f"{fault.what}: {fault.fix}" for fault in error.faults)) from error
        return self


class FalseAlarms(Closed):
    """A budget over time: how many false alarms a model may raise."""

    false_alarms: float = Field(1.0, gt=0, description="expected false alarms that the statistics may raise")
    per: Literal["month", "quarter", "year"] = Field("quarter", description="in how much time")


class WatchSpec(Closed):
    """When a window is an alarm."""

    alert: Share = Field(0.5, description="severity from which on it is an alarm")
    min_rows: int = Field(200, ge=2, description="with fewer rows the answer is: not enough data")
    budget: Share | FalseAlarms = Field(
        0.001, description="false alarms that the statistics may spend: a share of the windows, or so many in a time"
    )
    every: Literal["1h", "6h", "1d", "1w", "1mo"] | None = Field(None, description="length of a window of logged predictions")
    count: int | None = Field(None, ge=2, description="rows of a window of logged predictions, in place of a length")
    wait: str = Field(
        "1m", pattern=r"^\d{1,5}[smhd]$", description="so long after its end a window is judged: for rows on their way"
    )
    season: bool = Field(default=True, description="compare windows under a week with the same weekday and hour, where known")
    estimate: bool = Field(default=True, description="estimate the error of windows whose outcomes are not known yet")
    client_share: Share = Field(0.5, description="one key's rows count for at most so much of a window of logged predictions")
    cases: tuple[DriftCase, ...] = Field((), description="windows whose verdict is expected: the drift plan")

    @model_validator(mode="after")
    def _windows_are_of_one_kind(self) -> Self:
        if self.every is not None and self.count is not None:
            raise ValueError("windows are either so long or of so many rows: write every or count, not both")
        if isinstance(self.budget, FalseAlarms) and self.every is None:
            raise ValueError(f"false alarms per {self.budget.per} need to know how long a window is: write every, for example 1d")
        return self


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
    time: str | None = Field(None, description="the event's time, a column or a function of features.py; rows are split by it")
    timezone: str = Field("UTC", description="zone of the wall clock that times without a zone were read from")
    source: SourceSpec = Field(description="where the rows come from")
    split: SplitSpec = Field(description="which periods teach, which judge")
    lookups: Mapping[str, LookupSpec] = Field(default_factory=dict, description="tables beside the rows")
    checks: tuple[CheckSpec, ...] = Field((), description="what must hold for a row or a column")
    quarantine: QuarantineSpec = Field(QuarantineSpec(), description="how much may be set apart")
    cleaning: tuple[CleaningSpec, ...] = Field((), description="what is mended, in order")
    features: tuple[str, ...] = Field(
        min_length=1, description="what the model reads: functions of features.py, columns, lookup columns"
    )
    fitted: Mapping[str, FittedSpec] = Field(
        default_factory=dict, description="columns learned from the training rows, by name; a feature where it is listed above"
    )
    candidates: tuple[CandidateSpec, ...] = Field(min_length=1, description="models that compete")
    training: TrainingSpec = Field(TrainingSpec(), description="how they compete, and what is made of the winner's answers")
    leaks: LeakSpec = Field(LeakSpec(), description="suspicions of a leak that are known to be harmless")
    gate: GateSpec = Field(GateSpec(), description="the evidence a candidate needs")
    watch: WatchSpec = Field(WatchSpec(), description="when a window is an alarm")
    policy: PolicySpec = Field(PolicySpec(), description="what the agent may do")
    database: DatabaseSpec = Field(DatabaseSpec(), description="which rows are also kept as tables of the database")
    serving: ServingSpec = Field(ServingSpec(), description="what is kept of the rows that predictions were asked for")

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

    @model_validator(mode="after")
    def _time_has_a_calendar(self) -> Self:
        odd = [label for label in (*self.split.train, *self.split.test) if not Period.is_label(label)]
        if self.time is not None and odd:
            raise ValueError(f"split: {odd[0]!r} is neither a month nor a year, and rows with a time are split by the calendar")
        return self

    def json_value(self) -> dict[str, Any]:
        """Return the declaration, defaults included, as a JSON object."""
        return self.model_dump(mode="json")
