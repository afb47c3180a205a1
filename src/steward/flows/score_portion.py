"""What does a version answer to some rows of a file, and which of them can it not answer?"""

from dataclasses import dataclass

import polars as pl

from steward.data.portions import Portion
from steward.models.order import answer_sorted
from steward.registry.bundle import Bundle
from steward.serving.table import NOT_FINITE, answer_columns, finite, why_refused

REFUSED = {"file": pl.String(), "line": pl.Int64(), "reason": pl.String(), "content": pl.String()}
"""What is kept of a row that is not answered; `content` is its text, where it could not even be read."""

_LINE_DIGITS = 12


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One file to score: by which bundle, what it is called, and how the ids of its predictions begin (20 hex digits)."""

    bundle: Bundle
    file: str
    prefix: str


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """The rows that were answered as they were read, their answers row for row, and the others as `REFUSED`.

    `answers` holds `line`, `prediction_id`, `prediction` and what stands beside it.
    """

    rows: pl.DataFrame
    answers: pl.DataFrame
    refused: pl.DataFrame


def answer_portion(job: Job, portion: Portion) -> Answered:
    """Return the answers to a portion of a file; what a row is answered depends on nothing but the row."""
    unread = portion.apart.select("line", "reason", "content")
    why = why_refused(portion.frame, job.bundle.dictionary, job.bundle.inputs)
    rows, lines, unfit = _part(portion.frame, portion.lines, why)
    features = job.bundle.features(rows).to_numpy(order="c")
    predicted = job.bundle.rule.apply(answer_sorted(job.bundle.model, features))
    good = finite(predicted)
    if not good.all():
        wrong = pl.DataFrame({"good": good}).select(pl.when(~pl.col("good")).then(pl.lit(NOT_FINITE))).to_series()
        rows, lines, strange = _part(rows, lines, wrong)
        predicted, unfit = predicted[good], pl.concat([unfit, strange])
    refused = pl.concat([unread, unfit]).sort("line") if unread.height or unfit.height else unread
    ids = pl.select(pl.lit(job.prefix) + lines.cast(pl.String).str.zfill(_LINE_DIGITS)).to_series().alias("prediction_id")
    answers = pl.DataFrame([lines, ids]).hstack(answer_columns(predicted, job.bundle.classes, job.bundle.rule))
    return Answered(rows, answers, refused.select(pl.lit(job.file).alias("file"), "line", "reason", "content"))


def _part(frame: pl.DataFrame, lines: pl.Series, why: pl.Series | None) -> tuple[pl.DataFrame, pl.Series, pl.DataFrame]:
    """Return the rows without a reason, their lines, and the others' lines and reasons."""
    if why is None:
        return frame, lines, pl.DataFrame(schema={name: REFUSED[name] for name in ("line", "reason", "content")})
    bad = why.is_not_null()
    unfit = pl.DataFrame([lines.filter(bad).alias("line"), why.filter(bad).alias("reason")])
    return frame.filter(~bad), lines.filter(~bad), unfit.with_columns(pl.lit(None, pl.String).alias("content"))
