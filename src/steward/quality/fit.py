"""Do the rules of a project fit this table? Asked of all of them before one runs, so that all is said at once."""

from collections.abc import Sequence

import polars as pl

from steward.core.errors import Fault, UsageError, did_you_mean
from steward.data.assemble import PERIOD
from steward.project.rules import CheckSpec, CleaningSpec, Clip, DropDuplicates, FillMissing, InPeriodCheck, RangeCheck


def refuse_misfits(frame: pl.DataFrame, rules: Sequence[CheckSpec | CleaningSpec]) -> None:
    """Refuse rules that name absent columns or ask of a column what its type cannot have.

    Raises:
        UsageError: DATA-052 no such column, DATA-053 a column of the wrong type, DATA-054 a value that does not go into it.
    """
    faults = [fault for rule in rules for fault in _absent(frame, rule) or _wrong_type(frame, rule)]
    if faults:
        raise UsageError(*faults)


def rule_name(rule: CheckSpec | CleaningSpec) -> str:
    """Return what a rule is called in findings: its own name, or its kind and columns."""
    own = "" if isinstance(rule, DropDuplicates | FillMissing | Clip) else rule.name
    return own or " ".join([rule.kind, ", ".join(_reads(rule))]).strip()


def _reads(rule: CheckSpec | CleaningSpec) -> tuple[str, ...]:
    match rule:
        case DropDuplicates(columns=columns):
            return columns
        case FillMissing(column=column) | Clip(column=column):
            return (column,)
        case _:
            return rule.reads()


def _absent(frame: pl.DataFrame, rule: CheckSpec | CleaningSpec) -> list[Fault]:
    needed = (*_reads(rule), PERIOD) if isinstance(rule, InPeriodCheck) else _reads(rule)
    return [
        Fault(
            "DATA-052",
            f"rule {rule_name(rule)!r} needs a column {name!r}, which the rows do not have",
            fix=did_you_mean(name, frame.columns),
        )
        for name in needed
        if name not in frame.columns
    ]


def _wrong_type(frame: pl.DataFrame, rule: CheckSpec | CleaningSpec) -> list[Fault]:
    match rule:
        case RangeCheck(column=column) | Clip(column=column) if not frame.schema[column].is_numeric():
            return [_type_fault(rule, column, "numbers")]
        case InPeriodCheck(column=column) if not isinstance(frame.schema[column], pl.Datetime):
            return [_type_fault(rule, column, "datetimes")]
        case FillMissing(column=column, value=value) if not _goes_into(value, frame.schema[column]):
            what = f"{value!r} cannot fill column {column!r}, which holds {frame.schema[column]}"
            return [Fault("DATA-054", what, fix="write a value of the column's own type under cleaning in project.yaml")]
        case _:
            return []


def _type_fault(rule: CheckSpec | CleaningSpec, column: str, wanted: str) -> Fault:
    return Fault(
        "DATA-053",
        f"rule {rule_name(rule)!r} works on {wanted}, and column {column!r} holds none",
        fix="mend the rule's column in project.yaml",
    )


def _goes_into(value: float | str | bool, dtype: pl.DataType) -> bool:  # noqa: FBT001 - the value itself may be a yes or no
    if isinstance(value, bool):
        return dtype == pl.Boolean
    if isinstance(value, str):
        return dtype == pl.String
    return dtype.is_float() or (dtype.is_integer() and float(value).is_integer())
