import json

import numpy as np
import polars as pl
import pytest

from steward.monitoring.trust import Ground, Judged, doubt_of_outcome, doubt_of_past, doubt_of_rows, find_ground

FRAME = pl.DataFrame({"km": np.linspace(0, 10, 1001), "zone": [float(i % 3) for i in range(1001)]})
GROUND = find_ground(FRAME, ["zone"])


def test_the_ground_is_the_reference_and_a_little_more() -> None:
    assert GROUND.ranges["km"] == pytest.approx((-0.49, 10.49), abs=0.01)
    assert GROUND.levels["zone"] == (0.0, 1.0, 2.0)
    assert GROUND.usual == 0.0
    assert Ground.from_dict(json.loads(json.dumps(GROUND.as_dict()))) == GROUND


@pytest.mark.parametrize("odd", [{"km": 99.0}, {"km": -5.0}, {"km": np.inf}, {"zone": 7.0}])
def test_rows_far_outside_are_a_doubt(odd: dict[str, float]) -> None:
    eight = FRAME.head(100).with_columns(
        **{name: pl.when(pl.int_range(100) < 12).then(value).otherwise(pl.col(name)) for name, value in odd.items()}
    )
    assert doubt_of_rows(GROUND, eight) == "12% of the rows lie where the reference has none"
    assert doubt_of_rows(GROUND, eight.tail(95)) == ""  # 7 of 95


def test_an_empty_cell_lies_nowhere() -> None:
    empty = pl.DataFrame({"km": [None, np.nan], "zone": [None, np.nan]}, schema={"km": pl.Float64, "zone": pl.Float64})
    assert GROUND.share_outside(empty) == 0.0
    assert GROUND.share_outside(empty.head(0)) == 0.0


def test_a_column_without_any_number_is_no_ground() -> None:
    nothing = find_ground(pl.DataFrame({"x": [None, np.inf]}, schema={"x": pl.Float64}), [])
    assert nothing.ranges == {}


@pytest.mark.parametrize(
    ("realised", "miss"), [(10.0, 0.0), (12.0, 1.959964), (14.0, 3.919928), (9.0, -1.959964), (1e12, 1000.0), (8.0, -3.919928)]
)
def test_a_miss_is_told_in_standard_errors_of_its_side(realised: float, miss: float) -> None:
    assert Judged(10.0, 9.0, 12.0, realised).miss == pytest.approx(miss, abs=1e-5)


def test_an_interval_without_width_is_missed_by_anything_else() -> None:
    assert [Judged(0.0, 0.0, 1.0, realised).miss for realised in (0.0, -1.0)] == [0.0, -1000.0]


def test_an_outcome_outside_the_interval_says_so() -> None:
    assert doubt_of_outcome(Judged(0.9, 0.88, 0.92, 0.91)) == ""
    assert doubt_of_outcome(Judged(0.9, 0.88, 0.92, 0.7)).startswith("outcomes are known by now: 0.7, below the interval")


def test_windows_of_the_past_speak_against_the_next() -> None:
    assert doubt_of_past([]) == ""
    assert doubt_of_past([1.0, -2.1, 0.3]) == ""  # one in three a little outside is luck
    assert doubt_of_past([4.0]) == "outcomes lay outside the interval in 1 of the last 1 windows that have them"
    assert doubt_of_past([0.0] * 3 + [3.0, 2.9, 2.8]) != ""


def test_what_was_long_ago_is_forgotten() -> None:
    assert doubt_of_past([9.0, *[0.0] * 8]) == ""


def test_right_estimates_are_doubted_once_in_a_thousand() -> None:
    misses = np.random.default_rng(1).normal(size=(4000, 8))
    doubted = sum(doubt_of_past(row.tolist()) != "" for row in misses)
    assert doubted <= 12  # 4 expected
