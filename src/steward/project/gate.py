"""What evidence does a candidate need to become champion?"""

from typing import Literal, Self

from pydantic import Field, model_validator

from steward.project.closed import Closed, Share

TestKind = Literal["auto", "bootstrap", "delong", "mcnemar"]

# Each of these two tests is about one figure.
_TESTED: dict[str, str] = {"delong": "roc_auc", "mcnemar": "accuracy"}


class GateSpec(Closed):
    """What evidence a candidate needs to become champion."""

    metric: str | None = Field(None, description="decides; the task's own metric by default")
    min_gain: float = Field(
        0.0,
        ge=-1,
        lt=1,
        description="gain it must show for sure, as a share of the champion's error, or of what it lacks to 1; "
        "below 0 the candidate need only be no worse than that",
        examples=[0.0, -0.02],
    )
    confidence: float = Field(0.95, gt=0.5, lt=1, description="of the interval of the gain, and of the guards together")
    resamples: int = Field(2000, ge=100, le=100_000, description="bootstrap resamples")
    test: TestKind = Field(
        "auto", description="of the gain: bootstrap of any metric, delong of roc_auc, mcnemar of accuracy; auto chooses among them"
    )
    slices: tuple[str, ...] = Field(
        (), description="columns: the candidate may surely lose on the rows of none of their values", examples=[["sex"]]
    )
    max_slice_loss: float = Field(
        0.05, ge=0, lt=10, description="loss in a slice that is let pass, as a share of the champion's error there"
    )
    min_slice_rows: int = Field(100, ge=30, description="slices of fewer rows are not judged")
    max_calibration_error: Share | None = Field(
        None, description="how far its probabilities may be from what comes true, on average"
    )
    max_latency_ms: float | None = Field(None, gt=0, description="how long one answer may take, in milliseconds")
    max_megabytes: float | None = Field(None, gt=0, description="how large its bundle may be")

    @model_validator(mode="after")
    def _test_fits_the_metric(self) -> Self:
        wanted = _TESTED.get(self.test)
        if wanted is not None and self.metric != wanted:
            raise ValueError(f"the test {self.test!r} compares {wanted}; write  metric: {wanted},  or  test: auto")
        return self
