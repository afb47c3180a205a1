"""How do the runs of a project look on one page, and several of them side by side?"""

from collections.abc import Sequence

from steward.core.tasks import higher_is_better
from steward.reporting.contents import TestFigure
from steward.reporting.experiment_contents import Comparison, ExperimentLine, ExperimentsPage
from steward.reporting.page import figure, page_template


def render_experiments(page: ExperimentsPage) -> str:
    """Return the page of all runs as HTML text."""
    return page_template("experiments.html.j2").render(page=page, answer=answer(page), simulated=_simulated(page.lines))


def render_comparison(compared: Comparison) -> str:
    """Return the page of several runs side by side as HTML text."""
    return page_template("experiment_comparison.html.j2").render(
        compared=compared, answer=comparison_answer(compared), simulated=_simulated(compared.lines)
    )


def answer(page: ExperimentsPage) -> str:
    """Return the one sentence about the runs of a project."""
    trained = [line for line in page.lines if line.figure]
    failed = sum(line.status == "failed" for line in page.lines)
    champion = next((line for line in trained if line.champion), None)
    said = [f"{len(page.lines)} run{'s' * (len(page.lines) != 1)} of {page.project}{f', {failed} failed' if failed else ''}"]
    if champion is not None:
        said.append(f"{champion.name} ({champion.chosen}) is champion with {told(champion.figure, champion.unit)}")
    else:
        said.append("none of them made the champion")
    return f"{'; '.join(said)}."


def comparison_answer(compared: Comparison) -> str:
    """Return the one sentence about several runs: which is better by the first one's metric, and whether that can be told."""
    first, *others = compared.lines
    return " ".join(_against(first, other, compared) for other in others)


def told(found: TestFigure | None, unit: str) -> str:
    """Return a figure with name, unit and interval."""
    if found is None:
        return "no figure"
    bounds = f" [{figure(found.low)}, {figure(found.high)}]" if found.low is not None else ""
    return f"{found.name} {figure(found.value)}{f' {unit}' if unit else ''}{bounds}"


def _against(first: ExperimentLine, other: ExperimentLine, compared: Comparison) -> str:
    one, two = first.figure, other.figure
    if one is None or two is None or one.name != two.name:
        return f"{other.name} and {first.name} were not measured by the same metric."
    if not compared.same_rows:
        return f"{other.name} and {first.name} were judged on different rows: the difference of their {one.name} says little."
    if one.value == two.value:
        return f"{other.name} reaches the same {one.name} as {first.name}: {told(one, first.unit)}."
    better = "better" if (two.value > one.value) == higher_is_better(one.name) else "worse"
    both = f"{figure(two.value)} and {figure(one.value)}"
    return f"{other.name} has a {better} {one.name} than {first.name} ({both}) on the same rows{_how_sure(one, two)}."


def _how_sure(one: TestFigure, two: TestFigure) -> str:
    bounds = [bound for found in (one, two) for bound in (found.low, found.high)]
    if None in bounds:
        return ""
    low_1, high_1, low_2, high_2 = (bound or 0.0 for bound in bounds)
    if max(low_1, low_2) <= min(high_1, high_2):
        return ", with intervals that overlap: only the gate, which compares row by row, can tell"
    return ", with intervals that do not overlap"


def _simulated(lines: Sequence[ExperimentLine]) -> bool:
    return any(line.origin == "simulated" for line in lines)
