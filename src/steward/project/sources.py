"""Where may rows and the tables beside them come from?"""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from steward.project.closed import Closed

_ADDRESS = "^(https?|s3|kaggle)://"


class SimulatorSpec(Closed):
    """How rows are made up where no real ones are to be had."""

    rows: int = Field(20_000, gt=0, le=5_000_000, description="rows a period")
    seed: int = Field(7, description="the same seed makes the same rows")
    scenario: str = Field("none", description="which world; simulator.py lists them")


class TableSpec(Closed):
    """One of several tables that make up the rows; all but the first are joined to it."""

    files: tuple[str, ...] = Field((), description="patterns below the data folder; {period} is the period")
    url: str | None = Field(None, description="the publisher's address of one period", pattern=_ADDRESS)
    on: tuple[str, ...] = Field((), description="columns it is joined by; each of its rows has other values there")


class QuerySpec(Closed):
    """Rows of a database: a table, or a query with :period, :start and :end filled in."""

    connection: str = Field(pattern=r"^\$\{\w+\}$", description="where the database's URL stands: ${NAME} of the environment")
    table: str | None = Field(None, description="all rows of a table")
    query: str | None = Field(None, description="SQL; :period, :start and :end stand for the period")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("a database source needs a table or a query, and not both")
        return self


class SourceSpec(Closed):
    """Where a period's rows come from, in the order they are tried: the user's folder, the publisher, the simulator."""

    folder: str | None = Field(None, description="where the files lie, seen from the project file; --data goes first")
    files: tuple[str, ...] = Field(
        (),
        description="patterns below the data folder; {period} is the month, year or part; without it a file holds them all",
        examples=[["taxi/{period}.parquet"]],
    )
    url: str | None = Field(None, description="the publisher's address of one period: http(s), s3 or kaggle", pattern=_ADDRESS)
    sql: QuerySpec | None = Field(None, description="a database to ask instead")
    tables: Mapping[str, TableSpec] = Field(
        default_factory=dict,
        description="tables that make up the rows together; the first gives the rows, the others are joined",
    )
    member: str | None = Field(None, description="which file of a zip archive; the only one by default")
    header: tuple[str, ...] = Field((), description="the columns' names in files that have no header line")
    period_column: str | None = Field(
        None, description="tells the period of each row in files that hold several: a time, a year, a name"
    )
    sha256: Mapping[str, str] = Field(default_factory=dict, description="expected SHA-256 by address or file name")
    variables: Mapping[str, str] = Field(default_factory=dict, description="values for further {names} in patterns and address")
    simulator: SimulatorSpec = Field(SimulatorSpec(), description="used only where no period was found at all")

    @model_validator(mode="after")
    def _tables_have_keys(self) -> Self:
        without = [name for name, table in list(self.tables.items())[1:] if not table.on]
        if without:
            raise ValueError(f"tables.{without[0]} needs  on: [columns it is joined by]")
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
