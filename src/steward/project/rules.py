"""What must hold for rows and columns, and what is mended where it does not?"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from steward.project.closed import Closed

Action = Literal["warn", "quarantine", "stop"]


def _refuse_empty_span(low: float | None, high: float | None) -> None:
    if low is not None and high is not None and low > high:
        raise ValueError(f"min {low:g} is above max {high:g}")


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
    max_unreadable: float = Field(0.01, ge=0, le=1, description="greatest share of a file's rows that may be unreadable")


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
