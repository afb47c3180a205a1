"""Which rows of a project are also kept as tables of the database, and which views look at them?"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from steward.project.closed import Closed

RowSet = Literal["raw", "processed", "features"]
ViewName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class ViewSpec(Closed):
    """Rows counted, and means taken, over groups: trips by hour and zone."""

    of: RowSet = Field("processed", description="the rows it looks at")
    hour_of: str | None = Field(None, description="a time; its hour, 0 to 23, is one more thing to group by")
    by: tuple[str, ...] = Field((), description="columns to group by")
    mean: tuple[str, ...] = Field((), description="numbers whose mean is shown for each group")

    @model_validator(mode="after")
    def _groups_by_something(self) -> Self:
        if self.hour_of is None and not self.by:
            raise ValueError("a view needs something to group by: hour_of, by or both")
        return self


class DatabaseSpec(Closed):
    """What `steward db load` keeps as tables: raw_NAME, processed_NAME and features_NAME for a project called NAME."""

    tables: tuple[RowSet, ...] = Field((), description="which rows are also kept as tables", examples=[["raw", "processed"]])
    indexes: tuple[tuple[str, ...], ...] = Field(
        (), description="columns that questions look rows up by, in each table that has them", examples=[[["pickup_zone"]]]
    )
    views: Mapping[ViewName, ViewSpec] = Field(default_factory=dict, description="views by name; in the database NAME_PROJECT")

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if any(not columns or len(set(columns)) != len(columns) for columns in self.indexes):
            raise ValueError("an index names at least one column, and each once")
        for name, view in self.views.items():
            if view.of not in self.tables:
                raise ValueError(f"view {name!r} looks at the {view.of} rows: add {view.of} to database.tables")
        return self
