import json

import numpy as np
import polars as pl
import pytest

from steward.monitoring.slices import FEWEST_ROWS, OTHERS, Parts, judge_slices, part_rows

IMPORTANCE = {"zone": 0.7, "km": 0.3, "unused": 0.0}


def rows(count: int, seed: int, *, worse: dict[float, float] | None = None) -> tuple[pl.DataFrame, np.ndarray]:
    """Return features and absolute errors of mean 1; those of some zones are multiplied."""
    generator = np.random.default_rng(seed)
    zone, km = generator.integers(1, 6, count).astype(float), generator.uniform(0, 8, count)
    factor = np.ones(count)
    for level, times in (worse or {}).items():
        factor[zone == level] = times
    return pl.DataFrame({"zone": zone, "km": km, "unused": km}), generator.exponential(size=count) * factor


PARTS = part_rows(*rows(8000, 1), IMPORTANCE, ["zone"])


def test_columns_the_model_leans_on_part_the_rows() -> None:
    assert [one.column for one in PARTS] == ["zone", "km"]
    assert PARTS[0].names == ("1", "2", "3", "4", "5", OTHERS, "missing")
    assert PARTS[1].points == pytest.approx((2.0, 4.0, 6.0), abs=0.15)
    assert len(PARTS[1].names) == len(PARTS[1].losses) == 5
    assert sum(one.rows for one in PARTS[0].losses) == 8000


def test_the_part_of_a_row_by_hand() -> None:
    zones = Parts("zone", True, (1.0, 3.0), PARTS[0].losses[:4])
    assert zones.of_rows(np.array([1.0, 3.0, 2.0, np.nan, 9.0])).tolist() == [0, 1, 2, 3, 2]
    quarters = Parts("km", False, (2.0, 4.0), PARTS[0].losses[:4])
    assert quarters.of_rows(np.array([2.0, 2.1, 4.1, np.nan, np.inf])).tolist() == [0, 1, 2, 3, 2]


def test_the_slice_that_got_worse_comes_first() -> None:
    found = judge_slices(PARTS, *rows(2500, 2, worse={3.0: 2.0}), "mae")
    assert (found[0].column, found[0].value, found[0].worse) == ("zone", "3", True)
    assert found[0].change == pytest.approx(1.0, abs=0.25)
    assert found[0].low < found[0].change
    assert [one.value for one in found if one.worse and one.column == "zone"] == ["3"]


@pytest.mark.parametrize("metric", ["rmse", "rmsle"])
def test_squared_errors_are_told_as_their_root(metric: str) -> None:
    features, losses = rows(2500, 3, worse={2.0: 4.0})
    first = judge_slices(PARTS, features, losses, metric)[0]
    assert (first.value, first.now) == ("2", pytest.approx(2.0, abs=0.25))
    assert first.change == pytest.approx(1.0, abs=0.25)


def test_small_parts_and_unknown_outcomes_are_not_judged() -> None:
    features, losses = rows(3000, 4)
    few = np.where((features["zone"].to_numpy() == 1) & (np.arange(3000) > 300), np.nan, losses)
    assert all(one.rows >= FEWEST_ROWS for one in judge_slices(PARTS, features, few, "mae"))
    assert "1" not in {one.value for one in judge_slices(PARTS, features, few, "mae") if one.column == "zone"}
    assert judge_slices(PARTS, features.head(50), losses[:50], "mae") == ()
    assert judge_slices(PARTS, features.drop("zone", "km"), losses, "mae") == ()


def test_an_error_that_vanished_is_no_growth() -> None:
    features, losses = rows(2000, 5)
    assert {one.change for one in judge_slices(PARTS, features, losses * 0, "mae")} == {-1.0}


def test_parts_are_json() -> None:
    assert Parts.from_dict(json.loads(json.dumps(PARTS[1].as_dict()))) == PARTS[1]


def test_a_column_without_values_has_one_part() -> None:
    empty = pl.DataFrame({"zone": [None] * 300}, schema={"zone": pl.Float64})
    for categories in ([], ["zone"]):
        (only,) = part_rows(empty, np.ones(300), {"zone": 1.0}, categories)
        assert only.losses[-1].rows == 300


@pytest.mark.parametrize("windows", [40, pytest.param(3000, marks=pytest.mark.campaign)])
def test_where_nothing_changed_hardly_any_window_has_a_worse_slice(windows: int) -> None:
    found = sum(any(one.worse for one in judge_slices(PARTS, *rows(1500, 100 + seed), "mae")) for seed in range(windows))
    assert found / windows <= 0.05
