"""What is a window compared with: the rows learned from, how they differ with the season, and how far quiet windows stray?"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from steward.monitoring.batches import SEASONAL, Calendar, batches_of, calendar, count_by_hour, count_by_slot
from steward.monitoring.budget import SPANS
from steward.monitoring.distance import Kind
from steward.monitoring.places import places_of
from steward.monitoring.quiet import Quiet, quiet_history
from steward.monitoring.season import Season, pack
from steward.monitoring.sketch import PREDICTION, Sketch, sketch_reference

PAIRED = 5
"""So many of the most important columns are also watched two by two."""

REMEMBERED = 40
"""Of so many of the most important columns, and of the answers, the quiet history and the season are kept."""

_MOST_ROWS = 1_000_000
_SEASON_DAYS = 28
_NEARLY = 0.9  # February is a month
_LONGEST = timedelta(days=59)


@dataclass(frozen=True, slots=True)
class Reference:
    """The rows learned from, their season by hour of the week (None where unknown), and what quiet windows of a span show.

    `usual` holds a `Quiet` by span ("1h", "6h", "1d", "1w", "1mo"; with "season " before it where compared with the same hours)
    and column; a column that is not named strays no further than chance.
    """

    sketch: Sketch
    seasons: Season | None = None
    usual: Mapping[str, Mapping[str, Quiet]] = field(default_factory=dict)

    def usual_distance(self, name: str, span: timedelta | None, *, seasonal: bool, chance: float) -> float:
        """Return how far, beyond chance, quiet windows of a span stray; 0 where that is not known.

        Known is that of the longest span within it; of windows of two months and more nothing is, for in them a season of
        the year is no longer usual.
        """
        if span is None or span > _LONGEST:
            return 0.0
        shorter = [known for known, length in SPANS.items() if length * _NEARLY <= span] or [next(iter(SPANS))]
        quiet = self.usual.get((SEASONAL if seasonal else "") + shorter[-1], {}).get(name)
        return quiet.usual(chance) if quiet else 0.0

    def without(self, names: Collection[str]) -> "Reference":
        """Return the reference without these columns."""
        return replace(self, sketch=self.sketch.without(names))

    def as_dict(self) -> dict[str, Any]:
        """Return the reference as a JSON object; `from_dict` turns it back."""
        seasons = None if self.seasons is None else asdict(self.seasons)
        usual = {span: {name: asdict(quiet) for name, quiet in quiets.items()} for span, quiets in self.usual.items()}
        return {"sketch": self.sketch.as_dict(), "seasons": seasons, "usual": usual}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Reference":
        """Return the reference that `as_dict` wrote, whatever else the mapping holds.

        Raises:
            ValueError: it holds no sketch, or what it holds is none; pydantic says where.
        """
        seasons, usual = _reader().validate_python((value.get("seasons"), value.get("usual", {})))
        return cls(Sketch.from_dict(value.get("sketch")), seasons, usual)


def make_reference(
    frame: pl.DataFrame,
    at: pl.Series | None,
    categories: Collection[str],
    importance: Mapping[str, float],
    *,
    season: bool = True,
) -> Reference:
    """Return what later windows are compared with.

    Args:
        frame: the rows learned from as the model reads them, and `PREDICTION`.
        at: their times, shape (rows,), on the clock that windows are cut by; None where they have none, and then there is
            neither a season nor a quiet history.
        categories: columns whose numbers are codes.
        importance: share of the model's gain per feature; tells which columns are worth more than a sketch.
        season: whether windows under a week shall be compared with the same hours of the week.
    """
    ranked = sorted((name for name in frame.columns if importance.get(name, 0) > 0), key=lambda name: -importance[name])
    sketch = sketch_reference(frame, categories, pairs=list(combinations(ranked[:PAIRED], 2)))
    when = None if at is None else calendar(at[_evenly(frame.height)])
    if when is None:
        return Reference(sketch)
    kept = [*ranked[:REMEMBERED], *(name for name in frame.columns if name == PREDICTION)]
    names = [*kept, *(pair.name for pair in sketch.pairs)]
    return _remember(sketch, frame.select(kept)[_evenly(frame.height)], when, names, season=season)


def _remember(sketch: Sketch, frame: pl.DataFrame, when: Calendar, names: list[str], *, season: bool) -> Reference:
    season = season and int(when.hours[-1] // 24 - when.hours[0] // 24) + 1 >= _SEASON_DAYS
    usual: dict[str, dict[str, Quiet]] = {}
    packed: dict[str, str] = {}
    by_slot = np.empty(0)
    for name in names:
        places, count = places_of(frame, sketch, name)
        by_hour = count_by_hour(places, count, when)
        for span, compared in batches_of(by_hour, when, season=season):
            if quiet := quiet_history(_kind(sketch, name), compared):
                usual.setdefault(span, {})[name] = quiet
        by_slot = count_by_slot(by_hour, when.slots)
        packed[name] = pack(by_slot.astype(np.int32))
    held = tuple(int(rows) for rows in by_slot.sum(axis=1)) if names else ()
    return Reference(sketch, Season(held, packed) if season and names else None, usual)


def _kind(sketch: Sketch, name: str) -> Kind:
    return sketch.columns[name].kind if name in sketch.columns else "category"


def _evenly(rows: int) -> slice | pl.Series:
    """Return the places of all rows, or of a million that are spread evenly."""
    if rows <= _MOST_ROWS:
        return slice(None)
    return pl.Series(np.linspace(0, rows - 1, _MOST_ROWS).astype(np.int64))


@cache
def _reader() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(tuple[Season | None, dict[str, dict[str, Quiet]]])
