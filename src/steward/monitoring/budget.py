"""How likely may a false alarm be in one window, so that the project's budget of them holds?

The expected number of false alarms is at most the number of windows times the chance of one in each, however the windows
depend on each other (Boole's inequality; Bonferroni 1936). So the budget is shared out evenly over the windows of its time.
"""

from collections.abc import Mapping
from datetime import timedelta

from steward.project.spec import FalseAlarms, WatchSpec

_MONTH = timedelta(days=365.25 / 12)

SPANS: Mapping[str, timedelta] = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "1d": timedelta(days=1),
    "1w": timedelta(weeks=1),
    "1mo": _MONTH,
}
"""How long a window is, by what `watch.every` calls it."""

_TIMES: Mapping[str, timedelta] = {"month": _MONTH, "quarter": 3 * _MONTH, "year": 12 * _MONTH}
_MOST = 0.5


def chance_per_window(watch: WatchSpec) -> float:
    """Return the chance, in (0, 0.5], that any column may be called moved in a window in which nothing moved.

    >>> round(1 / chance_per_window(WatchSpec(budget=FalseAlarms(false_alarms=1, per="quarter"), every="1d")), 1)
    91.3
    """
    if not isinstance(watch.budget, FalseAlarms):
        return min(watch.budget, _MOST)
    assert watch.every is not None, "the project file is refused without it"
    windows = _TIMES[watch.budget.per] / SPANS[watch.every]
    return min(watch.budget.false_alarms / windows, _MOST)
