"""How often is drift called where there is none, and how often is it seen where there is some? Windows are drawn cell by cell."""

from collections.abc import Mapping
from itertools import product

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm, poisson, spearmanr
from tests.reliability import count_trials

from steward.monitoring.drift import DriftVerdict, judge_drift
from steward.monitoring.reference import Reference, make_reference
from steward.monitoring.sketch import CategorySketch, NumberSketch, Sketch

SIZES = (50, 100, 200, 500, 2000, 5000)
CHANCE, MIN_ROWS, ROWS = 0.001, 200, 20_000
LAWS = {"normal": norm(), "events": poisson(0.4)}
LEVELS = {"flag": np.array([0.97, 0.03]), "kind": np.full(5, 0.2), "zone": 1 / np.arange(1, 201) / (1 / np.arange(1, 201)).sum()}
KINDS = ("normal", "normal", "events", "zone", "normal", "flag", "normal", "kind", "events", "normal")


class World:
    """Independent columns of several laws, a model that leans on the first ones, and windows drawn from them."""

    def __init__(self, columns: int, seed: int = 1) -> None:
        self.random = np.random.default_rng(seed)
        self.kinds = {f"c{at}": KINDS[at % len(KINDS)] for at in range(columns)}
        self.importance = {name: 0.8**at for at, name in enumerate(self.kinds)}
        frame = pl.DataFrame({name: self._rows(kind) for name, kind in self.kinds.items()})
        made = make_reference(frame, None, [name for name, kind in self.kinds.items() if kind in LEVELS], self.importance)
        self.reference = Reference(Sketch(made.sketch.rows, made.sketch.columns))

    def judge(self, rows: int, shift: Mapping[str, float] | None = None) -> DriftVerdict:
        columns = {name: self._column(name, rows, (shift or {}).get(name, 0.0)) for name in self.kinds}
        return judge_drift(self.reference, Sketch(rows, columns), self.importance, chance=CHANCE, min_rows=MIN_ROWS)

    def _rows(self, kind: str) -> np.ndarray:
        if kind in LEVELS:
            return self.random.choice(len(LEVELS[kind]), ROWS, p=LEVELS[kind]).astype(np.float64)
        return LAWS[kind].rvs(ROWS, random_state=self.random).astype(np.float64)

    def _column(self, name: str, rows: int, shift: float) -> NumberSketch | CategorySketch:
        like = self.reference.sketch.columns[name]
        if isinstance(like, NumberSketch):
            reached = np.diff(LAWS[self.kinds[name]].cdf(np.array(like.edges) - shift), prepend=0, append=1).clip(0)
            counts = tuple(self.random.multinomial(rows, reached / reached.sum()).tolist())
            return NumberSketch(like.edges, counts, 0, 0, None, None, 0.0, 0.0)
        drawn = self.random.multinomial(rows, LEVELS[self.kinds[name]])
        found = {str(level): int(count) for level, count in enumerate(drawn)}
        known = {level: found[level] for level in like.counts}
        return CategorySketch(known, {}, rows - sum(known.values()), 0)


@pytest.mark.parametrize("windows", [8, pytest.param(170, marks=pytest.mark.campaign)])
def test_windows_in_which_nothing_moved_are_quiet_at_every_size_and_width(windows: int) -> None:
    moved, serious, claimed, all_windows = 0, 0, 0, 0
    worlds = [World(columns, seed=columns) for columns in (10, 30, 100)]
    for world, rows in product(worlds, SIZES):
        verdicts = [world.judge(rows) for _ in range(windows)]
        all_windows += windows
        moved += sum(bool(verdict.moved) for verdict in verdicts)
        serious += sum(verdict.severity >= 0.5 for verdict in verdicts)
        claimed += sum(verdict.enough for verdict in verdicts if rows < MIN_ROWS)
    what = "windows in which nothing moved, 50 to 5,000 rows, 10 to 100 columns: no severity of 0.5"
    figures = {"a column called moved": f"{moved / all_windows:.2%}", "budget": f"{CHANCE:.1%}"}
    count_trials("S1", what, trials=all_windows, failed=serious, figures=figures)
    assert moved <= max(2, CHANCE * all_windows)
    assert serious <= max(1, CHANCE * all_windows)
    assert claimed == 0


@pytest.mark.parametrize("windows", [24, pytest.param(1000, marks=pytest.mark.campaign)])
def test_a_shift_of_an_important_feature_is_seen_within_two_windows_of_500_rows(windows: int) -> None:
    world = World(30)
    for name, (shift, floor) in product(("c0", "c1"), ((0.3, 0.9), (0.5, 0.99))):
        seen = [name in world.judge(500, {name: shift}).moved for _ in range(windows)]
        missed = sum(not (a or b) for a, b in zip(seen[::2], seen[1::2], strict=True))
        what = f"a shift of {shift} standard deviations in {name} of 30 columns, 500 rows: seen within two windows"
        count_trials("S2", what, trials=windows // 2, failed=missed, figures={"seen in one": f"{np.mean(seen):.1%}"})
        assert missed <= (1 - floor) * windows / 2


@pytest.mark.parametrize("windows", [40, pytest.param(1000, marks=pytest.mark.campaign)])
def test_whatever_becomes_of_a_feature_the_model_does_not_use_is_no_alarm(windows: int) -> None:
    world = World(30)
    world.importance["c7"] = world.importance["c4"] = 0.0
    verdicts = [world.judge(rows, {"c4": 3.0}) for rows in (200, 2000) for _ in range(windows // 2)]
    failed = sum(verdict.severity >= 0.5 for verdict in verdicts)
    count_trials("S4", "a feature the model does not use moved by 3 standard deviations: no alarm", trials=windows, failed=failed)
    assert failed == 0
    assert all("c4" in verdict.moved for verdict in verdicts)


def test_severity_grows_with_the_shift_and_with_the_rows_that_show_it() -> None:
    world = World(10)

    def mean_severity(rows: int, shift: float) -> float:
        return float(np.mean([world.judge(rows, {"c0": shift}).severity for _ in range(25)]))

    shifts = [0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2]
    assert spearmanr(shifts, [mean_severity(1000, shift) for shift in shifts]).statistic >= 0.95
    sizes = [100, 200, 300, 500, 5000]
    assert spearmanr(sizes, [mean_severity(rows, 0.4) for rows in sizes]).statistic >= 0.95
