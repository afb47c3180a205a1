"""What does the page hold that answers "should I retrain today"? Values only."""

from dataclasses import dataclass
from typing import Literal

from steward.monitoring.watch import WindowVerdict
from steward.project.spec import PolicySpec
from steward.reporting.contents import WindowLine

Word = Literal["yes", "yes, if you approve", "no", "not yet", "no: mend the data first", "not known"]


@dataclass(frozen=True, slots=True)
class Advice:
    """The answer in a word, why in a sentence or two, and what was done about it already (empty where nothing was)."""

    word: Word
    because: str
    done: str = ""

    @property
    def level(self) -> Literal["good", "bad", "odd"]:
        """How it looks: nothing to do, something to do, or nothing that can be said."""
        if self.word == "no":
            return "good"
        return "odd" if self.word in {"not known", "not yet"} else "bad"


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """The error of one window, in the metric's own unit; None where it is not known.

    `realised` is from known outcomes; `estimate` with its 95 % interval is from before, and drawn as it was said then.
    """

    label: str
    realised: float | None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Age:
    """When the window ended (ISO 8601), and how many days before the page was written; `old` where a newer one should be there."""

    ended: str
    days: float
    old: bool


@dataclass(frozen=True, slots=True)
class WatchReport:
    """Everything on one page about the newest watched window of a model.

    `version` judged the window and `champion` answers now. `verdict` is None where an older Steward stored it in a form that
    cannot be read any more. `history` and `errors` are in the order of time. `following` is the command that makes most sense
    now, `following_note` when or why.
    """

    model: str
    title: str
    unit: str
    version: int
    champion: int | None
    origin: str | None
    written_at: str
    window: WindowLine
    verdict: WindowVerdict | None
    advice: Advice
    policy: PolicySpec
    history: tuple[WindowLine, ...]
    errors: tuple[ErrorLine, ...]
    age: Age | None
    following: str
    following_note: str = ""

    @property
    def simulated(self) -> bool:
        """Whether the rows were made up."""
        return self.origin == "simulated"
