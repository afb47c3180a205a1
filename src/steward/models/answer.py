"""What is done to a model's answers before anybody sees them, which class do they then name, and how sure are they?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from steward.models.calibrate import Calibration
from steward.models.classification import decide_at
from steward.models.conformal import Margin

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """Probabilities are calibrated first; of two classes the second answers where its own is above `threshold`.

    Without a calibration they stay as they are, without a threshold the more likely class answers. `margin` says of a quantity
    how far the truth may lie from it; a bundle from before there were any has none.
    """

    calibration: Calibration | None = None
    threshold: float | None = None
    margin: Margin | None = None

    def __bool__(self) -> bool:
        return self.calibration is not None or self.threshold is not None or self.margin is not None

    def apply(self, predicted: Array) -> Array:
        """Return the probabilities as they are answered; quantities, shape (rows,), stay as they are."""
        return predicted if self.calibration is None else self.calibration.apply(predicted)

    def decided(self, answered: Array) -> Array:
        """Return answered probabilities moved so that the class that answers is the more likely one: for figures of answers."""
        return answered if self.threshold is None else decide_at(answered, self.threshold)

    def as_dict(self) -> dict[str, Any]:
        """Return the rule as a JSON object."""
        margin = {} if self.margin is None else {"margin": self.margin.as_dict()}
        return {"calibration": self.calibration.as_dict() if self.calibration else None, "threshold": self.threshold, **margin}

    @staticmethod
    def from_dict(value: Mapping[str, Any]) -> "AnswerRule":
        """Return the rule that `as_dict` wrote; ValueError or KeyError where the object is something else."""
        calibration, threshold = value["calibration"], value["threshold"]
        margin = value.get("margin")
        return AnswerRule(
            calibration=None if calibration is None else Calibration.from_dict(calibration),
            threshold=None if threshold is None else float(threshold),
            margin=None if margin is None else Margin.from_dict(margin),
        )
