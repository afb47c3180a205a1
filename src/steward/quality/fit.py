"""Do the rules of a project fit this table? Asked of all of them before one runs, so that all is said at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from steward.core.errors import Fault, UsageError, did_you_mean
from steward.data.assemble import PERIOD
from steward.data.convert import DTYPES
from steward.project.checks import (
    ConflictCheck,
    FreshCheck,
    InPeriodCheck,
    IqrCheck,
    MatchesCheck,
    RangeCheck,
    RuleCheck,
    SchemaCheck,
    SpellingCheck,
    ZscoreCheck,
)
from steward.project.cleaning import Cast, Clip, DropDuplicates, DropRows, FillMissing, Outliers, Replace
from steward.project.expression import parse
from steward.project.rules import CheckSpec, CleaningSpec
from steward.quality.expression import condition

Types = Mapping[str, pl.DataType]
_MENDING = DropDuplicates | DropRows | FillMissing | Replace | Cast | Clip | Outliers
_Value = bool | float | str | None


def refuse_misfits(schema: Types, rules: Sequence[CheckSpec | CleaningSpec]) -> None:
    """Refuse rules that name absent columns or ask of a column what its type cannot have.

    Args:
        schema: the columns of the rows and their types.
        rules: each sees the columns and types that those before it leave.

    Raises:
        UsageError: DATA-052 no such column, DATA-053 a column of the wrong type, DATA-054 a value that does not go into it,
            DATA-056 a rule or pattern that cannot be asked of these columns, DATA-057 a new column's name is taken.
    """
    faults: list[Fault] = []
    for rule in rules:
        faults += _absent(schema, rule) or _wrong_type(schema, rule)
        schema = _after(rule, schema)
    if faults:
        raise UsageError(*faults)


def rule_name(rule: CheckSpec | CleaningSpec) -> str:
    """Return what a rule is called in findings: its own name, or its kind and what it is about."""
    own = "" if isinstance(rule, _MENDING) else rule.name
    return own or " ".join([rule.kind, _about(rule)]).strip()


def _about(rule: CheckSpec | CleaningSpec) -> str:
    match rule:
        case RuleCheck(rule=text) | DropRows(where=text):
            return text
        case SchemaCheck():
            return ""
        case Replace() | InPeriodCheck() | ConflictCheck():
            return rule.column
        case _:
            return ", ".join(_reads(rule))


def _reads(rule: CheckSpec | CleaningSpec) -> tuple[str, ...]:  # noqa: PLR0911 - one return a kind
    match rule:
        case DropDuplicates(columns=columns):
            return columns
        case DropRows(where=where):
            return parse(where).columns
        case Replace(column=column, where=where) if where is not None:
            return (column, *(name for name in parse(where).columns if name != column))
        case (
            FillMissing(column=column)
            | Clip(column=column)
            | Replace(column=column)
            | Cast(column=column)
            | Outliers(column=column)
        ):
            return (column,)
        case SchemaCheck():
            return ()  # what it names may be absent: that is what it is about
        case InPeriodCheck(column=column):
            return (column, PERIOD)
        case _:
            return rule.reads()


def _absent(schema: Types, rule: CheckSpec | CleaningSpec) -> list[Fault]:
    return [
        Fault(
            "DATA-052",
            f"rule {rule_name(rule)!r} needs a column {name!r}, which the rows do not have",
            fix=did_you_mean(name, list(schema)),
        )
        for name in _reads(rule)
        if name not in schema
    ]


def _wrong_type(schema: Types, rule: CheckSpec | CleaningSpec) -> list[Fault]:  # noqa: PLR0911 - one return a kind
    wanted = _wanted(rule)
    if wanted is not None and not wanted.suits(schema[wanted.column]):
        return [_type_fault(rule, wanted)]
    match rule:
        case Outliers(method="flag") if rule.flag in schema:
            what = f"rule {rule_name(rule)!r} would write over column {rule.flag!r}"
            return [Fault("DATA-057", what, fix="remove the rule, or let it clip or drop, under cleaning in project.yaml")]
        case FillMissing(column=column, value=value) if value is not None and not _goes_into(value, schema[column]):
            return [_value_fault(value, f"fill column {column!r}", schema[column])]
        case MatchesCheck(column=column, pattern=pattern):
            return _unaskable(rule, {column: schema[column]}, pl.col(column).str.contains(pattern, strict=True))
        case RuleCheck(rule=text) | DropRows(where=text):
            return _of_text(rule, text, schema)
        case Replace():
            return _of_values(rule, schema)
        case _:
            return []


@dataclass(frozen=True, slots=True)
class _Wanted:
    column: str
    what: str
    suits: Callable[[pl.DataType], bool]


def _wanted(rule: CheckSpec | CleaningSpec) -> _Wanted | None:
    """Return which type a rule needs its column to have."""
    match rule:
        case RangeCheck() | IqrCheck() | ZscoreCheck() | Clip() | Outliers() | FillMissing(statistic="mean" | "median"):
            return _Wanted(rule.column, "numbers", lambda dtype: dtype.is_numeric())
        case InPeriodCheck() | FreshCheck():
            return _Wanted(rule.column, "datetimes", lambda dtype: isinstance(dtype, pl.Datetime))
        case MatchesCheck() | SpellingCheck():
            return _Wanted(rule.column, "texts", lambda dtype: dtype == pl.String)
        case _:
            return None


def _of_values(rule: Replace, schema: Types) -> list[Fault]:
    """Return a fault for each value that cannot stand in the column, before or after."""
    dtype, what = schema[rule.column], f"stand in column {rule.column!r}"
    odd: list[_Value] = [old for old in rule.values if old_values([old], dtype).null_count()]
    odd += [new for new in rule.values.values() if new is not None and not _goes_into(new, dtype)]
    faults = [_value_fault(value, what, dtype) for value in odd]
    return faults or ([] if rule.where is None else _of_text(rule, rule.where, schema))


def _of_text(rule: CheckSpec | CleaningSpec, text: str, schema: Types) -> list[Fault]:
    """Return a fault where a written rule cannot be asked of columns of these types."""
    types = {name: schema[name] for name in parse(text).columns}
    try:
        asked = condition(text, types)
    except ValueError as error:  # a text beside a time that is none
        return [_unaskable_fault(rule, str(error))]
    return _unaskable(rule, types, asked)


def _unaskable(rule: CheckSpec | CleaningSpec, types: Types, asked: pl.Expr) -> list[Fault]:
    try:
        # One empty row: of none at all, not everything is looked at.
        answer = pl.DataFrame({name: pl.Series([None], dtype=dtype) for name, dtype in types.items()}).select(asked)
    except (pl.exceptions.PolarsError, TypeError) as error:
        return [_unaskable_fault(rule, str(error).splitlines()[0])]
    if answer.to_series().dtype not in (pl.Boolean, pl.Null):
        return [_unaskable_fault(rule, f"it gives {answer.to_series().dtype}, which is neither true nor false")]
    return []


def _unaskable_fault(rule: CheckSpec | CleaningSpec, why: str) -> Fault:
    what = f"rule {rule_name(rule)!r} cannot be asked of columns of these types"
    return Fault("DATA-056", what, why=why, fix="mend the rule in project.yaml")


def _type_fault(rule: CheckSpec | CleaningSpec, wanted: _Wanted) -> Fault:
    what = f"rule {rule_name(rule)!r} works on {wanted.what}, and column {wanted.column!r} holds none"
    return Fault("DATA-053", what, fix="mend the rule's column in project.yaml")


def _value_fault(value: _Value, what: str, dtype: pl.DataType) -> Fault:
    fix = "write a value of the column's own type under cleaning in project.yaml"
    return Fault("DATA-054", f"{value!r} cannot {what}, which holds {dtype}", fix=fix)


def old_values(texts: Sequence[str], dtype: pl.DataType) -> pl.Series:
    """Return values that are written as texts in a column's type; null where one is not of it."""
    if dtype == pl.Boolean:
        return pl.Series([{"true": True, "false": False}.get(text.lower()) for text in texts], dtype=dtype)
    return pl.Series(texts, dtype=pl.String).cast(dtype, strict=False)


def _goes_into(value: float | str | bool, dtype: pl.DataType) -> bool:  # noqa: FBT001 - the value itself may be a yes or no
    if isinstance(value, bool):
        return dtype == pl.Boolean
    if isinstance(value, str):
        return dtype == pl.String
    return dtype.is_float() or (dtype.is_integer() and float(value).is_integer())


def _after(rule: CheckSpec | CleaningSpec, schema: Types) -> Types:
    """Return the columns and types that a rule leaves."""
    match rule:
        case Cast(column=column, to=kind):
            return {**schema, column: DTYPES[kind]}
        case Outliers(method="flag"):
            return {**schema, rule.flag: pl.Boolean()}
        case _:
            return schema
