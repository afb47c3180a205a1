"""What does the page about the shape of rows hold? Values only."""

from collections.abc import Mapping
from dataclasses import dataclass

from steward.models.comparable import column_labels
from steward.models.explore import Exploration
from steward.reporting.page import figure


@dataclass(frozen=True, slots=True)
class FeatureWords:
    """What is written beside a feature: its unit, the words of its codes, whether it is about people."""

    unit: str
    codes: Mapping[str, str]
    personal: bool


@dataclass(frozen=True, slots=True, eq=False)
class ExploreContents:
    """Everything about the shape of the training rows of one run.

    `rows` is how many training rows there are, of which some were looked at: as many as `found` holds, drawn with `seed`.
    `fewest` is how many rows of people a cluster needs for what is typical of them to be told. `commands` make the page again,
    `following` is the next one.
    """

    project: str
    title: str
    target: str
    unit: str
    classes: tuple[str, ...]
    about: str
    run: str
    origin: str
    snapshot: str
    rows: int
    seed: int
    fewest: int
    features: Mapping[str, FeatureWords]
    found: Exploration
    commands: tuple[str, ...]
    following: str

    @property
    def simulated(self) -> bool:
        """Whether the rows were made up."""
        return self.origin == "simulated"

    @property
    def used(self) -> int:
        """How many rows were looked at."""
        return len(self.found.rows.points)

    @property
    def labels(self) -> tuple[str, ...]:
        """What each spread column is called."""
        return column_labels(self.found.rows.spread, {name: words.codes for name, words in self.features.items()})

    @property
    def groups(self) -> tuple[str, ...]:
        """What each of the target's groups is called: a class, or a range of the quantity."""
        if self.classes:
            return self.classes
        return tuple(
            f"{figure(low)} to {figure(high)}{f' {self.unit}' * bool(self.unit)}" for low, high in self.found.groups.ranges
        )
