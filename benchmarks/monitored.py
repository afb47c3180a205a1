"""Which rows do the monitoring benchmarks watch? Made up or real, with a reference, and windows that are quiet or bent.

All of a world's windows are drawn from one population, so that nothing has moved until it is bent: independent columns that
are made up, or whole rows of real history, shuffled. The seed is 7.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from steward.monitoring.sketch import PREDICTION

SEED = 7
REFERENCE_ROWS = 20_000
LEVELS = pl.Series([f"level {i}" for i in range(12)])
GAINS = (0.25, 0.2, 0.15, 0.25)
REACHED = np.cumsum(1 / np.arange(1, 13)) / np.sum(1 / np.arange(1, 13))
DRAWN: Mapping[int, Callable[[np.random.Generator, int], np.ndarray]] = {
    0: lambda rng, rows: rng.standard_normal(rows),
    1: lambda rng, rows: rng.lognormal(1.0, 0.8, rows),
    2: lambda rng, rows: rng.gamma(2.0, 3.0, rows),
    4: lambda rng, rows: rng.poisson(2.5, rows).astype(np.float64),
}

Draw = Callable[[np.random.Generator, int], pl.DataFrame]
Change = Callable[[pl.DataFrame], pl.DataFrame]


def unchanged(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows as they are."""
    return frame


@dataclass(frozen=True)
class World:
    """Rows the model learned from, more of the same, which columns are codes, and the model's gain per feature."""

    name: str
    reference: pl.DataFrame
    draw: Draw
    categories: tuple[str, ...]
    importance: Mapping[str, float]
    top: tuple[str, ...]
    answer: Change = unchanged

    def window(self, number: int, rows: int, bend: Change = unchanged) -> pl.DataFrame:
        """Return one window, always the same one for its number; what is bent in it changes what the model answers."""
        return self.answer(bend(self.draw(np.random.default_rng((SEED, rows, number)), rows)))


@cache
def made_up(columns: int, rows: int = REFERENCE_ROWS) -> World:
    """Return a world of independent columns: four of five numbers (normal, skewed, counts), one of five a category; 3 % missing.

    Three numbers and a category have most of the model's gain, the last third of the columns has none. `prediction` is a sum over
    the three.
    """
    names = [f"x{i:03d}" for i in range(columns)]
    others = names[4 : max(4, columns * 2 // 3)]
    importance = dict(zip(names[:4], GAINS, strict=True)) | {name: 0.1 * 0.5**place for place, name in enumerate(others)}

    def draw(rng: np.random.Generator, count: int) -> pl.DataFrame:
        return pl.DataFrame({name: _column(rng, place, count) for place, name in enumerate(names)})

    def answer(frame: pl.DataFrame) -> pl.DataFrame:
        terms = [pl.col(name).fill_null(0.0) * importance[name] for name in names[:3]]
        return frame.with_columns(pl.sum_horizontal(terms).alias(PREDICTION))

    categories = tuple(name for place, name in enumerate(names) if place % 5 == 3)
    learned = answer(draw(np.random.default_rng(SEED), rows))
    return World(f"made up, {columns}", learned, draw, categories, importance, tuple(names[:3]), answer)


def _column(rng: np.random.Generator, place: int, rows: int) -> pl.Series:
    kind = place % 5
    if kind == 3:
        return LEVELS.gather(np.searchsorted(REACHED, rng.random(rows)))
    values = DRAWN[kind](rng, rows)
    if place % 2 == 0:
        values[rng.random(rows) < 0.03] = np.nan
    return pl.Series(values, nan_to_null=True)


def real(name: str, pool: pl.DataFrame, categories: tuple[str, ...], importance: Mapping[str, float]) -> World:
    """Return a world whose windows are rows of a table, drawn with replacement; so is its reference."""

    def draw(rng: np.random.Generator, count: int) -> pl.DataFrame:
        return pool[rng.integers(0, pool.height, count)]

    best = sorted(importance, key=lambda one: -importance[one])
    top = tuple(one for one in best if one in pool.columns and one not in categories)[:3]
    return World(name, draw(np.random.default_rng(SEED), REFERENCE_ROWS), draw, categories, importance, top)


def shifted(column: str, deviations: float, like: pl.DataFrame) -> Change:
    """Return a bend that adds so many of the reference's standard deviations to a column."""
    by = float(like[column].std() or 0.0) * deviations  # type: ignore[arg-type]
    return lambda frame: frame.with_columns(pl.col(column) + by)


def write_windows(world: World, folder: Path, rows: int, count: int, bend: Change = unchanged) -> tuple[Path, Path]:
    """Write reference and windows as the peers read them; return both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [world.window(i, rows, bend).with_columns(pl.lit(i).alias("_window")) for i in range(count)]
    world.reference.write_parquet(folder / "reference.parquet")
    pl.concat(parts).write_parquet(folder / "windows.parquet")
    return folder / "reference.parquet", folder / "windows.parquet"


def pools(data: Path, folder: Path) -> list[tuple[str, pl.DataFrame, tuple[str, ...], Mapping[str, float]]]:
    """Return what `real` takes of two champions: of green taxis and of road accidents, in all columns they read."""
    from trained import pool, train  # noqa: PLC0415 - only where there is data

    taxi, accidents = train("taxi", folder / "taxi", data), train("accidents", folder / "accidents", data)
    years = [str(year) for year in range(2005, 2016)]
    return [pool(taxi, ["2023-01"], "green taxis"), pool(accidents, years, "accidents")]
