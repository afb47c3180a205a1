"""Does the world still look like the one the champion was made for?

A window is a stretch of source rows (`steward.flows.watch_rows`) or of the prediction log (`steward.flows.watch_log`). Both
come here as the same value, are judged in the same way and remembered once per version and content; an alarm goes on to
`steward.flows.respond`.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from steward.core.digest import digest_json
from steward.flows.beside import attach_window
from steward.flows.champion import LoadedVersion
from steward.flows.figures import Figures, judge_figures, reading_kept
from steward.flows.ports import Ports
from steward.flows.watch_faults import BROKE
from steward.models.classes import encode, unknown_classes
from steward.models.metrics import defined_rows, row_losses
from steward.models.zoo import Array
from steward.monitoring.budget import chance_per_window
from steward.monitoring.drift import judge_drift
from steward.monitoring.faults import DataFault, judge_faults, worst_first
from steward.monitoring.history import WatchedWindow
from steward.monitoring.performance import Capped, PerformanceVerdict, judge_performance
from steward.monitoring.reference import Reference
from steward.monitoring.season import slots_of
from steward.monitoring.sketch import Sketch, prediction_column, sketch_like
from steward.monitoring.watch import WindowVerdict, judge_window
from steward.monitoring.window import Window
from steward.project.read import Project
from steward.registry.bundle import Bundle
from steward.registry.versions import Version

_LOOK_BACK = 24
_MOVED, _WORSE = 0.6, 0.3  # of the chance of a false alarm in a window; the rest is for what broke


@dataclass(frozen=True, slots=True)
class Watched:
    """A stored window with the verdict behind it; `known` where it had been watched before and nothing new was found."""

    window: WatchedWindow
    verdict: WindowVerdict | None
    known: bool


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What a window's known outcomes say: how the error went, and the rows of each class that the model does not know.

    `truth` are quantities or codes of classes, NaN where unknown, shape (rows,); None where no row has one.
    """

    performance: PerformanceVerdict | None = None
    unknown_classes: Mapping[str, int] = field(default_factory=dict)
    truth: Array | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The rows of a window, what was answered to each, and what is known of its outcome.

    `rows` hold the raw columns the model asks for, `predicted` its answers, `outcome` the target as far as it is known.
    `window` is the span of one by time, `content` the digest of what may still change, `hidden` are columns whose values are
    not in `rows`; `sketch` is there where it was merged from batches, `slots` count its rows by hour of the week, `faults` are
    what was found in the rows as they came in, `lasted` is the time from the first row to the last, for one without a `window`.
    """

    key: str
    label: str
    rows: pl.DataFrame
    predicted: Array
    outcome: pl.Series | None
    window: Window | None = None
    content: str | None = None
    hidden: Collection[str] = ()
    sketch: Sketch | None = None
    slots: Mapping[int, int] | None = None
    faults: tuple[DataFault, ...] = ()
    lasted: timedelta | None = None


def judge_seen(project: Project, loaded: LoadedVersion, seen: Seen, ports: Ports) -> WindowVerdict:
    """Return the verdict on a window's rows; nothing is remembered."""
    spec, bundle = project.spec.watch, loaded.bundle
    reference, chance = reference_of(bundle, seen.hidden), chance_per_window(spec)
    features = bundle.features(seen.rows)
    current = seen.sketch or sketch_rows(bundle, features, seen.predicted, reference)
    drift = judge_drift(
        reference,
        current,
        bundle.importance,
        chance=_MOVED * chance,
        min_rows=spec.min_rows,
        span=seen.window.span if seen.window else seen.lasted,
        slots=_slots(project, seen) if spec.season else None,
    )
    broken = judge_faults(reference.sketch, current, bundle.importance, chance=BROKE * chance, min_rows=spec.min_rows, drift=drift)
    outcomes = known_outcomes(bundle, seen.outcome, seen.predicted, chance=_WORSE * chance)
    figures = _figures(loaded, features, seen, outcomes.truth, chance, spec.min_rows, ports)
    return judge_window(
        drift,
        outcomes.performance,
        spec.alert,
        outcomes.unknown_classes,
        faults=worst_first((*broken, *seen.faults)),
        estimate=figures.estimate,
        target=figures.target,
        slices=figures.slices,
        span=seen.window.texts if seen.window else None,
    )


def remember(
    project: Project, loaded: LoadedVersion, seen: Seen, verdict: WindowVerdict, ports: Ports, *, last: bool = True
) -> Watched:
    """Keep a verdict: a new window, or a new verdict on one whose rows or outcomes changed.

    Of many at one look the tracker is told of the alarms and of the `last`: it takes longer than the judging.
    """
    window = WatchedWindow(
        key=seen.key,
        model=project.spec.name,
        version=loaded.version.number,
        label=seen.label,
        severity=verdict.severity,
        alarm=verdict.alarm,
        answered=False,
        verdict=verdict.as_dict(),
        created_at=ports.clock.now().isoformat(),
        start=verdict.start,
        end=verdict.end,
        content=seen.content,
    )
    ports.progress.finished("watch", f"{verdict.drift.rows:,} rows of {seen.label} against v{loaded.version.number}")
    if last or verdict.alarm:
        attach_window(loaded.version, window, ports)
    kept = ports.windows.add(window, actor=ports.actor)
    if kept.content != window.content:
        kept = ports.windows.revise(window, actor=ports.actor)
    return Watched(kept, verdict, known=False)


