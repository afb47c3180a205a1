"""Which number does a fitted formula make of the numbers it reads?

Four shapes carry them all: steps over edges, a filled gap, a weighted sum, the nearest of several centres. Each is written
against what every engine has, so that a batch, one row and a cluster get the same value.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, TypeAlias

from steward.features.column import Column, choose, smallest
from steward.features.source import Feature


@dataclass(frozen=True, slots=True)
class Steps:
    """How many of the rising `edges` a number has passed: 0 below the first; null stays null."""

    of: str
    edges: tuple[float, ...]
    kind: ClassVar[str] = "steps"

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns it reads."""
        return (self.of,)

    def features(self, name: str) -> tuple[Feature, ...]:
        """Return the feature that counts the edges passed."""

        def count(x: Column) -> Column:
            passed: Any = 0.0
            for edge in self.edges:
                passed = choose(x > edge, 1.0, 0.0) + passed
            return choose(x.is_null(), x * 1.0, passed)

        return (_feature(name, self, count),)


@dataclass(frozen=True, slots=True)
class Filled:
    """A number, or `value` where it is missing."""

    of: str
    value: float
    kind: ClassVar[str] = "filled"

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns it reads."""
        return (self.of,)

    def features(self, name: str) -> tuple[Feature, ...]:
        """Return the feature without gaps."""
        return (_feature(name, self, lambda x: (x * 1.0).fill_null(self.value)),)


@dataclass(frozen=True, slots=True)
class Weighted:
    """The sum of ``weight * (x - centre) / scale`` over some columns; a gap is null, or its centre where `fill` is set."""

    of: tuple[str, ...]
    weights: tuple[float, ...]
    centres: tuple[float, ...]
    scales: tuple[float, ...]
    fill: bool
    kind: ClassVar[str] = "weighted"

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns it reads."""
        return self.of

    def features(self, name: str) -> tuple[Feature, ...]:
        """Return the feature that sums."""

        def weigh(*columns: Column) -> Column:
            total: Any = 0.0
            for x, weight, centre, scale in zip(columns, self.weights, self.centres, self.scales, strict=True):
                known = (x * 1.0).fill_null(centre) if self.fill else x
                total = (known - centre) * (1 / scale) * weight + total
            return total  # type: ignore[no-any-return] # there is at least one column

        return (_feature(name, self, weigh),)


@dataclass(frozen=True, slots=True)
class Nearest:
    """The number of the nearest centre, the first of equals; `centres` one tuple of coordinates each; null with a gap."""

    of: tuple[str, ...]
    centres: tuple[tuple[float, ...], ...]
    kind: ClassVar[str] = "nearest"

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns it reads."""
        return self.of

    def features(self, name: str) -> tuple[Feature, ...]:
        """Return two features: the squared distance of the nearest centre, and which centre that is."""
        least = f"{name}__least"

        def distance(*columns: Column) -> Column:
            return smallest([_squared(columns, centre) for centre in self.centres])

        def number(*columns: Column) -> Column:
            place, shortest = columns[:-1], columns[-1]
            best: Any = shortest * 0.0  # null where the distance is
            for code in reversed(range(len(self.centres))):
                best = choose(_squared(place, self.centres[code]) == shortest, float(code), best)
            return best  # type: ignore[no-any-return] # there is at least one centre

        doc = f"fitted: squared distance of the nearest of {len(self.centres)} centres"
        return Feature(least, self.of, distance, doc), _feature(name, self, number, (*self.of, least))


Formula: TypeAlias = Steps | Filled | Weighted | Nearest

_KINDS: Mapping[str, type[Formula]] = {kind.kind: kind for kind in (Steps, Filled, Weighted, Nearest)}


def formula_as_json(formula: Formula) -> dict[str, Any]:
    """Return a formula as a JSON object."""
    return {"kind": formula.kind, **asdict(formula)}


def formula_from_json(value: Mapping[str, Any]) -> Formula:
    """Return the formula that `formula_as_json` wrote; KeyError or TypeError where the object is something else."""
    kind = _KINDS[value["kind"]]
    return kind(**{name: _frozen(part) for name, part in value.items() if name != "kind"})


def _frozen(part: Any) -> Any:
    return tuple(_frozen(item) for item in part) if isinstance(part, list) else part


def _feature(name: str, formula: Formula, function: Callable[..., Column], reads: tuple[str, ...] | None = None) -> Feature:
    return Feature(name, reads or formula.reads, function, f"fitted: {formula.kind} of {', '.join(formula.reads)}")


def _squared(columns: tuple[Column, ...], centre: tuple[float, ...]) -> Column:
    total: Any = 0.0
    for x, at in zip(columns, centre, strict=True):
        total = (x - at) * (x - at) + total
    return total  # type: ignore[no-any-return] # there is at least one column
