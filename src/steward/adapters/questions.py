"""By which expectation of Great Expectations is asked what a check asks?

Where there is none, our own answer for each row becomes a column that an expectation reads: such a check is carried.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import polars as pl

from steward.core.period import Period
from steward.data.assemble import PERIOD
from steward.project.checks import (
    AllowedCheck,
    ConstantCheck,
    FreshCheck,
    InPeriodCheck,
    IqrCheck,
    MatchesCheck,
    NotNullCheck,
    NullShareCheck,
    RangeCheck,
    RuleCheck,
    SchemaCheck,
    UniqueCheck,
    ZscoreCheck,
)
from steward.project.expression import compared_columns
from steward.quality.expected import Expectations, Expected

_TYPES = {
    "integer": "Int64Dtype",
    "number": "float64",
    "text": "StringDtype",
    "datetime": "datetime64[us]",
    "boolean": "BooleanDtype",
}

_Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """One check in Great Expectations' words: several expectations together, or one about a column we computed."""

    expected: Expected
    asked: tuple[tuple[str, _Arguments], ...]
    column: str = ""

    @property
    def carried(self) -> bool:
        """Whether a column that we computed gives the answer."""
        return bool(self.column)


def questions(expectations: Expectations) -> list[Question]:
    """Return the question of each check, in their order; needs Great Expectations."""
    plain = [_question(i, expected, expectations) for i, expected in enumerate(expectations.each)]
    ours = [question.column for question in plain if question.carried]
    return [_beside(question, ours) for question in plain]


def _beside(question: Question, ours: Sequence[str]) -> Question:
    """Let the columns that we add stand beside those of an exact schema."""
    asked = tuple(
        (kind, {**arguments, "column_set": [*arguments["column_set"], *ours]} if arguments.get("exact_match") else arguments)
        for kind, arguments in question.asked
    )
    return replace(question, asked=asked)


def _question(number: int, expected: Expected, expectations: Expectations) -> Question:
    asked = tuple(_native(expected, expectations))
    if asked:
        return Question(expected, asked)
    column = f"steward {number}: {expected.name}"
    return Question(expected, (("ExpectColumnValuesToBeInSet", {"column": column, "value_set": [True]}),), column)


def _native(expected: Expected, expectations: Expectations) -> Iterator[tuple[str, _Arguments]]:
    """Yield the expectations that ask what a check asks; none where there are none."""
    match expected.check:
        case NotNullCheck(columns=(column,)):
            yield "ExpectColumnValuesToNotBeNull", {"column": column}
        case NullShareCheck(column=column, max=most):
            # Rounded, or one minus a third would ask for a little more than two thirds.
            yield "ExpectColumnValuesToNotBeNull", {"column": column, "mostly": round(1 - most, 12)}
        case RangeCheck(column=column):
            yield "ExpectColumnValuesToBeBetween", {"column": column, **_ends(expected.check.min, expected.check.max)}
        case AllowedCheck(column=column, values=values):
            yield "ExpectColumnValuesToBeInSet", {"column": column, "value_set": _of_type(values, expectations.frame[column].dtype)}
        case MatchesCheck(column=column, pattern=pattern):
            yield "ExpectColumnValuesToMatchRegex", {"column": column, "regex": rf"\A(?:{pattern})\Z"}
        case InPeriodCheck(column=column):
            yield from (_in_period(column, label) for label in expectations.known.labels)
        case UniqueCheck(columns=columns):
            yield from _unique(columns, expectations)
        case IqrCheck() | ZscoreCheck():
            # Without two different values there is nothing to measure with, and it may refuse to.
            if expectations.known.near[expected.check].low is not None:
                yield _far(expected.check)
        case _:
            yield from _native_of_table(expected, expectations)


def _native_of_table(expected: Expected, expectations: Expectations) -> Iterator[tuple[str, _Arguments]]:
    match expected.check:
        case RuleCheck(rule=rule):
            pair = compared_columns(rule)
            if pair is not None:
                greater, smaller, or_equal = pair
                yield (
                    "ExpectColumnPairValuesAToBeGreaterThanB",
                    {"column_A": greater, "column_B": smaller, "or_equal": or_equal, "ignore_row_if": "either_value_is_missing"},
                )
        case ConstantCheck(column=column):
            yield "ExpectColumnUniqueValueCountToBeBetween", {"column": column, "min_value": 2}
        case FreshCheck(column=column, max_age_days=days):
            now = expectations.known.now
            assert now is not None, "look_ahead refuses fresh without a moment to compare with"
            within = {"min_value": now - timedelta(days=days), "row_condition": _where(column) < now}
            yield "ExpectColumnMaxToBeBetween", {"column": column, **within}
        case SchemaCheck(columns=columns, others=others):
            own = [PERIOD] if PERIOD in expectations.frame.columns else []
            yield "ExpectTableColumnsToMatchSet", {"column_set": [*columns, *own], "exact_match": not others}
            for name, kind in columns.items():
                if name in expectations.frame.columns:
                    yield "ExpectColumnValuesToBeInTypeList", {"column": name, "type_list": [_TYPES[kind]]}


def _far(check: IqrCheck | ZscoreCheck) -> tuple[str, _Arguments]:
    if isinstance(check, IqrCheck):
        return "ExpectColumnValuesToNotBeOutliers", {"column": check.column, "method": "iqr", "multiplier": check.factor}
    return "ExpectColumnValueZScoresToBeLessThan", {"column": check.column, "threshold": check.limit, "double_sided": True}


def _in_period(column: str, label: str) -> tuple[str, _Arguments]:
    period = Period.parse(label)
    within = {"min_value": period.start, "max_value": period.end, "strict_max": True}
    return "ExpectColumnValuesToBeBetween", {"column": column, **within, "row_condition": _where(PERIOD) == label}


def _unique(columns: Sequence[str], expectations: Expectations) -> Iterator[tuple[str, _Arguments]]:
    if len(columns) > 1:
        yield "ExpectCompoundColumnsToBeUnique", {"column_list": list(columns), "ignore_row_if": "never"}
    # Of a single column Great Expectations leaves empty cells out; to us two of them are equal.
    elif expectations.frame[columns[0]].null_count() < 2:  # noqa: PLR2004 - one empty cell has no equal
        yield "ExpectColumnValuesToBeUnique", {"column": columns[0]}


def _ends(low: float | None, high: float | None) -> _Arguments:
    return {name: end for name, end in (("min_value", low), ("max_value", high)) if end is not None}


def _of_type(values: Sequence[int | str], dtype: Any) -> list[Any]:
    return pl.Series(values, dtype=dtype, strict=False).drop_nulls().to_list()


def _where(column: str) -> Any:
    from great_expectations.expectations.row_conditions import Column

    return Column(column)
