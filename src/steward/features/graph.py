"""Which column is made from which, and in which order can they be made?"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from steward.core.errors import Fault, UsageError, did_you_mean
from steward.features.source import Feature

Reads = Mapping[str, tuple[str, ...]]
"""Column to the columns it is made from at once; a raw column is made from none."""


def connect(
    features: Mapping[str, Feature], wanted: Sequence[str], raw: Collection[str], joined: Mapping[str, tuple[str, ...]]
) -> Reads:
    """Return what every needed column is made from, each column after the ones it reads.

    Args:
        features: functions by name.
        wanted: functions, raw columns and lookup columns, in any order.
        raw: columns that the rows bring along.
        joined: lookup column to the columns it is looked up by.

    Raises:
        UsageError: FEAT-001 a circle, FEAT-002 an unknown column, FEAT-003 a function named like a column.
    """
    _refuse_twins(features, raw, joined)
    walk = _Walk(features, raw, joined, {}, [])
    for name in wanted:
        walk.visit(name, ())
    if walk.faults:
        raise UsageError(*walk.faults)
    return walk.done


def levels(reads: Reads) -> Mapping[str, int]:
    """Return how many steps each column is away from the raw ones, which are 0."""
    found: dict[str, int] = {}
    for name, sources in reads.items():  # sources come first
        found[name] = 1 + max(found[source] for source in sources) if sources else 0
    return found


def raw_sources(reads: Reads, name: str) -> frozenset[str]:
    """Return the raw columns that a column is made from in the end; itself where it is raw."""
    sources = reads[name]
    return frozenset().union(*(raw_sources(reads, source) for source in sources)) if sources else frozenset((name,))


def path(reads: Reads, name: str, goal: str) -> tuple[str, ...]:
    """Return one way from a column down to one that it is made from, both included; empty where there is none."""
    if name == goal:
        return (name,)
    ways = (path(reads, source, goal) for source in reads[name])
    return next(((name, *way) for way in ways if way), ())


def without(
    features: Mapping[str, Feature], wanted: Iterable[str], absent: Collection[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Divide columns into those that can be made without the absent ones and those that cannot, both in their order."""
    names = list(wanted)

    def needs(name: str, above: tuple[str, ...]) -> bool:
        reads = features[name].reads if name in features and name not in above else ()
        return name in absent or any(needs(source, (*above, name)) for source in reads)

    lost = {name for name in names if needs(name, ())}
    return tuple(name for name in names if name not in lost), tuple(name for name in names if name in lost)


@dataclass(frozen=True, slots=True)
class _Walk:
    features: Mapping[str, Feature]
    raw: Collection[str]
    joined: Mapping[str, tuple[str, ...]]
    done: dict[str, tuple[str, ...]]
    faults: list[Fault]

    def visit(self, name: str, above: tuple[str, ...]) -> None:
        """Go depth first, so that a column is entered after everything it reads."""
        if name in self.done:
            return
        if name in above:
            self.faults.append(self._circle((*above[above.index(name) :], name)))
            return
        sources = self._sources(name)
        if sources is None:
            self.faults.append(self._unknown(name, above))
            return
        for source in sources:
            self.visit(source, (*above, name))
        self.done[name] = sources

    def _sources(self, name: str) -> tuple[str, ...] | None:
        if name in self.features:
            return self.features[name].reads
        if name in self.joined:
            return self.joined[name]
        return () if name in self.raw else None

    def _circle(self, round_trip: tuple[str, ...]) -> Fault:
        where = tuple(self.features[name].place for name in round_trip[:-1] if name in self.features)
        what = f"features read each other in a circle: {' <- '.join(round_trip)}"
        return Fault("FEAT-001", what, where, fix="let one of them read raw columns instead")

    def _unknown(self, name: str, above: tuple[str, ...]) -> Fault:
        hint = did_you_mean(name, [*self.features, *self.joined, *self.raw])
        if not above:
            return Fault("FEAT-002", f"{name!r} is neither a feature nor a column", ("features in project.yaml",), fix=hint)
        reader = self.features.get(above[-1])
        where = (reader.place,) if reader else ()
        return Fault("FEAT-002", f"{above[-1]!r} reads {name!r}, which is neither a feature nor a column", where, fix=hint)


def _refuse_twins(features: Mapping[str, Feature], raw: Collection[str], joined: Mapping[str, tuple[str, ...]]) -> None:
    twins = [feature for name, feature in features.items() if name in raw or name in joined]
    why = "a function and a column of one name cannot be told apart"
    if twins:
        raise UsageError(
            *(
                Fault("FEAT-003", f"feature {f.name!r} has the name of a column", (f.place,), why, "rename the function")
                for f in twins
            )
        )
