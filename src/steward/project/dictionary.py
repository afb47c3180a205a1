"""What does each column mean, what is it called elsewhere, and when is it known?"""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from steward.project.closed import Closed

ColumnType = Literal["integer", "number", "text", "datetime", "boolean"]


class ColumnSpec(Closed):
    """One column of the data dictionary."""

    type: ColumnType = Field(description="what its cells hold")
    aliases: tuple[str, ...] = Field((), description="other names it comes under in files")
    missing: tuple[int | float | str, ...] = Field(
        (), description="further spellings of: nothing was recorded", examples=[["?", -9]]
    )
    table: str = Field("", description="which of the source's tables it comes from, where there are several")
    required: bool = Field(default=True, description="a file without it is refused; else it is read as empty")
    unit: str = Field("", description="unit of its values", examples=["USD"])
    meaning: str = Field(description="what it says, in a sentence")
    codes: Mapping[str, str] | None = Field(None, description="what each code means")
    min: float | None = Field(None, description="smallest value a request may hold")
    max: float | None = Field(None, description="greatest value a request may hold")
    source: str = Field("", description="who publishes it")
    known_at: Literal["request", "outcome"] = Field(
        description="request: known when a prediction is asked for; outcome: only later"
    )
    sensitivity: Literal["none", "personal", "sensitive"] = Field("none", description="how much care it needs")
    format: str | None = Field(None, description="how times are written as text", examples=["%Y-%m-%d %H:%M:%S"])
    example: int | float | str | None = Field(None, description="a typical value")

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        return self


class DictionarySpec(Closed):
    """A whole data dictionary."""

    columns: Mapping[str, ColumnSpec] = Field(min_length=1, description="canonical name to description")

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        owner: dict[str, str] = {}
        for name, column in self.columns.items():
            for spelling in {name, *column.aliases}:
                if owner.setdefault(spelling, name) != name:
                    raise ValueError(f"{spelling!r} names both {owner[spelling]} and {name}")
        return self
