"""Which columns are learned from the training rows before a model sees them?

Each entry under `fitted:` makes one column. It is fitted inside the training rows only, kept in the bundle, and may read
columns, features and other fitted columns.
"""

from typing import Annotated, Literal

from pydantic import Field

from steward.core.tasks import Label
from steward.project.closed import Closed

Keys = Annotated[tuple[str, ...], Field(min_length=1, max_length=4)]


class TargetMeanSpec(Closed):
    """The mean of the target among training rows of the same keys, shrunk to the overall mean where rows are few."""

    kind: Literal["target_mean"]
    by: Keys = Field(description="columns of codes whose combinations are told apart", examples=[["pickup_zone", "dropoff_zone"]])
    smoothing: float = Field(20.0, ge=0, description="how many rows of the overall mean are added to each combination")
    of: Label | None = Field(None, description="the class whose share is meant; the last one of two by default")
    folds: int = Field(5, ge=2, le=50, description="training rows get the mean of the other folds, never their own")


class TypicalSpec(Closed):
    """What another column typically is among training rows of the same keys, shrunk to what it is overall where rows are few.

    That column may be known only later, as the metered distance of a trip: what is asked of it is history.
    """

    kind: Literal["typical"]
    of: str = Field(description="a column or feature of numbers; it need not be known at the request", examples=["trip_miles"])
    by: Keys = Field(description="columns of codes whose combinations are told apart")
    statistic: Literal["median", "mean"] = Field("median", description="of the rows of a combination")
    smoothing: float = Field(20.0, ge=0, description="how many rows of the overall one are added to each combination")
    folds: int = Field(5, ge=2, le=50, description="training rows get what the other folds say, never their own")


class CountSpec(Closed):
    """How many training rows have the same keys; 0 for a combination that none has."""

    kind: Literal["count"]
    by: Keys = Field(description="columns of codes whose combinations are counted")


class BinsSpec(Closed):
    """Which of several equally full bins a number falls into, 0 for the lowest."""

    kind: Literal["bins"]
    of: str = Field(description="a column or feature of numbers")
    count: int = Field(8, ge=2, le=50, description="bins; fewer where many values are equal")


class ImputeSpec(Closed):
    """A number with its gaps filled."""

    kind: Literal["impute"]
    of: str = Field(description="a column or feature of numbers")
    statistic: Literal["median", "mean"] = Field("median", description="of the training rows")


class ScaleSpec(Closed):
    """A number minus its mean, divided by its standard deviation, both of the training rows."""

    kind: Literal["scale"]
    of: str = Field(description="a column or feature of numbers")


class ClustersSpec(Closed):
    """The number of the nearest of several centres that k-means finds; null where a coordinate is missing."""

    kind: Literal["clusters"]
    of: Annotated[tuple[str, ...], Field(min_length=1, max_length=8)] = Field(
        description="numbers that span the plane", examples=[["pickup_lat", "pickup_lon"]]
    )
    count: int = Field(20, ge=2, le=200, description="centres")
    seed: int = Field(7, description="the same seed gives the same centres")


class ComponentSpec(Closed):
    """One principal component of several numbers, which are standardised first; gaps count as the mean."""

    kind: Literal["component"]
    of: Annotated[tuple[str, ...], Field(min_length=2, max_length=100)] = Field(description="columns or features of numbers")
    number: int = Field(1, ge=1, description="1 for the one that explains most")


FittedSpec = Annotated[
    TargetMeanSpec | TypicalSpec | CountSpec | BinsSpec | ImputeSpec | ScaleSpec | ClustersSpec | ComponentSpec,
    Field(discriminator="kind"),
]


def reads_of(spec: FittedSpec) -> tuple[str, ...]:
    """Return the columns that a fitted column is made from, of any row."""
    if isinstance(spec, TargetMeanSpec | TypicalSpec | CountSpec):
        return spec.by
    return (spec.of,) if isinstance(spec.of, str) else spec.of


def learns_from(spec: FittedSpec) -> tuple[str, ...]:
    """Return the columns that are looked at in training rows alone."""
    return (spec.of,) if isinstance(spec, TypicalSpec) else ()
