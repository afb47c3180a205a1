"""Which models may compete, and what evidence does one need to become champion?"""

from typing import Annotated, Literal

from pydantic import Field

from steward.project.closed import Closed


class MeanSpec(Closed):
    """Always answers the mean of the training rows, or the share of each class: what any model must beat."""

    kind: Literal["mean"]


class LinearSpec(Closed):
    """Least squares on standardised features, missing values set to the median; logistic regression of classes."""

    kind: Literal["linear"]
    alpha: float = Field(0.0, ge=0, description="ridge penalty; 0 is plain least squares, and for classes a penalty of 1")


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
    min_gain: float = Field(
        0.0,
        ge=-1,
        lt=1,
        description="gain it must show for sure, as a share of the champion's error, or of what it lacks to 1",
    )
    confidence: float = Field(0.95, gt=0.5, lt=1, description="of the interval of the gain")
    resamples: int = Field(2000, ge=100, le=100_000, description="bootstrap resamples")
