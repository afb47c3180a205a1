"""What is a trial of some settings, where are trials remembered, and how long did they take together?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from steward.project.tuning import Setting

TrialState = Literal["running", "done", "pruned", "failed"]

FREE = ""
"""The owner of a trial whose process gave it back: whoever comes next goes on with it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Some settings of a candidate, tried once.

    `number` counts from 0, the declared settings; `attempt` counts processes that died over it, from 1. `steps` are losses
    that were reported on the way, lower is better; `value` is the metric, `began_s` seconds since 1970.
    """

    number: int
    settings: Mapping[str, Setting]
    state: TrialState
    owner: str
    began_s: float
    attempt: int = 1
    beat: int = 0
    seconds: float = 0.0
    value: float | None = None
    steps: tuple[tuple[int, float], ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What a study is about, for people who look into the database; `asked` is a JSON object."""

    key: str
    project: str
    candidate: str
    metric: str
    asked: Mapping[str, Any]


class StudyStore(Protocol):
    """Where trials are remembered, shared by all processes that work on a study: the database, or memory in tests."""

    def remember(self, facts: StudyFacts) -> None:
        """Remember what a study is about; twice changes nothing."""
        ...

    def trials(self, study: str) -> Sequence[Trial]:
        """Return the trials of a study in the order of their numbers; none where nobody has begun."""
        ...

    def begin(self, study: str, trial: Trial) -> bool:
        """Remember a new trial; False where its number is taken already."""
        ...

    def swap(self, study: str, before: Trial, after: Trial) -> bool:
        """Replace a running trial; False where it is not running any more, or not as this owner's attempt."""
        ...


class Pruned(Exception):  # noqa: N818 - no error: what was reported so far says that going on is not worth it
    """A trial need not go on."""


def spent_s(trials: Sequence[Trial], now_s: float) -> float:
    """Return for how many seconds at least one trial was under way; those that run now run until `now_s`.

    >>> at = [Trial(0, {}, "done", "", 100, seconds=10), Trial(1, {}, "done", "", 105, seconds=10)]
    >>> spent_s(at, 200)
    15.0
    """
    spans = sorted((trial.began_s, now_s if trial.state == "running" else trial.began_s + trial.seconds) for trial in trials)
    total, until = 0.0, float("-inf")
    for start, end in spans:
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def best_trial(trials: Sequence[Trial], *, higher_is_better: bool) -> Trial | None:
    """Return the best finished trial, the earliest of equals; None where none finished."""
    sign = -1.0 if higher_is_better else 1.0
    done = [(sign * trial.value, trial.number, trial) for trial in trials if trial.state == "done" and trial.value is not None]
    return min(done, key=lambda one: one[:2])[2] if done else None
