import json
from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.core.digest import canonical_json
from steward.monitoring.profile import PREDICTION, CategoryProfile, NumberProfile, Profile, prediction_column, profile

numbers = st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=True), max_size=40)


def test_a_short_column_of_numbers_is_kept_as_it_is_in_order() -> None:
    made = profile(pl.DataFrame({"x": [3.0, None, 1.0, float("nan"), 2.0, float("inf")]}), ())
    assert made == Profile(6, {"x": NumberProfile(3, (1.0, 2.0, 3.0))})


def test_a_long_column_is_kept_as_512_quantiles_from_the_middle_of_equal_slices() -> None:
    # 5120 values in 512 slices of 10: the middle of the first slice is its 5th value.
    column = profile(pl.DataFrame({"x": range(1, 5121)}), ()).columns["x"]
    assert isinstance(column, NumberProfile)
    assert column.quantiles == tuple(float(value) for value in range(5, 5121, 10))


def test_a_category_counts_its_levels_and_its_missing_rows() -> None:
    made = profile(pl.DataFrame({"zone": [74, 74, 41, None], "colour": ["a", "b", "b", "b"]}), {"zone"})
    assert made.columns == {"zone": CategoryProfile(1, {"74": 2, "41": 1}, 0), "colour": CategoryProfile(0, {"b": 3, "a": 1}, 0)}


def test_a_code_is_one_level_whatever_type_carries_it() -> None:
    forms = [pl.Series("z", [74, 75, None]), pl.Series("z", [74.0, 75.0, float("nan")]), pl.Series("z", ["74", "75", None])]
    made = [profile(pl.DataFrame([form]), {"z"}).columns["z"] for form in forms]
    assert made == [CategoryProfile(1, {"74": 1, "75": 1}, 0)] * 3
    flags = [pl.Series("f", [True, False]), pl.Series("f", [1.0, 0.0])]
    assert len({str(profile(pl.DataFrame([flag]), {"f"})) for flag in flags}) == 1


def test_codes_that_are_no_whole_numbers_keep_their_fraction() -> None:
    assert profile(pl.DataFrame({"z": [0.5, 2.0]}), {"z"}).columns["z"] == CategoryProfile(0, {"0.5": 1, "2": 1}, 0)


def test_levels_beyond_300_are_other_and_ties_are_settled_by_name() -> None:
    column = profile(pl.DataFrame({"z": [f"{i:03d}" for i in reversed(range(305))]}), ()).columns["z"]
    assert isinstance(column, CategoryProfile)
    assert (len(column.counts), column.other, min(column.counts), max(column.counts)) == (300, 5, "000", "299")


def test_like_counts_the_levels_and_keeps_the_kinds_of_the_reference() -> None:
    reference = profile(pl.DataFrame({"z": [1, 1, 2], "x": [1.0, 2.0, 3.0], "gone": [1, 2, 3]}), {"z"})
    current = profile(pl.DataFrame({"z": [1.0, 9.0], "x": ["2.5", "broken"], "new": [1, 2]}), (), like=reference)
    assert current.columns == {"z": CategoryProfile(0, {"1": 1}, 1), "x": NumberProfile(1, (2.5,))}


@pytest.mark.parametrize("dtype", [pl.Float64, pl.Int32, pl.String, pl.Boolean, pl.Null, pl.Datetime("us")])
def test_a_column_of_nulls_is_all_missing_whatever_its_type(dtype: pl.DataType) -> None:
    frame = pl.DataFrame({"x": pl.Series([None, None], dtype=dtype)})
    assert profile(frame, ()).columns["x"].missing == 2
    assert profile(frame, {"x"}).columns["x"].missing == 2


def test_an_empty_frame_and_times_have_profiles_too() -> None:
    assert profile(pl.DataFrame({"x": pl.Series([], dtype=pl.Float64)}), ()) == Profile(0, {"x": NumberProfile(0, ())})
    moment = profile(pl.DataFrame({"t": [datetime(1970, 1, 1, 0, 0, 1)]}), ()).columns["t"]  # noqa: DTZ001 - wall clock
    assert moment == NumberProfile(0, (1_000_000.0,))


@settings(deadline=None)
@given(numbers, st.lists(st.none() | st.text(max_size=3), max_size=40), st.randoms(use_true_random=False))
def test_a_profile_survives_json_and_does_not_depend_on_row_order(
    xs: list[float | None], zs: list[str | None], random: object
) -> None:
    rows = min(len(xs), len(zs))
    frame = pl.DataFrame({"x": xs[:rows], "z": zs[:rows]}, schema={"x": pl.Float64, "z": pl.String})
    made = profile(frame, {"z"})
    assert Profile.from_dict(json.loads(canonical_json(made.as_dict()))) == made
    order = list(range(rows))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert profile(frame[order], {"z"}).as_dict() == made.as_dict()


def test_what_is_no_profile_is_refused() -> None:
    with pytest.raises(ValueError, match="rows"):
        Profile.from_dict({"columns": {}})


def test_a_quantity_and_the_probability_of_the_positive_class_are_watched_as_numbers() -> None:
    assert prediction_column(np.array([3.5, 1.0]), ()).to_list() == [3.5, 1.0]
    assert prediction_column(np.array([[0.2, 0.8], [0.9, 0.1]]), (False, True)).to_list() == [0.8, 0.1]


def test_of_several_classes_the_most_likely_is_watched_as_a_category() -> None:
    column = prediction_column(np.array([[0.2, 0.7, 0.1], [0.1, 0.2, 0.7], [0.1, 0.8, 0.1]]), (1, 2, 3))
    assert profile(column.to_frame(), ()).columns == {PREDICTION: CategoryProfile(0, {"2": 2, "3": 1}, 0)}
    assert prediction_column(np.empty((0, 3)), (1, 2, 3)).to_list() == []
