"""How does one version of a model look on one page that needs nothing else - no network, no script, no server?"""

from base64 import b64encode
from datetime import UTC, datetime
from functools import cache
from math import isfinite

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from steward.core.tasks import higher_is_better
from steward.reporting.contents import ModelReport, Standing, TestFigure

_MEANINGS = {
    "rmse": "root of the mean squared error; large errors weigh more",
    "mae": "mean distance between predicted and actual",
    "bias": "mean of predicted minus actual; below 0 it predicts too little",
    "r2": "share of the variance explained: 1 is perfect, 0 no better than the mean",
    "average_precision": "how pure the highest ranked rows are: 1 is perfect, the share of positives no better than chance",
    "roc_auc": "chance that a row of a class is ranked above one of another: 1 is perfect, 0.5 no better than a coin",
    "log_loss": "minus the mean logarithm of the true class's probability: 0 is perfect, sure mistakes weigh most",
    "brier": "mean squared distance of the probability from what happened: 0 is perfect",
    "accuracy": "share of rows whose most likely class is the true one",
    "f1": "harmonic mean of precision and recall",
    "precision": "of the rows answered as positive, the share that is",
    "recall": "of the positive rows, the share that is answered so",
    "macro_f1": "F1 of each class, averaged: a rare class counts as much as a common one",
}
_ORIGINS = {
    "folder": "real rows, from files in a folder",
    "url": "real rows, fetched from the publisher",
    "simulated": "SIMULATED rows",
}
_BIG = 1000


def render_model_report(report: ModelReport) -> str:
    """Return the page as HTML text; every value in it is escaped, sections without facts are not there."""
    return _template().render(report=report, answer=answer(report), origin=_ORIGINS.get(report.origin or "", report.origin))


def answer(report: ModelReport) -> str:
    """Return the one sentence a reader needs if it is all they read."""
    parts = [
        f"{report.model} v{report.number} predicts {report.target}{_how_well(report)}",
        _standing(report.number, report.standing),
    ]
    if report.simulated:
        parts.append("but ALL ITS DATA WAS SIMULATED: no figure here is about the world")
    elif report.origin is None:
        parts.append("where its rows came from was not recorded")
    else:
        parts.append(f"learned and tested on {_ORIGINS.get(report.origin, report.origin)}")
    return "; ".join(parts) + "."


def figure(value: float | None) -> str:
    """Return a measured value with four digits, whole from a thousand on; a dash where there is none.

    >>> [figure(value) for value in (5.148693, 0.71, 12345.6, None)]
    ['5.149', '0.7100', '12,346', '-']
    """
    if value is None or not isfinite(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= _BIG else f"{value:#.4g}".rstrip(".")


def moment(text: str) -> str:
    """Return an ISO time as people read it, in UTC; anything else as it is.

    >>> moment("2026-11-21T06:02:06.466472+00:00")
    '2026-11-21 06:02 UTC'
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if at.tzinfo else at.strftime("%Y-%m-%d %H:%M")


def _how_well(report: ModelReport) -> str:
    absolute, deciding = report.figure("mae"), report.figure(report.metric)
    right = report.figure("accuracy")
    said = [f"off by {_with_unit(report, absolute)} on average"] if absolute else []
    said += [f"right in {right.value:.1%} of cases"] if right else []
    if deciding and deciding not in (absolute, right):
        bounds = f" [{figure(deciding.low)}, {figure(deciding.high)}]" if deciding.low is not None else ""
        said.append(f"{deciding.name} {_with_unit(report, deciding)}{bounds}")
    tested = dict(report.data.counts).get("test") if report.data else None
    rows = f" on {tested:,} test rows" if tested else " on test rows"
    months = f" of {', '.join(report.tested_on)}" if report.tested_on else ""
    return f", {', '.join(said)}{rows}{months}" if said else ""


def _with_unit(report: ModelReport, measured: TestFigure) -> str:
    return f"{figure(measured.value)} {report.unit_of(measured.name)}".rstrip()


def _standing(number: int, standing: Standing) -> str:
    if standing.champion == number:
        return f"champion since {moment(standing.since)}" if standing.since else "champion now"
    before = "it was champion before" if standing.was_champion else "it never was champion"
    return f"NOT the champion ({before}; v{standing.champion} is now)" if standing.champion else f"NOT the champion ({before})"


def _share(value: float) -> str:
    return f"{value:.1%}"


def _count(value: int) -> str:
    return f"{value:,}"


def _inline(png: bytes) -> str:
    return f"data:image/png;base64,{b64encode(png).decode()}"


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("steward.reporting"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"figure": figure, "moment": moment, "share": _share, "count": _count, "inline": _inline}
    environment.globals["meanings"] = _MEANINGS
    environment.tests["higher"] = higher_is_better
    return environment.get_template("model_report.html.j2")
