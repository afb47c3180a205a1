"""What should be done about an alarm: note it, retrain, ask a person, or call for one?

Four bands of severity, set by the project's policy. Whatever is not a number from 0 to 1 goes to a person, and so does
broken data, because a model retrained on it would learn the fault.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

from steward.agent.diagnose import Diagnosis, few
from steward.project.spec import PolicySpec


@dataclass(frozen=True, slots=True)
class Log:
    """Nothing but a note in the journal."""

    severity: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Retrain:
    """Retrain at once; the gate still judges the result."""

    severity: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class AskApproval:
    """Retrain when a person approves."""

    severity: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Escalate:
    """Call for a person now, and retrain when one approves."""

    severity: float | None
    reason: str


Decision = Log | Retrain | AskApproval | Escalate


def decide(severity: float | None, diagnosis: Diagnosis, policy: PolicySpec, *, broken: Sequence[str] = ()) -> Decision:
    """Return what the policy says about an alarm.

    Args:
        severity: 0 to 1; anything else (missing, NaN, outside) is never acted on automatically.
        diagnosis: the trouble behind it; a data fault is never retrained on automatically.
        policy: bands `Log` < `retrain_from` <= `Retrain` < `ask_from` <= `AskApproval` <= `escalate_above` < `Escalate`.
        broken: labels of further windows, learned from together with this one, whose data look broken.
    """
    because = f"{diagnosis.text}; the data of {few(broken)} look broken" if broken else diagnosis.text
    if not _is_severity(severity):
        return AskApproval(None, f"the severity is {severity!r}, not a number from 0 to 1: a person must look. {because}")
    if severity > policy.escalate_above:
        return Escalate(severity, f"severity {severity:.2f} is above {policy.escalate_above:g}: {because}")
    if severity >= policy.ask_from:
        return AskApproval(severity, f"severity {severity:.2f} is at least {policy.ask_from:g}: {because}")
    if severity < policy.retrain_from:
        return Log(severity, f"severity {severity:.2f} is below {policy.retrain_from:g}: {because}")
    if diagnosis.kind == "data_fault" or broken:
        return AskApproval(severity, f"severity {severity:.2f}, but retraining would learn the fault: {because}")
    return Retrain(severity, f"severity {severity:.2f} is at least {policy.retrain_from:g}: {because}")


def _is_severity(value: object) -> TypeGuard[float]:
    # What comes from a database or a message may be anything; NaN fails the comparison.
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
