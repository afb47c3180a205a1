"""What may be mended in the rows, before anything is learnt from them?

A figure that a rule computes - a median, a fence - is that of the rows at hand. What a model must learn from
its training rows alone belongs into the features.
"""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from steward.project.checks import refuse_empty_span
from steward.project.closed import Closed
from steward.project.dictionary import ColumnType
from steward.project.expression import Rule


class DropDuplicates(Closed):
    """Keep the first of rows that are alike."""

    kind: Literal["drop_duplicates"]
    columns: tuple[str, ...] = Field((), description="columns to compare; all of them if empty")


class DropRows(Closed):
    """Leave out the rows of which something is true."""

    kind: Literal["drop_rows"]
    where: Rule = Field(description="what is true of the rows to leave out", examples=["fare_usd < 0"])


class FillMissing(Closed):
    """Put a value where a column is empty: one that is written here, or a figure of the column."""

    kind: Literal["fill_missing"]
    column: str = Field(description="column to fill")
    value: int | float | str | bool | None = Field(None, description="what to put there")
    statistic: Literal["median", "mean", "mode"] | None = Field(None, description="which figure of the rows at hand to put there")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.value is None) == (self.statistic is None):
            raise ValueError("fill_missing needs either a value or a statistic")
        return self


class Replace(Closed):
    """Put other values in place of some; all at once, so that two may be swapped."""

    kind: Literal["replace"]
    column: str = Field(description="column to change")
    values: Mapping[str, int | float | str | bool | None] = Field(min_length=1, description="old value to new one; null empties")
    where: Rule | None = Field(None, description="only in rows of which this is true; in all if absent")


class Cast(Closed):
    """Give a column another type."""

    kind: Literal["cast"]
    column: str = Field(description="column to convert")
    to: ColumnType = Field(description="its type afterwards")
    format: str | None = Field(None, description="how times are written as text", examples=["%d/%m/%Y"])
    unreadable: Literal["refuse", "empty"] = Field("refuse", description="what happens to values that are not of the type")


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
        refuse_empty_span(self.min, self.max)
        return self


class Outliers(Closed):
    """Do something about values that lie far out.

    Clip pulls them back to the nearest value that does not, drop leaves their rows out, and flag keeps them and says in
    a new column, named like this one with _outlier behind it, which they are.
    """

    kind: Literal["outliers"]
    column: str = Field(description="a number")
    method: Literal["clip", "drop", "flag"] = Field(description="what to do")
    by: Literal["iqr", "zscore", "range"] = Field("iqr", description="how to tell, as in the checks of that kind")
    factor: float = Field(1.5, gt=0, description="for iqr: how many quartile distances are near")
    limit: float = Field(3.0, gt=0, description="for zscore: how many standard deviations are near")
    min: float | None = Field(None, description="for range: smallest value that is near")
    max: float | None = Field(None, description="for range: greatest value that is near")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        bounded = self.min is not None or self.max is not None
        if bounded != (self.by == "range"):
            raise ValueError("a range needs min, max or both" if self.by == "range" else f"{self.by} finds its own bounds")
        refuse_empty_span(self.min, self.max)
        return self

    @property
    def flag(self) -> str:
        """Name of the column that `flag` adds."""
        return f"{self.column}_outlier"
