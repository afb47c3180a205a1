"""Should the model be retrained today, and why? The verdict on a window, in the words of the page."""

from collections.abc import Sequence

from steward.agent.decide import AskApproval, Escalate, Log, Retrain, decide
from steward.agent.diagnose import Diagnosis, diagnose, explaining
from steward.core.tasks import RULES
from steward.monitoring.drift import ColumnDrift
from steward.monitoring.estimate import Estimate
from steward.monitoring.performance import PerformanceVerdict
from steward.monitoring.watch import WindowVerdict
from steward.project.spec import PolicySpec
from steward.reporting.contents import WindowLine
from steward.reporting.page import figure
from steward.reporting.watch_contents import Advice, Word

_ONE = 0.9995  # from here on a share is written as all rows


def advise(
    window: WindowLine, verdict: WindowVerdict | None, policy: PolicySpec, *, done: str = "", newer: int | None = None
) -> Advice:
    """Return the answer that the newest window gives.

    Args:
        window: as it was stored.
        verdict: what it rests on; None where that cannot be read any more.
        policy: what the project lets the agent do.
        done: what was done about it already.
        newer: the champion of now, where it is another than the one that judged the window.
    """
    if newer is not None:
        return Advice("not known", f"v{newer} became champion after this window; watch one with it.", done)
    if verdict is None:
        word: Word = "not known" if window.severity is None else "not yet" if window.alarm else "no"
        return Advice(word, f"{_sentence(window.text)} Its details were stored by another version of Steward.", done)
    stopped = next((fault for fault in verdict.faults if fault.kind == "stopped"), None)
    if stopped is not None and window.severity is None:
        return Advice("no: mend the data first", _sentence(stopped.text), done)
    if window.severity is None:
        return Advice("not known", _sentence(verdict.text), done)
    if not verdict.alarm:
        return Advice("no", _calm(verdict), done)
    return _alarmed(verdict, diagnose(verdict), policy, done)


def _alarmed(verdict: WindowVerdict, diagnosis: Diagnosis, policy: PolicySpec, done: str) -> Advice:
    if diagnosis.kind == "data_fault":
        broken = [fault.text for fault in explaining(verdict)] or [diagnosis.text]
        told = f"{'; '.join(broken[:2])}{f'; and {len(broken) - 2} more' if len(broken) > 2 else ''}"  # noqa: PLR2004 - the worst
        return Advice(
            "no: mend the data first", f"The data look broken: {told}. A model retrained on these rows would learn the fault.", done
        )
    because = _sentence(diagnosis.text)
    match decide(verdict.severity, diagnosis, policy):
        case Log():
            return Advice("not yet", f"{because} The policy retrains from a severity of {policy.retrain_from:g}.", done)
        case Retrain():
            return Advice("yes", because, done)
        case AskApproval() | Escalate():
            return Advice("yes, if you approve", because, done)


def _calm(verdict: WindowVerdict) -> str:
    """Say why there is nothing to do: nothing moved, or nothing that matters enough."""
    moved = [column.name for column in verdict.drift.columns if column.moved]
    rows = f"{verdict.drift.rows:,} rows"
    if not moved and not verdict.severity:
        error = _known(verdict.performance)
        return f"Nothing moved beyond chance in {rows}{f', and {error}' if error else ''}."
    names = f"{_few(moved)} moved, but" if moved else "What changed in"
    middle = "" if moved else f" {rows}"
    return f"{names}{middle} {'matters' if not moved or len(moved) == 1 else 'matter'} too little to the model: {_below(verdict)}."


def _below(verdict: WindowVerdict) -> str:
    return f"severity {verdict.severity or 0.0:.2f}, an alarm begins at {verdict.alert:g}"


def _known(performance: PerformanceVerdict | None) -> str:
    if performance is None or not performance.enough:
        return ""
    return f"the error did not grow ({performance.metric} {figure(performance.current)}, was {figure(performance.reference)})"


def column_note(column: ColumnDrift) -> str:
    """Return what else is known about how a column moved, in a few words; empty where nothing is."""
    said = []
    if column.stuck:
        said.append("one single value")
    if column.missing >= 0.01:  # noqa: PLR2004 - less does not show in percent
        said.append(f"missing in {share_of(column.missing)} more of the rows")
    if column.unseen >= 0.01:  # noqa: PLR2004 - see above
        said.append(f"{share_of(column.unseen)} outside what was learnt")
    if not column.weight:
        said.append("not used by the model")
    return ", ".join(said)


def realised_words(performance: PerformanceVerdict, unit: str) -> str:
    """Return what the known outcomes say about the error."""
    if not performance.enough:
        return f"{performance.rows:,} known outcomes are too few to judge"
    return (
        f"{figure(performance.current)}{_unit(unit)}, was {figure(performance.reference)}: {performance.change:+.0%} "
        f"(surely at least {performance.low:+.0%}) on {performance.rows:,} known outcomes"
    )


def estimate_words(estimate: Estimate, unit: str) -> str:
    """Return what is expected of the error before outcomes are known, and whether that may be believed."""
    said = f"{figure(estimate.value)}{_unit(unit)} [{figure(estimate.low)}, {figure(estimate.high)}], {estimate.change:+.0%}"
    return said if estimate.trusted else f"{said}; not trusted: {estimate.why}"


def share_of(value: float) -> str:
    """Return a share of rows in percent, with as many digits as tell something.

    >>> [share_of(value) for value in (0.004, 0.051, 0.47, 1.0)]
    ['0.4%', '5.1%', '47%', 'all']
    """
    if value >= _ONE:
        return "all"
    return f"{value:.1%}" if value < 0.1 else f"{value:.0%}"  # noqa: PLR2004 - ten percent


def _few(names: Sequence[str]) -> str:
    named = ", ".join(names[:3])
    return f"{named} and {len(names) - 3} more" if len(names) > 3 else named  # noqa: PLR2004 - as many as one reads


def _sentence(text: str) -> str:
    """Return a text as a sentence; a name at its beginning stays as it is written."""
    first = text.partition(" ")[0]
    is_name = "_" in first or any(first in rules.metrics for rules in RULES.values())
    return f"{text[:1] if is_name else text[:1].upper()}{text[1:].rstrip('.')}."


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""
