"""Did rows stop coming, or come much fewer, and did one client ask for all the others?

Rows came fewer where a window holds less than any quiet window of its length, and less than their spread explains; the feed has
stopped where it holds hardly any, a tenth of the least of them. Half the rows are told but weigh little: it may be a holiday.
A fifth of them is an alarm: sources were lost, or the world changed, and no model tells which.
"""

from collections.abc import Sequence
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
_MAD_TO_DEVIATION = 1.4826


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
    """Return which rows count, and the fault of one client that floods a window.

    Args:
        callers: who asked for each row; null where that is not known, and such rows always count.
        share: of the rows that count, one client's may be at most so many, in (0, 1).
        fewest: but so many rows of its rows always count, for there may be hardly anybody else.

    Returns:
        A mask of the same length; of a client above the share, rows are kept evenly over the window. The fault has no
        severity: what flooded the window no longer does. None where fewer than three clients ask.
    """
    counts = callers.drop_nulls().value_counts(sort=True)
    everything = pl.repeat(True, len(callers), eager=True)
    if counts.height < FEWEST_CLIENTS:
        return everything, None
    name, rows = counts.row(0)
    others = len(callers) - rows
    kept = max(fewest, int(others * share / (1 - share)))
    if rows <= kept:
        return everything, None
    places = (callers == name).fill_null(value=False).arg_true()
    order = np.arange(rows, dtype=np.int64)
    dropped = places.filter(pl.Series((order + 1) * kept // rows == order * kept // rows))
    text = f"one client asked for {rows / len(callers):.0%} of the rows; {kept:,} of its {rows:,} count"
    return everything.scatter(dropped, False), DataFault("one client", None, rows / len(callers), 0.0, text)
