"""What does a report on a model hold? Values only; whatever is None or empty is left out of the page."""

from dataclasses import dataclass

from steward.deploy.gate import Verdict
from steward.models.evaluate import Measured

_IN_UNIT = ("rmse", "mae", "bias", "median_absolute_error", "pinball_10", "pinball_90")


@dataclass(frozen=True, slots=True)
class CandidateLine:
    """One line of the leaderboard; the metric in its unit, None where there is none.

    `low` and `high` are the interval of `validation` over folds, `latency_ms` and `megabytes` what the model costs.
    """

    kind: str
    metric: str
    validation: float | None
    chosen: bool
    test: float | None = None
    seconds: float | None = None
    note: str = ""
    low: float | None = None
    high: float | None = None
    latency_ms: float | None = None
    megabytes: float | None = None


@dataclass(frozen=True, slots=True)
class GateTerms:
    """What the gate asked for: the least gain as a share, and how sure it had to be."""

    min_gain: float
    confidence: float


@dataclass(frozen=True, slots=True)
class TestFigure:
    """A metric on the test rows with its 95 % interval, where one was recorded."""

    __test__ = False  # no test, whatever pytest thinks of the name

    name: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class SliceLine:
    """The deciding metric on the test rows of one value of a column, and how far it is from that of all others.

    Each with its 95 % interval; None where there were too few rows, as `note` says.
    """

    column: str
    value: str
    rows: int
    metric: str
    measured: Measured | None
    to_the_rest: Measured | None
    note: str = ""

    @property
    def differs(self) -> bool:
        """Whether the slice surely differs from the rest."""
        apart = self.to_the_rest
        return apart is not None and (apart.low > 0 or apart.high < 0)


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture for those who see it, and the same in words for those who do not."""

    title: str
    alt: str
    caption: str
    png: bytes


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file the rows were read from."""

    period: str
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class FindingLine:
    """What a check found: how many rows, what was done with them, why."""

    action: str
    rows: int
    text: str


@dataclass(frozen=True, slots=True)
class DataFacts:
    """Which rows the model comes from; `counts` are rows by what they were used for, `left_out` feature and reason."""

    sources: tuple[SourceFile, ...]
    counts: tuple[tuple[str, int], ...]
    quarantined: int | None
    findings: tuple[FindingLine, ...] | None
    features: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class WindowLine:
    """The verdict on one watched window; `severity` is None where there was too little to tell."""

    label: str
    severity: float | None
    alarm: bool
    status: str
    text: str
    alert: float | None
    watched_at: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Who is champion, since when (ISO 8601), and whether the reported version ever was."""

    champion: int | None
    since: str | None
    was_champion: bool


@dataclass(frozen=True, slots=True)
class ModelReport:
    """Everything on one page about one version."""

    model: str
    number: int
    title: str
    target: str
    unit: str
    metric: str
    origin: str | None
    tested_on: tuple[str, ...]
    written_at: str
    standing: Standing
    leaderboard: tuple[CandidateLine, ...]
    gate: Verdict | None
    terms: GateTerms | None
    figures: tuple[TestFigure, ...]
    replayed: str
    plots: tuple[Plot, ...]
    data: DataFacts | None
    windows: tuple[WindowLine, ...]
    windows_plot: Plot | None
    provenance: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    classes: tuple[str, ...] = ()
    leaderboard_plot: Plot | None = None
    slices: tuple[SliceLine, ...] = ()
    slices_plot: Plot | None = None

    @property
    def simulated(self) -> bool:
        """Whether the rows were made up."""
        return self.origin == "simulated"

    def figure(self, name: str) -> TestFigure | None:
        """Return one test figure by its name."""
        return next((figure for figure in self.figures if figure.name == name), None)

    def unit_of(self, name: str) -> str:
        """Return the unit of a metric: the target's, except for shares and for whatever judges classes."""
        return self.unit if name in _IN_UNIT else ""
