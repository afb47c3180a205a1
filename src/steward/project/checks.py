"""What may be demanded of rows, columns and the table as a whole?

An empty cell - null or NaN - breaks only what is about empty cells.
"""

import re
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from steward.project.closed import Closed
from steward.project.dictionary import ColumnType
from steward.project.expression import Rule, parse

Action = Literal["warn", "quarantine", "stop"]
TableAction = Literal["warn", "stop"]  # nothing to set apart where no single row is to blame
_TABLE_ACTIONS = "warn: say so; stop: end the run"


def refuse_empty_span(low: float | None, high: float | None) -> None:
    """Raise ValueError where no value lies between the bounds."""
    if low is not None and high is not None and low > high:
        raise ValueError(f"min {low:g} is above max {high:g}")


class _Check(Closed):
    name: str = Field("", description="how it is called in findings; made from kind and columns by default")
    action: Action = Field("quarantine", description="warn: say so; quarantine: set the rows apart; stop: end the run")


class _OfColumn(_Check):
    column: str = Field(description="a column or a feature")

    def reads(self) -> tuple[str, ...]:
        """Return the columns it looks at."""
        return (self.column,)


class _OfColumns(_Check):
    columns: tuple[str, ...] = Field(min_length=1, description="columns or features")

    def reads(self) -> tuple[str, ...]:
        """Return the columns it looks at."""
        return self.columns


class NotNullCheck(_OfColumns):
    """These columns are never empty."""

    kind: Literal["not_null"]


class RangeCheck(_OfColumn):
    """A column stays between two bounds, both included."""

    kind: Literal["range"]
    min: float | None = Field(None, description="smallest value allowed")
    max: float | None = Field(None, description="greatest value allowed")

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("a range needs min, max or both")
        refuse_empty_span(self.min, self.max)
        return self


class AllowedCheck(_OfColumn):
    """A column holds only known values."""

    kind: Literal["allowed"]
    values: tuple[int | str, ...] = Field(min_length=1, description="the known values")


class MatchesCheck(_OfColumn):
    """Every text of a column has a form."""

    kind: Literal["matches"]
    pattern: str = Field(min_length=1, description="regular expression of the whole text", examples=["[A-Z]{2}[0-9]{4}"])

    @field_validator("pattern")
    @classmethod
    def _is_a_pattern(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            place = f"at character {error.pos + 1}: " if error.pos is not None else ""
            raise ValueError(f"{place}{error.msg}") from None
        return pattern


class InPeriodCheck(_OfColumn):
    """An event lies in the period its file was published for."""

    kind: Literal["in_period"]


class RuleCheck(_Check):
    """A sentence about several columns holds in every row; where a cell it needs is empty, it is not asked."""

    kind: Literal["rule"]
    rule: Rule = Field(description="what every row must satisfy", examples=["dropoff_at >= pickup_at"])

    def reads(self) -> tuple[str, ...]:
        """Return the columns it looks at."""
        return parse(self.rule).columns


class UniqueCheck(_OfColumns):
    """No two rows are alike in these columns together."""

    kind: Literal["unique"]
    action: Action = Field("warn", description="warn: say so; quarantine: set the later rows apart; stop: end the run")


class ConflictCheck(_OfColumn):
    """Rows with the same key agree in a column: no id stands there with two labels."""

    kind: Literal["conflict"]
    key: tuple[str, ...] = Field(min_length=1, description="columns that name the same thing together")
    action: Action = Field("stop", description="warn: say so; quarantine: set all rows of such keys apart; stop: end the run")

    def reads(self) -> tuple[str, ...]:
        """Return the columns it looks at."""
        return (*self.key, self.column)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.column in self.key:
            raise ValueError(f"{self.column!r} is part of the key itself")
        return self


class IqrCheck(_OfColumn):
    """No value lies far from the middle half: Tukey's fences, quartiles plus and minus a multiple of their distance.

    Where more than half of the values are equal their distance is 0, and every other value lies beyond.
    """

    kind: Literal["iqr"]
    factor: float = Field(1.5, gt=0, description="how many quartile distances are near; 3 finds only what is far out")
    action: Action = Field("warn", description="warn: say so; quarantine: set the rows apart; stop: end the run")


class ZscoreCheck(_OfColumn):
    """No value lies more than so many standard deviations (of a sample, n - 1) from the mean."""

    kind: Literal["zscore"]
    limit: float = Field(3.0, gt=0, description="how many standard deviations are near")
    action: Action = Field("warn", description="warn: say so; quarantine: set the rows apart; stop: end the run")


class SpellingCheck(_OfColumn):
    """No value is a rarer spelling of another: other case, stray spaces, characters of no width or of another alphabet."""

    kind: Literal["spelling"]
    action: Action = Field("warn", description="warn: say so; quarantine: set the rows apart; stop: end the run")


class NullTogetherCheck(_Check):
    """No group of columns is empty in the same rows: what is lost together has one cause."""

    kind: Literal["null_together"]
    columns: tuple[str, ...] = Field((), description="columns to look at; all of them if empty")
    min_share: float = Field(0.01, gt=0, le=1, description="smallest share of rows worth a word")
    overlap: float = Field(0.9, gt=0, le=1, description="share of the rows where either is empty in which both are")
    action: Action = Field("warn", description="warn: say so and keep the rows; quarantine: set them apart; stop: end the run")

    def reads(self) -> tuple[str, ...]:
        """Return the columns it looks at; none for all there are."""
        return self.columns


class NullShareCheck(_OfColumn):
    """A column is not empty more often than this."""

    kind: Literal["null_share"]
    max: float = Field(ge=0, le=1, description="greatest share of empty cells")
    action: TableAction = Field("warn", description=_TABLE_ACTIONS)


class ConstantCheck(_OfColumn):
    """A column holds two different values at least; what is always the same teaches nothing."""

    kind: Literal["constant"]
    action: TableAction = Field("stop", description=_TABLE_ACTIONS)


class FreshCheck(_OfColumn):
    """The newest event is not old: against the end of the newest period, or a moment that is handed in."""

    kind: Literal["fresh"]
    max_age_days: float = Field(gt=0, description="greatest age of the newest event")
    action: TableAction = Field("warn", description=_TABLE_ACTIONS)


class SchemaCheck(_Check):
    """These columns are there and have these types."""

    kind: Literal["schema"]
    columns: Mapping[str, ColumnType] = Field(min_length=1, description="name to type")
    others: bool = Field(default=True, description="whether further columns may stand beside them")
    action: TableAction = Field("stop", description=_TABLE_ACTIONS)

    def reads(self) -> tuple[str, ...]:
        """Return the columns it looks at."""
        return tuple(self.columns)
