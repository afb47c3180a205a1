"""How do candidates learn and compete, and what is made of the winner's answers?"""

from typing import Literal

from pydantic import Field

from steward.project.closed import Closed
from steward.project.tuning import BudgetSpec, LimitsSpec


class FoldsSpec(Closed):
    """Candidates compete over several folds of the rows instead of one part of them: for small data."""

    count: int = Field(10, ge=2, le=100, description="folds of one round; rows with a time are judged by earlier ones")
    repeats: int = Field(5, ge=1, le=100, description="rounds, each with other folds; 1 where rows have a time")
    seed: int = Field(7, description="the same seed gives the same folds")


class ThresholdSpec(Closed):
    """From which probability on the answer is the positive class: the one that is best on validation rows."""

    metric: Literal["f1", "balanced_accuracy", "cost"] = Field("f1", description="what is made best")
    false_positive: float = Field(1.0, gt=0, description="what a false alarm costs; only for `cost`")
    false_negative: float = Field(1.0, gt=0, description="what a miss costs; only for `cost`")


class TrainingSpec(Closed):
    """How candidates learn and compete, and what is made of the winner's answers."""

    weight: str | None = Field(None, description="a column or feature: how much each training row counts; 0 or more")
    folds: FoldsSpec | None = Field(None, description="compete over folds instead of the validation part")
    calibrate: Literal["never", "auto", "isotonic", "sigmoid"] = Field(
        "never", description="bring probabilities in line with validation rows; auto only where that lowers their log loss"
    )
    threshold: ThresholdSpec | None = Field(None, description="of two classes; the more likely one answers where absent")
    slices: tuple[str, ...] = Field(
        (), description="columns: figures of the test rows for each of their values", examples=[["sex"]]
    )
    limits: LimitsSpec | None = Field(None, description="what the fit of any candidate may take")
    budget: BudgetSpec = Field(BudgetSpec(), description="what the chosen model may cost")
