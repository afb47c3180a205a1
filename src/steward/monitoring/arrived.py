"""What is wrong with rows as they came in, before checks set some apart? Counts that add up over batches.

A sketch holds what the model reads; rows that the project's checks take out are not in it, and so a column that comes empty
could empty the window unseen. These counts are of all rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from math import inf
from typing import Any

import polars as pl

from steward.monitoring.cells import add_counts
from steward.project.dictionary import ColumnSpec, DictionarySpec

_MOST_CALLERS = 50


@dataclass(frozen=True, slots=True)
class Arrived:
    """Rows as they came in.

    `missing` and `outside` count by column the rows without a value and those beyond the dictionary's `min` and `max`;
    `repeated` rows equal an earlier one in every column, `apart` were set apart by the project's checks; `callers` are the
    rows of each of those who asked most, where that is known.
    """

    rows: int
    missing: Mapping[str, int] = field(default_factory=dict)
    outside: Mapping[str, int] = field(default_factory=dict)
    repeated: int = 0
    apart: int = 0
    callers: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as a JSON object; `from_dict` turns it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Arrived":
        """Return the counts that `as_dict` wrote."""
        return cls(**value)


def count_arrived(frame: pl.DataFrame, dictionary: DictionarySpec, *, apart: int = 0, callers: pl.Series | None = None) -> Arrived:
    """Return the counts of some rows.

    Args:
        frame: rows in the dictionary's columns and types; what is known only later is not counted, for it may still come.
        dictionary: its bounds.
        apart: how many of them checks set apart.
        callers: who asked for each, null where that is not known.
    """
    asked = {name: spec for name, spec in dictionary.columns.items() if spec.known_at == "request" and name in frame.columns}
    bounded = {name: spec for name, spec in asked.items() if spec.min is not None or spec.max is not None}
    bounded = {name: spec for name, spec in bounded.items() if frame.schema[name].is_numeric()}
    beyond = [(~pl.col(name).is_between(*_bounds(spec))).sum().alias(name) for name, spec in bounded.items()]
    missing = frame.select(list(asked)).null_count().row(0, named=True) if asked else {}
    outside = frame.select(beyond).row(0, named=True) if beyond and frame.height else dict.fromkeys(bounded, 0)
    repeated = frame.height - frame.hash_rows().n_unique() if frame.height else 0
    return Arrived(frame.height, missing, outside, repeated, apart, {} if callers is None else _top(callers))


def merge_arrived(parts: Iterable[Arrived]) -> Arrived:
    """Return the counts of all rows together; a row that comes again in another batch is not found by these."""
    held = list(parts)
    callers = add_counts(part.callers for part in held)
    return Arrived(
        sum(part.rows for part in held),
        add_counts(part.missing for part in held),
        add_counts(part.outside for part in held),
        sum(part.repeated for part in held),
        sum(part.apart for part in held),
        dict(sorted(callers.items(), key=lambda one: (-one[1], one[0]))[:_MOST_CALLERS]),
    )


def _bounds(spec: ColumnSpec) -> tuple[float, float]:
    return (-inf if spec.min is None else spec.min, inf if spec.max is None else spec.max)


def _top(callers: pl.Series) -> dict[str, int]:
    counts = callers.drop_nulls().alias("caller").value_counts(name="rows").sort(["rows", "caller"], descending=[True, False])
    return dict(counts.head(_MOST_CALLERS).rows())
