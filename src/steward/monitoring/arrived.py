"""What is wrong with rows as they came in, before checks set some apart? Counts that add up over batches.

A sketch holds what the model reads; rows that the project's checks take out are not in it, and so a column that comes empty
could empty the window unseen. These counts are of all rows.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from math import inf
from typing import Any

import polars as pl

from steward.project.dictionary import ColumnSpec, DictionarySpec


@dataclass(frozen=True, slots=True)
class Arrived:
    """Rows as they came in.

    `missing` and `outside` count by column the rows without a value and those beyond the dictionary's `min` and `max`;
    `repeated` rows equal an earlier one in every column, `apart` were set apart by the project's checks; `copies` tell how many
    different rows came once, how many twice, and so on: pairs of a number of times and a number of rows.
    """

    rows: int
    missing: Mapping[str, int] = field(default_factory=dict)
    outside: Mapping[str, int] = field(default_factory=dict)
    repeated: int = 0
    apart: int = 0
    copies: tuple[tuple[int, int], ...] = ()

    def repeated_share(self, rows: int) -> float:
        """Return the share of rows that equal another one, were only so many of these rows looked at, evenly drawn.

        The more rows, the more of them repeat: so two samples are compared at the size of the smaller one (rarefaction: Sanders
        1968; Hurlbert 1971). Of a row that came m times a copy is left with probability 1 - (1 - p)^m where each row is left
        with p. Where `copies` are not known, as in what an older Steward wrote, it is the share of all rows.
        """
        share = min(1.0, rows / self.rows)
        if not self.copies or not share:
            return self.repeated / self.rows
        left = sum(different * (1 - (1 - share) ** times) for times, different in self.copies)
        return 1 - left / (share * self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as a JSON object; `from_dict` turns it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Arrived":
        """Return the counts that `as_dict` wrote; what an older Steward wrote beside them is left out."""
        known = {each.name: value[each.name] for each in fields(cls) if each.name in value}
        return cls(**known | {"copies": tuple((int(times), int(rows)) for times, rows in value.get("copies", ()))})


def count_arrived(frame: pl.DataFrame, dictionary: DictionarySpec, *, apart: int = 0) -> Arrived:
    """Return the counts of some rows.

    Args:
        frame: rows in the dictionary's columns and types; what is known only later is not counted, for it may still come.
        dictionary: its bounds.
        apart: how many of them checks set apart.
    """
    asked = {name: spec for name, spec in dictionary.columns.items() if spec.known_at == "request" and name in frame.columns}
    bounded = {name: spec for name, spec in asked.items() if spec.min is not None or spec.max is not None}
    bounded = {name: spec for name, spec in bounded.items() if frame.schema[name].is_numeric()}
    beyond = [(~pl.col(name).is_between(*_bounds(spec))).sum().alias(name) for name, spec in bounded.items()]
    missing = frame.select(list(asked)).null_count().row(0, named=True) if asked else {}
    outside = frame.select(beyond).row(0, named=True) if beyond and frame.height else dict.fromkeys(bounded, 0)
    copies = _copies(frame) if frame.height else ()
    repeated = frame.height - sum(different for _, different in copies)
    return Arrived(frame.height, missing, outside, repeated, apart, copies)


def _copies(frame: pl.DataFrame) -> tuple[tuple[int, int], ...]:
    times = frame.hash_rows().value_counts(name="times")["times"]
    return tuple((int(many), int(rows)) for many, rows in times.value_counts(name="rows").sort("times").rows())


def _bounds(spec: ColumnSpec) -> tuple[float, float]:
    return (-inf if spec.min is None else spec.min, inf if spec.max is None else spec.max)
