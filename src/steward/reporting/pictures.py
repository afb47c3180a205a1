"""What does each picture of a report show, in words as well as in lines?"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.reporting.contents import Plot, WindowLine
from steward.reporting.error_by_time import ErrorGroups, error_by_hour, error_over_time
from steward.reporting.explain_plots import swarm
from steward.reporting.page import figure
from steward.reporting.plots import (
    error_by_hour_bars,
    error_over_time_line,
    importance_bars,
    predicted_against_actual,
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