def settled(key: str, ports: Ports) -> Watched | None:
    """Return a window that was watched before and needs nothing more; an alarm without a decision is judged again."""
    known = ports.windows.find(key)
    if known is None or (known.alarm and not known.answered):
        return None
    return Watched(known, None, known=True)


def key_of(version: Version, label: str, content: Collection[str]) -> str:
    """Return the key of a window: the digest of the version's bundle, the label, and what makes it another one."""
    return digest_json({"bundle": version.digest, "label": label, "content": list(content)})


def reference_of(bundle: Bundle, hidden: Collection[str]) -> Reference:
    """Return what a bundle's windows are compared with, without what is made of hidden columns."""
    return _reference(bundle).without(_blind(bundle, hidden))


def sketch_rows(bundle: Bundle, features: pl.DataFrame, predicted: Array, reference: Reference) -> Sketch:
    """Return the sketch of what the model read and answered, in the reference's cells."""
    return sketch_like(features.with_columns(prediction_column(predicted, bundle.classes)), reference.sketch)


def known_outcomes(bundle: Bundle, outcome: pl.Series | None, predicted: Array, *, chance: float) -> Outcomes:
    """Return what the known outcomes of a window say; a class the model never learnt is counted apart.

    Where the metric has no meaning (a share of 0, a logarithm of what is negative) an outcome is known, but in no error.

    Args:
        bundle: of the model that answered.
        outcome: quantities, or classes as the target or a telling names them; null where unknown.
        predicted: the answers to the same rows, shape (rows,) or (rows, classes).
        chance: of calling an error grown that did not, in (0, 0.5].
    """
    losses, classes = bundle.reference.get("losses"), bundle.classes
    if not isinstance(losses, Mapping) or outcome is None or not len(outcome):
        return Outcomes()
    unknown = unknown_classes(outcome, classes) if classes else {}
    truth = encode(outcome, classes) if classes else outcome.cast(pl.Float64).fill_null(np.nan).to_numpy()
    metric, known = str(losses["metric"]), np.isfinite(truth)
    counted = known & defined_rows(metric, truth)
    if not losses["mean"] or not counted.any():  # without any error then, nothing can be compared with it
        return Outcomes(None, unknown, truth if known.any() else None)
    quiet = [(int(size), float(spread)) for size, spread in losses.get("quiet", ())]
    reference = (losses["mean"], losses["variance"], int(losses["rows"]))
    current = row_losses(metric, truth[counted], predicted[counted])
    capped = Capped.from_dict(losses["capped"]) if "capped" in losses else None
    judged = judge_performance(reference, current, metric, quiet=quiet, capped=capped, chance=chance)
    return Outcomes(judged, unknown, truth)


def _slots(project: Project, seen: Seen) -> Mapping[int, int] | None:
    """Return the rows by hour of the week: of the event's own time, where rows have one."""
    if seen.slots is not None or project.spec.time not in seen.rows.columns:
        return seen.slots
    return slots_of(seen.rows[project.spec.time])


@lru_cache(maxsize=2)
def _reference(bundle: Bundle) -> Reference:
    with reading_kept():
        return Reference.from_dict(bundle.reference)  # costly to read, and asked for once a window


def _blind(bundle: Bundle, hidden: Collection[str]) -> set[str]:
    return {name for name in bundle.wanted if bundle.program.lineage(name) & frozenset(hidden)}


def _figures(
    loaded: LoadedVersion, features: pl.DataFrame, seen: Seen, truth: Array | None, chance: float, min_rows: int, ports: Ports
) -> Figures:
    """Return the estimate, the target's drift and the slices; what needs a hidden column is left out."""
    if not seen.rows.height:
        return Figures(None, None, ())
    blind = _blind(loaded.bundle, seen.hidden)
    found = judge_figures(
        loaded.bundle, features, seen.predicted, truth, past=_past(loaded, seen, ports), chance=chance, min_rows=min_rows
    )
    if not blind:
        return found
    estimate = None if found.estimate is not None and found.estimate.method == "DLE" else found.estimate
    return replace(found, estimate=estimate, slices=tuple(one for one in found.slices if one.column not in blind))


def _past(loaded: LoadedVersion, seen: Seen, ports: Ports) -> Iterator[Mapping[str, Any]]:
    """Yield the verdicts on windows of the same version before this one, the oldest first."""
    if "estimate" not in loaded.bundle.reference:
        return
    start = seen.window.texts[0] if seen.window else None
    newest = ports.windows.windows(loaded.version.model, limit=_LOOK_BACK)
    for one in reversed(newest):
        before = start is None or one.start is None or one.start < start
        if one.version == loaded.version.number and one.key != seen.key and before:
            yield one.verdict
