"""Which rows does a model learn from, and which later ones judge it?

Parts follow one another in time and never overlap: what is known at noon must not help to predict the
morning. Rows that share the instant of a cut go to the later part together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import polars as pl

from steward.core.errors import Fault, UsageError
from steward.core.period import Period
from steward.project.spec import SplitSpec


@dataclass(frozen=True, slots=True)
class Split:
    """Three parts of a table, each sorted by time; `validation` follows `train`."""

    train: pl.DataFrame
    validation: pl.DataFrame
    test: pl.DataFrame


def split_by_time(frame: pl.DataFrame, spec: SplitSpec, time: str) -> Split:
    """Divide rows by time.

    Args:
        frame: any rows; those of no declared month are left out.
        spec: months to train and test on, and the shares of validation and (where no test month is named) test.
        time: the column of the event's time, or a text column of months where events have no time of their own.

    Raises:
        UsageError: DATA-040 a part would be empty.
    """
    learn = _months(frame, spec.train, time)
    if spec.test:
        test = _months(frame, spec.test, time)
    else:
        learn, test = _cut(learn, spec.test_share, time)
    train, validation = _cut(learn, spec.validation_share, time)
    _refuse_empty({"training": train, "validation": validation, "test": test}, spec)
    return Split(train, validation, test)


def _months(frame: pl.DataFrame, labels: Sequence[str], time: str) -> pl.DataFrame:
    """Return the rows of some months, sorted by time; rows of one instant keep their order."""
    if frame[time].dtype.is_temporal():
        spans = [Period.parse(label) for label in labels]
        # By the event, not by the file: a stray row of another month must not reach into the other part.
        within = reduce(or_, ((pl.col(time) >= span.start) & (pl.col(time) < span.end) for span in spans), pl.lit(value=False))
    else:
        within = pl.col(time).is_in(list(labels))
    return frame.filter(within).sort(time, maintain_order=True)


def _cut(frame: pl.DataFrame, share: float, time: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the earlier rows and the last `share` of them."""
    place = frame.height - round(frame.height * share)
    if place < frame.height and frame[time].dtype.is_temporal():
        instant = frame[time][place]
        place = int(frame[time].search_sorted(instant, side="left"))
    return frame[:place], frame[place:]


def _refuse_empty(parts: dict[str, pl.DataFrame], spec: SplitSpec) -> None:
    tested = ", ".join(spec.test) or f"the last {spec.test_share:.0%} of the training rows"
    why = f"train: {', '.join(spec.train)}; test: {tested}"
    fix = "name months that hold rows, or change validation_share or test_share"
    empty = [name for name, part in parts.items() if not part.height]
    if empty:
        raise UsageError(*(Fault("DATA-040", f"no {name} rows are left after the split", ("split",), why, fix) for name in empty))
