"""Which rows of a table can be answered, and how do many answers stand in one?

The same rules as for a request, on columns: what must be there, its limits, texts of bounded length, finite answers.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.core.tasks import Label
from steward.models.answer import AnswerRule
from steward.models.classes import name_of
from steward.models.classification import most_likely
from steward.project.dictionary import ColumnSpec, DictionarySpec
from steward.serving.request import MAX_TEXT

Array = npt.NDArray[np.float64]

NOT_FINITE = "the model has no finite answer to this row"


def why_refused(frame: pl.DataFrame, dictionary: DictionarySpec, columns: Sequence[str]) -> pl.Series | None:
    """Return for each row what a request with it would be refused for, null where nothing; None where that is so of all.

    Args:
        frame: in the dictionary's names and types.
        dictionary: what a column may hold.
        columns: those that the model reads.
    """
    rules = [rule for name in columns for rule in _rules(name, dictionary.columns[name])]
    if not rules or not any(frame.select(broken.any().alias(str(i)) for i, (broken, _) in enumerate(rules)).row(0)):
        return None
    said = [pl.when(broken).then(why) for broken, why in rules]
    return frame.select(pl.concat_str(said, separator="; ", ignore_nulls=True).replace("", None).alias("reason")).to_series()


def _rules(name: str, column: ColumnSpec) -> list[tuple[pl.Expr, pl.Expr]]:
    """Return what breaks a row by a column, each with the sentence that says so."""
    value, rules = pl.col(name), list[tuple[pl.Expr, pl.Expr]]()
    if column.required:
        rules.append((value.is_null(), pl.lit(f"{name} is missing")))
    if column.type in ("integer", "number"):
        ends = [(word, end) for word, end in (("from", column.min), ("to", column.max)) if end is not None]
        limits = " ".join(f"{word} {end:g}" for word, end in ends)
        why = pl.format("{} is {}, outside of what it can be ({})", pl.lit(name), value, pl.lit(limits))
        rules += [(value < end if word == "from" else value > end, why) for word, end in ends]
    if column.type == "text":
        rules.append((value.str.len_chars() > MAX_TEXT, pl.lit(f"{name} is longer than {MAX_TEXT} characters")))
    return [(broken.fill_null(value=False), why) for broken, why in rules]


def finite(predicted: Array) -> npt.NDArray[np.bool_]:
    """Return for each row whether all of its answer is finite."""
    good = np.isfinite(predicted)
    return good if good.ndim == 1 else np.asarray(good.all(axis=1))


def answer_columns(predicted: Array, classes: Sequence[Label], rule: AnswerRule) -> pl.DataFrame:
    """Return the answers as columns, row for row.

    `prediction`, and of a class the `probability_NAME` of each; of a quantity `interval_low` and `interval_high`, between which
    the truth lies with the rule's level, where that was measured.
    """
    if classes:
        second = most_likely(predicted) if rule.threshold is None else (predicted[:, 1] > rule.threshold).astype(np.intp)
        shares = {f"probability_{name_of(label)}": predicted[:, place] for place, label in enumerate(classes)}
        return pl.DataFrame({"prediction": pl.Series(list(classes)).gather(second), **shares})
    if rule.margin is None:
        return pl.DataFrame({"prediction": predicted})
    low, high = rule.margin.around(predicted)
    return pl.DataFrame({"prediction": predicted, "interval_low": low, "interval_high": high})
