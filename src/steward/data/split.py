"""Which rows does a model learn from, and which other ones judge it?

Rows with a time are divided by it: parts follow one another and never overlap, for what is known at noon
must not help to predict the morning. Rows that share the instant of a cut go to the later part together.
Rows without a time are shuffled with a seed; a class has the same share in every part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np
import polars as pl

from steward.core.errors import Fault, UsageError
from steward.core.period import Period
from steward.data.assemble import PERIOD
from steward.project.spec import SplitSpec


@dataclass(frozen=True, slots=True)
class Split:
    """Three parts of a table; with a time each is sorted by it and `validation` follows `train`."""

    train: pl.DataFrame
    validation: pl.DataFrame
    test: pl.DataFrame


def split_rows(frame: pl.DataFrame, spec: SplitSpec, time: str | None, classes: str | None = None) -> Split:
    """Divide rows into three parts.

    Args:
        frame: any rows; those of no declared period are left out.
        spec: periods to train and test on, and the shares of validation and (where no test period is named) test.
        time: the column of the event's time; None where rows have none.
        classes: the column of a classification's target, of which every part gets its share when rows are shuffled.

    Raises:
        UsageError: DATA-040 a part would be empty.
    """
    split = _by_time(frame, spec, time) if time else _at_random(frame, spec, classes)
    _refuse_empty({"training": split.train, "validation": split.validation, "test": split.test}, spec)
    return split


def _by_time(frame: pl.DataFrame, spec: SplitSpec, time: str) -> Split:
    learn = _within(frame, spec.train, time)
    if spec.test:
        test = _within(frame, spec.test, time)
    else:
        learn, test = _cut(learn, spec.test_share, time)
    train, validation = _cut(learn, spec.validation_share, time)
    return Split(train, validation, test)


def _within(frame: pl.DataFrame, labels: Sequence[str], time: str) -> pl.DataFrame:
    """Return the rows of some periods, sorted by time; rows of one instant keep their order."""
    spans = [Period.parse(label) for label in labels]
    # By the event, not by the file: a stray row of another month must not reach into the other part.
    within = reduce(or_, ((pl.col(time) >= span.start) & (pl.col(time) < span.end) for span in spans), pl.lit(value=False))
    return frame.filter(within).sort(time, maintain_order=True)


def _cut(frame: pl.DataFrame, share: float, time: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the earlier rows and the last `share` of them."""
    place = frame.height - round(frame.height * share)
    if place < frame.height:
        instant = frame[time][place]
        place = int(frame[time].search_sorted(instant, side="left"))
    return frame[:place], frame[place:]


def _at_random(frame: pl.DataFrame, spec: SplitSpec, classes: str | None) -> Split:
    # What stands together in a file is alike, and a bootstrap of neighbours would take it for little news.
    frame = frame[np.random.default_rng(spec.seed).permutation(frame.height)]
    learn = frame.filter(pl.col(PERIOD).is_in(list(spec.train)))
    if spec.test:
        test = frame.filter(pl.col(PERIOD).is_in(list(spec.test)))
    else:
        learn, test = _draw(learn, spec.test_share, classes)
    train, validation = _draw(learn, spec.validation_share, classes)
    return Split(train, validation, test)


def _draw(frame: pl.DataFrame, share: float, classes: str | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows that stay and a share of each class, or of all rows: of shuffled ones the first are as good as any."""
    group = frame[classes] if classes else pl.repeat(0, frame.height, eager=True)
    drawn = (pl.int_range(pl.len()) < (pl.len() * share).round()).over("group")
    mask = pl.DataFrame([group.alias("group")]).select(drawn).to_series()
    return frame.filter(~mask), frame.filter(mask)


def _refuse_empty(parts: dict[str, pl.DataFrame], spec: SplitSpec) -> None:
    tested = ", ".join(spec.test) or f"a share of {spec.test_share:.0%} of the training rows"
    why = f"train: {', '.join(spec.train)}; test: {tested}"
    fix = "name periods that hold rows, or change validation_share or test_share"
    empty = [name for name, part in parts.items() if not part.height]
    if empty:
        raise UsageError(*(Fault("DATA-040", f"no {name} rows are left after the split", ("split",), why, fix) for name in empty))
