"""Where may rows and the tables beside them come from?"""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from steward.project.closed import Closed


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
