"""What kind of trouble is behind an alarm: broken data, a changed world, or a model that no longer fits it?

The order matters: broken data looks like drift and drives the error up, so it is ruled out first. Only then do moved
inputs mean a changed world, and errors without moved inputs a changed relation between inputs and outcome.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from steward.monitoring.drift import ColumnDrift
from steward.monitoring.faults import DataFault
from steward.monitoring.sketch import PREDICTION
from steward.monitoring.watch import WindowVerdict

DiagnosisKind = Literal["data_fault", "drift", "concept", "performance", "none"]

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The kind of trouble, one sentence a person can check, and the columns it shows in (worst first)."""

    kind: DiagnosisKind
    text: str
    columns: tuple[str, ...]


def diagnose(verdict: WindowVerdict) -> Diagnosis:
    """Return what the evidence of one window points to; "none" where it raised no alarm."""
    if not verdict.alarm:
        return Diagnosis("none", f"no alarm: {verdict.text}", ())
    faults = explaining(verdict)
    if faults:
        columns = tuple(dict.fromkeys(fault.column for fault in faults if fault.column is not None))
        return Diagnosis("data_fault", f"the data look broken: {'; '.join(fault.text for fault in faults)}", columns)
    moved = [column for column in verdict.drift.columns if column.moved and column.weight > 0]
    if verdict.drift.severity >= verdict.alert:
        return _drift(moved, verdict)
    return _outcomes(tuple(column.name for column in moved), verdict)


def few(names: Sequence[str]) -> str:
    """Return the first three names, and how many more there are.

    >>> few(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def explaining(verdict: WindowVerdict) -> list[DataFault]:
    """Return the faults that may explain an alarm, worst first: rows that are only fewer, as on a holiday, explain none."""
    return [fault for fault in verdict.faults if fault.severity >= verdict.alert or (fault.severity > 0 and fault.kind != "fewer")]


def _drift(moved: Sequence[ColumnDrift], verdict: WindowVerdict) -> Diagnosis:
    inputs = tuple(column.name for column in moved if column.name != PREDICTION)
    return Diagnosis("drift", f"the world moved, most of all in {_and(inputs[:_NAMED])}; {_effect(verdict)}", inputs)


def _outcomes(names: tuple[str, ...], verdict: WindowVerdict) -> Diagnosis:
    if verdict.unknown_classes and (verdict.performance is None or verdict.performance.severity < verdict.alert):
        return Diagnosis("concept", f"outcomes are of classes the model never learnt: {few([*verdict.unknown_classes])}", ())
    error = _error(verdict)
    if _only_estimated(verdict):
        return Diagnosis("performance", f"{error}; which outcomes will tell", names)
    if not names:
        return Diagnosis("concept", f"{error} though no input moved: inputs now lead to other outcomes", ())
    return Diagnosis("performance", f"{error}, and {_and(names)} moved, too little to explain it alone", names)


def _effect(verdict: WindowVerdict) -> str:
    if verdict.performance is None or not verdict.performance.enough:
        return "what that does to the error is not known yet"
    return f"{_error(verdict)} with it" if verdict.performance.severity > 0 else "the error did not grow with it"


def _only_estimated(verdict: WindowVerdict) -> bool:
    """Return whether the alarm rests on what the error must be, not on outcomes."""
    known = verdict.performance is not None and verdict.performance.enough
    return not known and not verdict.unknown_classes and verdict.estimate is not None and verdict.estimate.trusted


def _error(verdict: WindowVerdict) -> str:
    if _only_estimated(verdict) and verdict.estimate is not None:
        return f"{verdict.estimate.metric} is estimated to have grown worse by {verdict.estimate.change:.0%}"
    performance = verdict.performance
    return f"{performance.metric} rose by {performance.change:.0%}" if performance else "the error is not known"


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else "no single input"
