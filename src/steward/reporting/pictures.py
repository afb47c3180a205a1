"""What does each picture of a report show, in words as well as in lines?"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.core.tasks import higher_is_better
from steward.reporting.contents import CandidateLine, Plot, SliceLine, WindowLine
from steward.reporting.error_by_time import ErrorGroups, error_by_hour, error_over_time
from steward.reporting.explain_plots import swarm
from steward.reporting.page import figure
from steward.reporting.plots import (
    error_by_hour_bars,
    error_over_time_line,
    importance_bars,
    interval_dots,
    leaderboard_bars,
    predicted_against_actual,
    residual_bands,
    residual_bars,
    residuals_by_answer,
    severity_bars,
)

Array = npt.NDArray[np.float64]

_MOST_FEATURES = 20
_MOST_CLOUDS = 12


def test_pictures(at: pl.Series | None, actual: Array, predicted: Array, metric: str, unit: str) -> tuple[Plot, ...]:
    """Return the pictures of the test rows: predicted against actual, and the error by hour and over time.

    Args:
        at: each row's time; the two last pictures are left out where there is none.
        actual: the truth, shape (rows,), finite, in the target's unit.
        predicted: the answers, same rows.
        metric: what the error is measured in; `rmse` or `mae`.
        unit: of the target.

    Raises:
        UsageError: MODEL-001 the metric is not a mean over rows.
    """
    density = _density(actual, predicted, unit)
    if at is None:
        return (density,)
    hourly, overall = error_by_hour(metric, at, actual, predicted), _overall(metric, actual, predicted)
    over_time = error_over_time(metric, at, actual, predicted)
    step = "day" if len(over_time.labels[0]) > len("YYYY-MM") else "month"
    return (
        density,
        Plot(
            "Error by hour of day",
            _words(f"Bars of the {metric} for each hour of the day", hourly, unit, "hour "),
            _extremes(hourly, unit, "hour "),
            error_by_hour_bars(hourly, overall, unit=unit),
        ),
        Plot(
            f"Error by {step}",
            _words(f"Line of the {metric} for each {step} of the test rows", over_time, unit, ""),
            _extremes(over_time, unit, ""),
            error_over_time_line(over_time, overall, unit=unit),
        ),
    )


test_pictures.__test__ = False  # type: ignore[attr-defined] # no test, whatever pytest thinks of the name


def importance_picture(importance: Mapping[str, float]) -> tuple[Plot, ...]:
    """Return the bars of what the model relies on; nothing where it relies on nothing, as a mean does."""
    ranked = sorted(importance.items(), key=lambda item: (-item[1], item[0]))[:_MOST_FEATURES]
    if not ranked or ranked[0][1] <= 0:
        return ()
    names, shares = [name for name, _ in ranked], [share for _, share in ranked]
    left = len(importance) - len(ranked)
    alt = "Bars of each feature's share of importance: " + ", ".join(f"{name} {share:.1%}" for name, share in ranked) + "."
    caption = (
        f"How much each feature takes part in the answers; shares add up to 100%.{f' {left} more are not drawn.' * bool(left)}"
    )
    return (Plot("What it relies on", alt, caption, importance_bars(names, shares)),)


def residual_pictures(actual: Array, predicted: Array, unit: str) -> tuple[Plot, ...]:
    """Return how the errors spread, and whether they depend on the answer.

    Args:
        actual: the truth, shape (rows,), finite, in the target's unit.
        predicted: the answers, same rows.
        unit: of the target.
    """
    residuals = predicted - actual
    low, middle, high = (float(bound) for bound in np.quantile(residuals, [0.05, 0.5, 0.95]))
    told = f"Nine of ten rows are off by {figure(low)} to {figure(high)}{f' {unit}' * bool(unit)}, the median by {figure(middle)}."
    middles, bands = residual_bands(predicted, residuals)
    widths = bands[:, 4] - bands[:, 0]
    grows = float(np.max(widths) / max(float(np.min(widths)), 1e-12))
    most = int(np.argmax(widths))
    times = f"{figure(grows)} times as wide as where they spread least"
    spread = f"Errors spread most around an answer of {figure(float(middles[most]))}: {times}."
    return (
        Plot("Residuals", f"Histogram of predicted minus actual. {told}", told, residual_bars(residuals, unit=unit)),
        Plot(
            "Residuals by answer",
            f"Bands of the error over the answer: median, middle half, middle nine tenths. {spread}",
            spread,
            residuals_by_answer(predicted, residuals, unit=unit),
        ),
    )


def leaderboard_picture(lines: Sequence[CandidateLine], unit: str) -> Plot | None:
    """Return the candidates side by side; None where fewer than two have a figure."""
    shown = [line for line in lines if line.validation is not None]
    if len(shown) < 2:  # noqa: PLR2004 - nothing to compare
        return None
    metric = shown[0].metric
    values = [line.validation or 0.0 for line in shown]
    spans = [None if line.low is None or line.high is None else (line.low, line.high) for line in shown]
    chosen = next((place for place, line in enumerate(shown) if line.chosen), -1)
    told = ", ".join(f"{line.kind} {figure(line.validation)}" for line in shown)
    better = "higher" if higher_is_better(metric) else "lower"
    label = f"{metric} on validation rows{f' ({unit})' * bool(unit)}, {better} is better"
    picture = leaderboard_bars([line.kind for line in shown], values, spans, chosen, label=label)
    return Plot("Candidates", f"Bars of the {metric} of each candidate: {told}.", f"{label}: {told}.", picture)


def slices_picture(lines: Sequence[SliceLine], overall: float | None, unit: str) -> Plot | None:
    """Return the metric of each slice with its interval; None where there is none to draw."""
    shown = [(line, line.measured) for line in lines if line.measured is not None]
    if not shown or overall is None:
        return None
    metric = shown[0][0].metric
    names = [f"{line.column}: {line.value}" for line, _ in shown]
    spans = [(measured.low, measured.value, measured.high) for _, measured in shown]
    apart = [f"{line.column} {line.value}" for line, _ in shown if line.differs]
    told = f"Surely different from the rest: {', '.join(apart)}." if apart else "No slice surely differs from the rest."
    label = f"{metric}{f' ({unit})' * bool(unit)}"
    figures = ", ".join(f"{name} {figure(value)}" for name, (_, value, _) in zip(names, spans, strict=True))
    return Plot(
        "By slice", f"Dots with intervals of the {metric}: {figures}.", told, interval_dots(names, spans, overall, label=label)
    )


def swarm_picture(names: Sequence[str], values: Array, inputs: Array, *, moved: str) -> tuple[Plot, ...]:
    """Return the cloud of contributions to many answers; nothing where none moved anything.

    Args:
        names: all features.
        values: contributions, shape (rows, features).
        inputs: the features' values, same shape.
        moved: what they move, with its unit.
    """
    strength = np.abs(values).mean(axis=0)
    order = np.argsort(-strength, kind="stable")[:_MOST_CLOUDS]
    if not strength[order[0]]:
        return ()
    told = ", ".join(f"{names[place]} {figure(float(strength[place]))}" for place in order)
    caption = (
        f"Each dot is one of {len(values):,} test rows: how far the feature moved its answer, coloured by the feature's own value. "
        f"Mean distance ({moved}): {told}."
    )
    alt = f"Clouds of dots, one a feature, of how far it moved each answer; mean distances: {told}."
    picture = swarm([names[place] for place in order], values[:, order], inputs[:, order], label=moved)
    return (Plot("What moves its answers (SHAP)", alt, caption, picture),)


def windows_picture(windows: Sequence[WindowLine]) -> Plot | None:
    """Return the severity of the watched windows with the newest alarm line; None where nothing was watched."""
    if not windows:
        return None
    alert = next((line.alert for line in reversed(windows) if line.alert is not None), None)
    alarms = sum(line.alarm for line in windows)
    told = ", ".join(f"{w.label} {'unknown' if w.severity is None else format(w.severity, '.2f')}" for w in windows)
    line = f"; the alarm line is at {alert:g}" if alert is not None else ""
    count = f"{len(windows)} window{'s' * (len(windows) != 1)}, {alarms or 'no'} alarm{'s' * (alarms != 1)}"
    png = severity_bars([window.label for window in windows], [window.severity for window in windows], alert)
    caption = f"{count}. 0 is no change beyond chance, 1 the worst."
    return Plot("Severity of each window", f"Bars of severity by window: {told}{line}.", caption, png)


def _density(actual: Array, predicted: Array, unit: str) -> Plot:
    half, most = np.quantile(np.abs(predicted - actual), [0.5, 0.9])
    said = f"half of the answers are within {_in(unit, half)} of the truth, nine in ten within {_in(unit, most)}"
    alt = (
        f"Density of predicted against actual values over {len(actual):,} test rows, with the diagonal of perfect answers; {said}."
    )
    return Plot(
        "Predicted against actual", alt, f"{said[0].upper()}{said[1:]}.", predicted_against_actual(actual, predicted, unit=unit)
    )


def _overall(metric: str, actual: Array, predicted: Array) -> float:
    from steward.models.metrics import from_mean_loss, row_losses

    return float(from_mean_loss(metric, row_losses(metric, actual, predicted).mean()))


def _words(what: str, groups: ErrorGroups, unit: str, word: str) -> str:
    return f"{what}, with the bias as a second line. {_extremes(groups, unit, word)}"


def _extremes(groups: ErrorGroups, unit: str, word: str) -> str:
    worst, best = groups.worst, groups.best
    rows = f"{groups.rows[worst]:,} row{'s' * (groups.rows[worst] != 1)}"
    return (
        f"Worst: {word}{groups.labels[worst]} with {groups.metric} {_in(unit, groups.error[worst])} ({rows}); "
        f"best: {word}{groups.labels[best]} with {_in(unit, groups.error[best])}."
    )


def _in(unit: str, value: float) -> str:
    return f"{figure(float(value))} {unit}".rstrip()
