"""Did rows stop coming, or come much fewer, and did a client or two ask for all the others?

Rows came fewer where a window holds less than any quiet window of its length, and less than their spread explains; the feed has
stopped where it holds hardly any, a tenth of the least of them. Half the rows are told but weigh little: it may be a holiday.
A fifth of them is an alarm: sources were lost, or the world changed, and no model tells which.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import dropwhile
from math import exp, log, sqrt
from statistics import NormalDist, median

import numpy as np
import polars as pl

from steward.monitoring.faults import DataFault

FEWEST_WINDOWS = 8
"""With fewer quiet windows nobody knows how many rows are usual."""

FEWEST_CLIENTS = 3
"""With fewer clients none of them stands out."""

_STOPPED = 0.1
_WEEKS = 16  # of the same hour of the week: what was usual a year ago is so no more
_MAD_TO_DEVIATION = 1.4826


def alike(quiet: Mapping[datetime, int], start: datetime) -> list[int]:
    """Return the rows of the quiet windows that tell what is usual in one, the oldest first.

    Those of the same hour of the week, the last 16, where at least 8 are known: so one that rests on Sundays is judged on
    Mondays. Else those of the same hour of the day.

    Args:
        quiet: rows of quiet windows of the same length, by their start.
        start: of the window, on the same clock; only windows before it count.
    """
    before = sorted((at, rows) for at, rows in quiet.items() if at < start and at.hour == start.hour)
    same = [rows for at, rows in before if at.weekday() == start.weekday()]
    return same[-_WEEKS:] if len(same) >= FEWEST_WINDOWS else [rows for _, rows in before]


def judge_feed(rows: int, quiet: Sequence[int], *, chance: float) -> DataFault | None:
    """Return the fault of a feed that stopped or lost rows; None where it did not, or where too little is known to tell.

    Args:
        rows: of the window.
        quiet: rows of earlier windows of the same length (and, where nights are quiet, of the same hours), oldest first, at
            least 8; where one of them had none, none are nothing strange.
        chance: probability, in (0, 1), that a usual window is said to have lost rows; its logarithm is taken as normal with
            the deviation that quiet ones show, and no count is surer than a Poisson one.

    Returns:
        The share of the usual rows that did not come, and its square as severity: 0.5 once 71 % of them are missing.

    >>> judge_feed(0, [90, 110, 100, 95, 105, 98, 102, 100], chance=0.001).severity
    1.0
    """
    quiet = list(dropwhile(lambda held: held < 1, quiet))  # before the first row came nothing was fed
    if len(quiet) < FEWEST_WINDOWS or min(quiet) < 1:
        return None
    from scipy.stats import poisson

    logs = [log(count) for count in quiet]
    middle = median(logs)
    deviation = max(_MAD_TO_DEVIATION * median(abs(one - middle) for one in logs), 1 / sqrt(exp(middle)))
    expected = exp(middle + NormalDist().inv_cdf(chance) * deviation)
    if rows >= min(quiet) or rows >= expected or float(poisson.cdf(rows, exp(middle))) > chance:
        return None
    share = 1 - rows / exp(middle)
    if rows <= _STOPPED * min(quiet):
        return DataFault("stopped", None, share, share**2, f"the feed stopped: {rows:,} rows came, {exp(middle):,.0f} are usual")
    text = f"only {rows:,} rows came, {exp(middle):,.0f} are usual: a source was lost, or the world changed"
    return DataFault("fewer", None, share, share**2, text)


def cap_clients(callers: pl.Series, *, share: float, fewest: int) -> tuple[pl.Series, DataFault | None]:
    """Return which rows count, and the fault of the clients that flood a window.

    Args:
        callers: who asked for each row; null where that is not known, and such rows always count.
        share: who asked for more than this share of the rows floods the window; each such client counts for so much at most of
            the rows that are left, in (0, 1).
        fewest: but so many rows of its rows always count, for there may be hardly anybody else.

    Returns:
        A mask of the same length; of a client above the share, rows are kept evenly over the window. The fault has no
        severity: what flooded the window no longer does. None where fewer than three clients ask, or all of them so much.
    """
    counts = callers.drop_nulls().value_counts(sort=True)
    everything = pl.repeat(True, len(callers), eager=True)
    above = [(name, rows) for name, rows in counts.rows() if rows > share * len(callers)]
    others = len(callers) - sum(rows for _, rows in above)
    if counts.height < FEWEST_CLIENTS or not others:
        return everything, None
    # Where n of them are left with x rows each, x = share * (n * x + others); n * share < 1, for each had more than its share.
    kept = max(fewest, int(others * share / (1 - len(above) * share)))
    flooding = [(name, rows) for name, rows in above if rows > kept]
    if not flooding:
        return everything, None
    dropped = pl.concat([_beyond(callers, name, kept) for name, _ in flooding])
    asked = sum(rows for _, rows in flooding)
    one = f"one client asked for {asked / len(callers):.0%} of the rows; {kept:,} of its {asked:,} count"
    more = f"{len(flooding)} clients asked for {asked / len(callers):.0%} of the rows; {kept:,} of the rows of each count"
    text = one if len(flooding) == 1 else more
    return everything.scatter(dropped, False), DataFault("one client", None, asked / len(callers), 0.0, text)


def _beyond(callers: pl.Series, name: str, kept: int) -> pl.Series:
    """Return the places of a client's rows that do not count, evenly over the window."""
    places = (callers == name).fill_null(value=False).arg_true()
    order = np.arange(len(places), dtype=np.int64)
    return places.filter(pl.Series((order + 1) * kept // len(places) == order * kept // len(places)))
