"""Which models may compete?"""

from typing import Annotated, Literal

from pydantic import Field

from steward.project.closed import Closed
from steward.project.tuning import Tunable


class MeanSpec(Closed):
    """Always answers the mean of the training rows, or the share of each class: what any model must beat."""

    kind: Literal["mean"]


class LinearSpec(Tunable):
    """Least squares on standardised features, missing values set to the median; logistic regression of classes."""

    kind: Literal["linear"]
    alpha: float = Field(0.0, ge=0, description="ridge penalty; 0 is plain least squares, and for classes a penalty of 1")


class LightGbmSpec(Tunable):
    """Gradient-boosted trees; the number of trees is found by early stopping on validation rows."""

    kind: Literal["lightgbm"]
    num_trees: int = Field(1000, gt=0, le=10_000, description="greatest number of trees")
    learning_rate: float = Field(0.05, gt=0, le=1, description="how much each tree may correct")
    num_leaves: int = Field(63, ge=2, le=4096, description="leaves a tree")
    min_rows_in_leaf: int = Field(40, ge=1, description="fewest rows in a leaf")
    seed: int = Field(7, description="the same seed gives the same trees")


CandidateSpec = Annotated[MeanSpec | LinearSpec | LightGbmSpec, Field(discriminator="kind")]
