"""How well are classes told apart, in pictures and in words?"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from steward.models.classification import confusion
from steward.reporting.class_curves import Calibration, Retrieval, calibration, retrieval
from steward.reporting.class_plots import COLORS, calibration_lines, confusion_cells, retrieval_curves, roc_lines
from steward.reporting.contents import Plot

Array = npt.NDArray[np.float64]

_TWO = 2
_HALF = 0.5
_MOST = 0.9


def class_pictures(actual: Array, predicted: Array, names: Sequence[str], *, decided: Array | None = None) -> tuple[Plot, ...]:
    """Return the pictures of the test rows: confusion matrix, precision against recall, ROC curve, calibration.

    Args:
        actual: codes of the true classes, shape (rows,).
        predicted: probabilities, shape (rows, classes).
        decided: the same moved so that the class that answers is the more likely one; as they are by default.
        names: of the classes, in the order of their codes; of two the last is drawn, of more the first six.
    """
    drawn = [1] if len(names) == _TWO else list(range(min(len(names), len(COLORS))))
    found = [(names[code], retrieval(actual == code, predicted[:, code])) for code in drawn]
    kept = [(names[code], calibration(actual == code, predicted[:, code])) for code in drawn]
    left = len(names) - len(drawn) if len(names) > _TWO else 0
    more = f" {left} more {'class is' if left == 1 else 'classes are'} not drawn." if left else ""
    return (
        _confusion(actual, predicted if decided is None else decided, names),
        _retrieval(found, more),
        _roc(found, more),
        _calibration(kept, more),
    )


def _confusion(actual: Array, predicted: Array, names: Sequence[str]) -> Plot:
    counts = confusion(actual, predicted)
    rows = counts.sum(axis=1)
    right = [
        f"{name} in {hit / max(count, 1):.0%} of {count:,}" for name, hit, count in zip(names, np.diag(counts), rows, strict=True)
    ]
    said = f"Answered rightly: {', '.join(right)} test rows."
    return Plot("True against answered class", f"Table of true and answered classes. {said}", said, confusion_cells(counts, names))


def _retrieval(curves: Sequence[tuple[str, Retrieval]], more: str) -> Plot:
    told = [f"{name} {_at_half(curve):.0%} (by chance {curve.share:.1%})" for name, curve in curves]
    caption = f"Right, where half of the class is found: {', '.join(told)}.{more}"
    alt = f"Curves of precision against recall, with the share of each class as a dashed line. {caption}"
    return Plot("Precision against recall", alt, caption, retrieval_curves(curves))


def _roc(curves: Sequence[tuple[str, Retrieval]], more: str) -> Plot:
    told = [f"{name} {curve.false_alarms[np.argmax(curve.recall >= _MOST)]:.0%}" for name, curve in curves]
    caption = f"False alarms among the other rows, where nine tenths of the class are found: {', '.join(told)}.{more}"
    alt = f"ROC curve: recall against false alarms, with the diagonal of chance. {caption}"
    return Plot("ROC curve", alt, caption, roc_lines(curves))


def _at_half(curve: Retrieval) -> float:
    return float(curve.precision[np.argmax(curve.recall >= _HALF)])


def _calibration(curves: Sequence[tuple[str, Calibration]], more: str) -> Plot:
    told = ", ".join(f"{name} {curve.gap * 100:.1f}" for name, curve in curves)
    caption = f"Mean distance between said and true, in percentage points: {told}.{more}"
    alt = f"Share that was true against the probability that was said, with the diagonal of perfect answers. {caption}"
    return Plot("Do probabilities keep their word", alt, caption, calibration_lines(curves))
