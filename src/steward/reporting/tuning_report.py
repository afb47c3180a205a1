"""How did the search for better settings go, on one page that needs nothing else?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from steward.models.tune_trials import Trial
from steward.project.tuning import Choice, Range, Setting
from steward.reporting.contents import Plot
from steward.reporting.page import ORIGINS, figure, page_template
from steward.reporting.plots import importance_bars
from steward.reporting.tuning_plots import history_dots, slice_bars, slice_dots


@dataclass(frozen=True, slots=True)
class TunedCandidate:
    """One candidate's search; `unit` is the metric's, `importance` shares of 1, `snippet` what to write into the project file."""

    name: str
    metric: str
    unit: str
    higher_is_better: bool
    best: Trial
    trials: tuple[Trial, ...]
    axes: Mapping[str, Range | Choice]
    importance: Mapping[str, float]
    snippet: str

    @property
    def declared(self) -> float | None:
        """What the declared settings reached; None where they failed."""
        return self.trials[0].value

    def count(self, state: str) -> int:
        """Return how many trials ended so."""
        return sum(trial.state == state for trial in self.trials)

    def rows(self) -> tuple[Trial, ...]:
        """Return the finished trials, the best first."""
        sign = -1.0 if self.higher_is_better else 1.0
        done = [trial for trial in self.trials if trial.value is not None]
        return tuple(sorted(done, key=lambda trial: (sign * (trial.value or 0.0), trial.number)))


@dataclass(frozen=True, slots=True)
class TuningReport:
    """All searches of one command."""

    project: str
    title: str
    origin: str | None
    written_at: str
    candidates: tuple[TunedCandidate, ...]


def render_tuning_report(report: TuningReport) -> str:
    """Return the page as HTML text; every value in it is escaped."""
    pictures = {one.name: tuning_pictures(one) for one in report.candidates}
    origin = ORIGINS.get(report.origin or "", report.origin)
    template = page_template("tuning_report.html.j2")
    return template.render(report=report, pictures=pictures, origin=origin, answer=answer, setting=setting)


def answer(one: TunedCandidate) -> str:
    """Return what came of a search in a sentence."""
    best, declared = one.best.value, one.declared
    reached = f"{one.metric} {figure(best)} {one.unit}".rstrip()
    tried = f"{len(one.trials)} trials" if len(one.trials) > 1 else "1 trial"
    if declared is None:
        return f"{one.name}: {reached} at trial {one.best.number + 1} of {tried}; the declared settings failed."
    if one.best.number == 0:
        return f"{one.name}: none of {tried} is better than the declared settings, which reach {reached}."
    gain = abs((best or 0.0) - declared)
    share = f", {gain / abs(declared):.1%} better" if declared else ""
    return (
        f"{one.name}: {reached} at trial {one.best.number + 1} of {tried}; the declared settings reach {figure(declared)}{share}."
    )


def setting(value: Setting) -> str:
    """Return a setting as people read it.

    >>> setting(0.031415926)
    '0.03142'
    """
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def tuning_pictures(one: TunedCandidate) -> tuple[Plot, ...]:
    """Return the pictures of a search: how it went on, what matters, and a slice for each parameter, the weightiest first."""
    done = [trial for trial in one.trials if trial.value is not None]
    if not done:
        return ()
    label = f"{one.metric} ({one.unit})" if one.unit else one.metric
    order = [*one.importance, *(name for name in one.axes if name not in one.importance)]
    slices = [picture for name in order if (picture := _slice(one, name, done, label)) is not None]
    return (_history(one, done, label), *_importance(one), *slices)


def _history(one: TunedCandidate, done: Sequence[Trial], label: str) -> Plot:
    values = [trial.value or 0.0 for trial in done]
    best = list(accumulate(values, max if one.higher_is_better else min))
    stopped = [trial.number + 1 for trial in one.trials if trial.state in ("pruned", "failed")]
    counts = f"{len(done)} finished, {one.count('pruned')} stopped early, {one.count('failed')} failed"
    said = f"{counts}; best at trial {one.best.number + 1}."
    png = history_dots([trial.number + 1 for trial in done], values, best, stopped, label=label)
    return Plot("How the search went on", f"The {one.metric} of each trial and the best so far. {said}", said, png)


def _importance(one: TunedCandidate) -> tuple[Plot, ...]:
    if not one.importance:
        return ()
    told = ", ".join(f"{name} {share:.0%}" for name, share in one.importance.items())
    caption = "How much of the differences between trials each parameter explains (functional ANOVA)."
    png = importance_bars(list(one.importance), list(one.importance.values()))
    return (Plot("Which parameters matter", f"Bars of importance: {told}.", caption, png),)


def _place(value: Setting, axis: Range) -> float:
    """Return where a setting stands on its axis; no penalty, or no bound, has no place on it and stands at its beginning."""
    placed = float(value) if isinstance(value, int | float) else axis.low
    return axis.low if axis.log and placed <= 0 else placed


def _slice(one: TunedCandidate, name: str, done: Sequence[Trial], label: str) -> Plot | None:
    axis, values = one.axes[name], [trial.value or 0.0 for trial in done]
    caption = f"Best with {name} {setting(one.best.settings[name])}."
    alt = f"What each trial with another {name} reached. {caption}"
    if isinstance(axis, Choice):
        choices = [setting(choice) for choice in axis.among]
        placed = [
            (choices.index(text), value)
            for trial, value in zip(done, values, strict=True)
            if (text := setting(trial.settings[name])) in choices
        ]
        if len(choices) == 1 or not placed:
            return None
        png = slice_bars(name, choices, [place for place, _ in placed], [value for _, value in placed], label=label)
        return Plot(name, alt, caption, png)
    settings = [_place(trial.settings[name], axis) for trial in done]
    best = next(place for place, trial in enumerate(done) if trial.number == one.best.number)
    return Plot(name, alt, caption, slice_dots(name, settings, values, best, log=axis.log, label=label))
