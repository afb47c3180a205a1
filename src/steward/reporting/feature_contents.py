"""What does the page about features hold, and what is its answer in a sentence? Values only."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from steward.features.alone import SUSPICIOUS, Alone
from steward.features.dictionary import FeatureEntry
from steward.features.relation import Level
from steward.features.statistics import Associations
from steward.quality.figures import ColumnFigures

_TOP = 5
_ALIKE = 0.95
_STRONGEST = 15
_NO_AUC, _NO_R2 = 0.55, 0.01


@dataclass(frozen=True, slots=True)
class Importance:
    """How much a feature tells of the target: its share of a small forest's gain, alone, and in nats.

    `shadow` is what the same column gains when it is shuffled.
    """

    gain: float
    shadow: float
    alone: Alone
    information: float | None

    @property
    def by_chance(self) -> bool:
        """Whether it tells nothing that a shuffled column would not, neither with the others nor alone."""
        nothing = _NO_AUC if self.alone.metric == "auc" else _NO_R2
        return self.gain <= self.shadow and (self.alone.value is None or self.alone.value < nothing)


@dataclass(frozen=True, slots=True)
class FeatureLine:
    """One feature: what it is, its figures, how much it tells, and the target where it is low and high."""

    entry: FeatureEntry
    figures: ColumnFigures
    importance: Importance
    relation: tuple[Level, ...]
    to_target: float | None
    measure: str


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What the leak guard found: in words, how to mend it, and why it may pass (empty: it may not)."""

    code: str
    what: str
    fix: str
    because: str


@dataclass(frozen=True, slots=True, eq=False)
class FeatureContents:
    """Everything about the features of one run.

    `lines` stand in the order of importance. `rows` are the training and validation rows that the figures are about; test rows
    are not looked at. `commands` make the page again, `following` is the next one.
    """

    project: str
    title: str
    target: str
    unit: str
    task: str
    classes: tuple[str, ...]
    about: str
    run: str
    origin: str
    snapshot: str
    rows: Mapping[str, int]
    drawn: Mapping[str, int]
    lines: tuple[FeatureLine, ...]
    pairs: Associations
    left_out: tuple[str, ...]
    suspicions: tuple[Suspicion, ...]
    commands: tuple[str, ...]
    following: str

    @property
    def simulated(self) -> bool:
        """Whether the rows were made up."""
        return self.origin == "simulated"

    @property
    def names(self) -> tuple[str, ...]:
        """The features, most important first."""
        return tuple(line.entry.name for line in self.lines)

    @property
    def refused(self) -> tuple[Suspicion, ...]:
        """The suspicions for which training would be refused."""
        return tuple(one for one in self.suspicions if not one.because)

    @property
    def strongest(self) -> tuple[tuple[str, str, float], ...]:
        """The pairs of features that go together most."""
        return self.pairs.strongest(_STRONGEST, among=self.names)


def answer(contents: FeatureContents) -> str:
    """Return the one sentence a reader needs if it is all they read."""
    first = contents.lines[0]
    rows, gain = sum(contents.rows.values()), f"{first.importance.gain:.0%} of what a small forest gains"
    parts = [f"{len(contents.lines)} features of {rows:,} rows; {first.entry.name} tells most of {contents.target} ({gain})"]
    weak = [line.entry.name for line in contents.lines if line.importance.by_chance]
    if weak:
        parts.append(f"{', '.join(weak)} tell{'s' * (len(weak) == 1)} no more than chance")
    alike = [pair for pair in contents.strongest if abs(pair[2]) >= _ALIKE]
    if alike:
        a, b, value = alike[0]
        parts.append(f"{a} and {b} say nearly the same ({value:.2f})")
    if contents.refused:
        parts.append(f"TRAINING WILL BE REFUSED: {contents.refused[0].what}")
    if contents.simulated:
        parts.append("but ALL OF IT IS SIMULATED: nothing here is about the world")
    return "; ".join(parts) + "."


def top(contents: FeatureContents) -> tuple[dict[str, Any], ...]:
    """Return the five most important features with their scores, as JSON objects."""
    return tuple({"name": line.entry.name, **_importance(line)} for line in contents.lines[:_TOP])


def as_json(contents: FeatureContents) -> dict[str, Any]:
    """Return the feature dictionary as a JSON object, features in order of importance."""
    return {
        **{key: getattr(contents, key) for key in ("project", "target", "unit", "task", "about", "run", "origin", "snapshot")},
        "classes": list(contents.classes),
        "rows": dict(contents.rows),
        "drawn": dict(contents.drawn),
        "features": [_feature(line) for line in contents.lines],
        "left_out": list(contents.left_out),
        "correlations": _correlations(contents),
        "strongest_pairs": [
            {"columns": [a, b], "measure": contents.pairs.measure(a, b), "value": value} for a, b, value in contents.strongest
        ],
        "suspicions": [asdict(one) for one in contents.suspicions],
        "too_good_alone": SUSPICIOUS,
    }


def _correlations(contents: FeatureContents) -> dict[str, Any]:
    names = contents.pairs.names
    values = [[contents.pairs.of(one, other) for other in names] for one in names]
    codes = sorted(contents.pairs.codes)
    return {"names": list(names), "values": values, "codes": codes, "measures": "Cramér's V with codes, else Spearman"}


def _feature(line: FeatureLine) -> dict[str, Any]:
    figures = asdict(line.figures)
    kept = {key: figures[key] for key in ("cells", "number", "bars", "values", "first", "last")}
    return {
        **asdict(line.entry),
        "fitted": line.entry.fitted or None,
        "null_share": line.figures.cells.null_share,
        "statistics": kept,
        "importance": _importance(line),
        "target": {"measure": line.measure, "value": line.to_target, "levels": [asdict(level) for level in line.relation]},
    }


def _importance(line: FeatureLine) -> dict[str, Any]:
    alone = line.importance.alone
    return {
        "gain": line.importance.gain,
        "shuffled_gain": line.importance.shadow,
        "alone": {"metric": alone.metric, "value": alone.value},
        "mutual_information": line.importance.information,
    }
