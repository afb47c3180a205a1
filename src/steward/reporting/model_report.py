"""How does one version of a model look on one page that needs nothing else - no network, no script, no server?"""

from steward.core.tasks import higher_is_better
from steward.reporting.contents import ModelReport, Standing, TestFigure
from steward.reporting.page import ORIGINS, figure, moment, page_template

_MEANINGS = {
    "rmse": "root of the mean squared error; large errors weigh more",
    "mae": "mean distance between predicted and actual",
    "bias": "mean of predicted minus actual; below 0 it predicts too little",
    "rmsle": "root of the mean squared error of logarithms: a tenth too much weighs the same on a short and a long one",
    "median_absolute_error": "half of the rows are nearer to the truth than this",
    "mape": "mean distance as a share of the true value; left out where a true value is 0",
    "pinball_10": "loss of answers meant as the lowest tenth: what is too high weighs nine times what is too low",
    "pinball_90": "loss of answers meant as the highest tenth: what is too low weighs nine times what is too high",
    "r2": "share of the variance explained: 1 is perfect, 0 no better than the mean",
    "average_precision": "how pure the highest ranked rows are: 1 is perfect, the share of positives no better than chance",
    "roc_auc": "chance that a row of a class is ranked above one of another: 1 is perfect, 0.5 no better than a coin",
    "log_loss": "minus the mean logarithm of the true class's probability: 0 is perfect, sure mistakes weigh most",
    "brier": "mean squared distance of the probability from what happened: 0 is perfect",
    "calibration_error": "mean distance between the probability that was said and how often it came true",
    "balanced_accuracy": "share of each class that is answered rightly, averaged",
    "macro_precision": "precision of each class, averaged",
    "macro_recall": "recall of each class, averaged",
    "accuracy": "share of rows whose most likely class is the true one",
    "f1": "harmonic mean of precision and recall",
    "precision": "of the rows answered as positive, the share that is",
    "recall": "of the positive rows, the share that is answered so",
    "macro_f1": "F1 of each class, averaged: a rare class counts as much as a common one",
}


def render_model_report(report: ModelReport) -> str:
    """Return the page as HTML text; every value in it is escaped, sections without facts are not there."""
    origin = ORIGINS.get(report.origin or "", report.origin)
    return page_template("model_report.html.j2").render(
        report=report, answer=answer(report), origin=origin, meanings=_MEANINGS, won=who_won(report)
    )


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
        parts.append(f"learned and tested on {ORIGINS.get(report.origin, report.origin)}")
    return "; ".join(parts) + "."


def who_won(report: ModelReport) -> str:
    """Return which candidate won, against whom and by how much, in a sentence; empty where there was nobody to win against."""
    winner = next((line for line in report.leaderboard if line.chosen), None)
    others = [line for line in report.leaderboard if not line.chosen and line.validation is not None]
    if winner is None or winner.validation is None or not others:
        return ""
    higher = higher_is_better(winner.metric)
    next_one = (max if higher else min)(others, key=lambda line: line.validation or 0.0)
    own, other = winner.validation, next_one.validation or 0.0
    gap = own - other if higher else other - own
    unit = f" {report.unit_of(winner.metric)}".rstrip()
    if gap < 0:
        has = f"{next_one.kind} has {winner.metric} {figure(other)} against {figure(own)}{unit}"
        return f"{winner.kind} was taken: {has}, and is not surely better."
    part = f" ({gap / abs(other):.1%} {'higher' if higher else 'lower'})" if other else ""
    sure = {"surely": f", which is {next_one.note}", "cannot": "; which is better cannot be told for sure"}.get(
        next_one.note.partition(" ")[0], ""
    )
    against = f"{figure(other)}{unit} of {next_one.kind}, the next one{part}{sure}"
    return f"{winner.kind} won: {winner.metric} {figure(own)}{unit} against {against}."


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
