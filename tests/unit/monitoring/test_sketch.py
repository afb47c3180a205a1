import json
from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.core.digest import canonical_json
from steward.monitoring.sketch import (
    PREDICTION,
    CategorySketch,
    ColumnSketch,
    NumberSketch,
    Sketch,
    merge,
    prediction_column,
    sketch_like,
    sketch_reference,
)

numbers = st.none() | st.integers(-50, 50).map(float) | st.sampled_from([float("nan"), float("inf"), float("-inf"), 1e300])
rows_of = st.lists(st.tuples(numbers, st.none() | st.sampled_from("abcdef")), max_size=40)


def of_numbers(values: list[float | None]) -> NumberSketch:
    made = sketch_reference(pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)}), ()).columns["x"]
    assert isinstance(made, NumberSketch)
    return made


def of_levels(frame: pl.DataFrame, like: Sketch | None = None) -> ColumnSketch:
    return (sketch_like(frame, like) if like else sketch_reference(frame, {"z"})).columns["z"]


def frame_of(rows: list[tuple[float | None, str | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"x": pl.Float64, "z": pl.String}, orient="row")


def test_every_value_of_a_short_column_is_a_cell_and_both_outsides_are_empty() -> None:
    made = of_numbers([3.0, None, 1.0, float("nan"), 1.0, float("inf")])
    assert made.edges == (np.nextafter(1, 0), 1.0, np.nextafter(3, 0), 3.0)
    assert made.counts == (0, 2, 0, 1, 0)
    assert (made.missing, made.infinite, made.low, made.high) == (2, 1, 1.0, 3.0)
    assert (made.total, made.squares, made.known) == (5.0, 11.0, 3)
    assert made.mean == pytest.approx(5 / 3)
    assert made.deviation == pytest.approx(np.std([3, 1, 1]))


def test_a_long_column_has_two_hundred_even_cells() -> None:
    made = of_numbers([float(i) for i in range(10_000)])
    assert made.counts == (0, *[50] * 200, 0)
    assert made.edges[1:3] == (49.0, 99.0)
    assert (made.edges[0] < 0, made.edges[-1]) == (True, 9999.0)


def test_a_frequent_value_among_many_is_a_cell_of_its_own() -> None:
    made = of_numbers([*(float(i) for i in range(5000)), *[2500.5] * 5000])
    place = made.edges.index(2500.5)
    assert made.counts[place] == 5000
    assert made.edges[place - 1] == np.nextafter(2500.5, 0)


def test_later_rows_fall_into_the_cells_of_the_reference() -> None:
    reference = sketch_reference(pl.DataFrame({"x": [1.0, 2.0, 3.0]}), ())
    column = sketch_like(pl.DataFrame({"x": [0.5, 1.0, 1.5, 3.0, 9.0, None]}), reference).columns["x"]
    assert isinstance(column, NumberSketch)
    assert column.counts == (1, 1, 1, 0, 0, 1, 1)
    assert (column.missing, column.low, column.high) == (1, 0.5, 9.0)


def test_a_category_counts_its_levels_and_its_missing_rows() -> None:
    made = sketch_reference(pl.DataFrame({"zone": [74, 74, 41, None], "colour": ["a", "b", "b", "b"]}), {"zone"})
    assert made.columns == {
        "zone": CategorySketch({"74": 2, "41": 1}, {}, 0, 1),
        "colour": CategorySketch({"b": 3, "a": 1}, {}, 0, 0),
    }


def test_a_code_is_one_level_whatever_type_carries_it() -> None:
    forms = [pl.Series("z", [74, 75, None]), pl.Series("z", [74.0, 75.0, float("nan")]), pl.Series("z", ["74", "75", None])]
    assert [of_levels(pl.DataFrame([form])) for form in forms] == [CategorySketch({"74": 1, "75": 1}, {}, 0, 1)] * 3
    flags = [pl.Series("z", [True, False]), pl.Series("z", [1.0, 0.0])]
    assert len({str(of_levels(pl.DataFrame([flag]))) for flag in flags}) == 1


def test_codes_that_are_no_whole_numbers_keep_their_fraction() -> None:
    assert of_levels(pl.DataFrame({"z": [0.5, 2.0]})) == CategorySketch({"0.5": 1, "2": 1}, {}, 0, 0)


def test_levels_beyond_300_are_other_and_ties_are_settled_by_name() -> None:
    column = of_levels(pl.DataFrame({"z": [f"{i:03d}" for i in reversed(range(305))]}))
    assert isinstance(column, CategorySketch)
    assert (len(column.counts), column.other, min(column.counts), max(column.counts)) == (300, 5, "000", "299")


def test_new_levels_are_counted_by_name_until_there_are_fifty() -> None:
    reference = sketch_reference(pl.DataFrame({"z": ["a", "a", "b"]}), ())
    few = of_levels(pl.DataFrame({"z": ["a", "c", "c", None]}), reference)
    assert few == CategorySketch({"a": 1, "b": 0}, {"c": 2}, 0, 1)
    many = of_levels(pl.DataFrame({"z": [f"n{i:02d}" for i in range(60)]}), reference)
    assert isinstance(many, CategorySketch)
    assert (len(many.new), max(many.new), many.other, many.unknown) == (50, "n49", 10, 60)


def test_the_reference_decides_what_is_a_number() -> None:
    reference = sketch_reference(pl.DataFrame({"z": [1, 1, 2], "x": [1.0, 2.0, 3.0], "gone": [1, 2, 3]}), {"z"})
    current = sketch_like(pl.DataFrame({"z": [1.0, 9.0], "x": ["2.5", "broken"], "new": [1, 2]}), reference)
    assert list(current.columns) == ["z", "x"]
    assert current.columns["z"] == CategorySketch({"1": 1, "2": 0}, {"9": 1}, 0, 0)
    assert current.columns["x"].missing == 1


@pytest.mark.parametrize("dtype", [pl.Float64, pl.Int32, pl.String, pl.Boolean, pl.Null, pl.Datetime("us")])
def test_a_column_of_nulls_is_all_missing_whatever_its_type(dtype: pl.DataType) -> None:
    frame = pl.DataFrame({"x": pl.Series([None, None], dtype=dtype)})
    assert sketch_reference(frame, ()).columns["x"].missing == 2
    assert sketch_reference(frame, {"x"}).columns["x"].missing == 2


def test_an_empty_frame_and_times_have_sketches_too() -> None:
    empty = sketch_reference(pl.DataFrame({"x": pl.Series([], dtype=pl.Float64)}), ())
    assert empty == Sketch(0, {"x": NumberSketch((), (0,), 0, 0, None, None, 0.0, 0.0)})
    moment = sketch_reference(pl.DataFrame({"t": [datetime(1970, 1, 1, 0, 0, 1)]}), ())  # noqa: DTZ001 - wall clock
    assert moment.columns["t"].low == 1_000_000.0  # type: ignore[union-attr]


def test_a_pair_counts_how_two_columns_go_together() -> None:
    frame = pl.DataFrame({"x": [1.0, 2.0, 3.0, None], "z": ["a", "b", "b", None]})
    [pair] = sketch_reference(frame, (), pairs=[("x", "z")]).pairs
    # x: up to 1, up to 2, above, missing; z: b (the more frequent), a, others, missing
    assert (pair.first.cells, pair.second.levels) == (len(pair.first.edges) + 2, ("b", "a"))
    table = np.array(pair.counts).reshape(pair.first.cells, pair.second.cells)
    assert table.sum() == 4
    assert table[-1, -1] == 1
    assert table[:, 0].sum() == 2
    assert table[0, 1] == 1


def test_a_pair_has_eight_even_cells_a_column_and_an_absent_column_is_missing() -> None:
    reference = sketch_reference(pl.DataFrame({"x": range(800), "y": range(800)}), (), pairs=[("x", "y")])
    table = np.array(reference.pairs[0].counts).reshape(9, 9)
    assert np.diag(table).tolist() == [100] * 8 + [0]
    [without_y] = sketch_like(pl.DataFrame({"x": [1, 2]}), reference).pairs
    assert without_y.counts[8] == 2


@settings(deadline=None)
@given(rows_of, st.lists(rows_of, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_merged_batches_are_the_sketch_of_their_rows_together_in_any_order(
    learned: list[tuple[float | None, str | None]], batches: list[list[tuple[float | None, str | None]]], random: object
) -> None:
    reference = sketch_reference(frame_of(learned), (), pairs=[("x", "z")])
    parts = [sketch_like(frame_of(batch), reference) for batch in batches]
    together = sketch_like(frame_of([row for batch in batches for row in batch]), reference)
    assert exact(merge(parts)) == exact(together)
    random.shuffle(parts)  # type: ignore[attr-defined]
    assert exact(merge([parts[0], merge(parts[1:])])) == exact(together)
    assert merge([together, merge([])]) == together


def exact(sketch: Sketch) -> object:
    """Return everything but the sums of values, which are rounded."""
    value = sketch.as_dict()
    for column in value["columns"].values():
        column.pop("total", None), column.pop("squares", None)
    return value


def test_sums_add_up_too() -> None:
    reference = sketch_reference(pl.DataFrame({"x": [0.0, 1.0]}), ())
    column = merge([sketch_like(pl.DataFrame({"x": values}), reference) for values in ([1.0, 2.0], [3.0])]).columns["x"]
    assert isinstance(column, NumberSketch)
    assert (column.total, column.squares, column.low, column.high) == (6.0, 14.0, 1.0, 3.0)


def test_more_than_fifty_new_levels_merge_exactly_as_well() -> None:
    reference = sketch_reference(pl.DataFrame({"z": ["a"]}), ())
    values = [f"n{(i * 37) % 120:03d}" for i in range(600)]
    parts = [sketch_like(pl.DataFrame({"z": values[at::7]}), reference) for at in range(7)]
    assert merge(parts) == sketch_like(pl.DataFrame({"z": values}), reference)


def test_a_column_that_some_batches_lack_is_missing_in_their_rows() -> None:
    reference = sketch_reference(pl.DataFrame({"x": [1.0, 2.0], "z": ["a", "b"]}), ())
    whole = sketch_like(pl.DataFrame({"x": [1.0], "z": ["a"]}), reference)
    broken = sketch_like(pl.DataFrame({"z": ["b", "b"]}), reference)
    assert "x" not in broken.columns
    merged = merge([whole, broken])
    assert (merged.rows, merged.columns["x"].missing, merged.columns["z"].missing) == (3, 2, 0)


def test_sketches_of_other_cells_do_not_merge() -> None:
    made = [sketch_reference(pl.DataFrame({"x": values}), ()) for values in ([1.0, 2.0], [1.0, 3.0])]
    with pytest.raises(ValueError, match="'x' was not counted into the same cells"):
        merge(made)


def test_columns_are_left_out_with_their_pairs() -> None:
    made = sketch_reference(pl.DataFrame({"x": [1.0], "y": [1.0], "z": ["a"]}), (), pairs=[("x", "y"), ("y", "z")])
    left = made.without({"x"})
    assert (list(left.columns), [pair.first.name for pair in left.pairs]) == (["y", "z"], ["y"])


@settings(deadline=None)
@given(rows_of, st.randoms(use_true_random=False))
def test_a_sketch_survives_json_and_does_not_depend_on_row_order(
    rows: list[tuple[float | None, str | None]], random: object
) -> None:
    frame = frame_of(rows)
    made = sketch_reference(frame, (), pairs=[("x", "z")])
    assert Sketch.from_dict(json.loads(canonical_json(made.as_dict()))) == made
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert sketch_reference(frame[order], (), pairs=[("x", "z")]) == made


def test_what_is_no_sketch_is_refused() -> None:
    with pytest.raises(ValueError, match="rows"):
        Sketch.from_dict({"columns": {}})


def test_a_quantity_and_the_probability_of_the_positive_class_are_watched_as_numbers() -> None:
    assert prediction_column(np.array([3.5, 1.0]), ()).to_list() == [3.5, 1.0]
    assert prediction_column(np.array([[0.2, 0.8], [0.9, 0.1]]), (False, True)).to_list() == [0.8, 0.1]


def test_of_several_classes_the_most_likely_is_watched_as_a_category() -> None:
    column = prediction_column(np.array([[0.2, 0.7, 0.1], [0.1, 0.2, 0.7], [0.1, 0.8, 0.1]]), (1, 2, 3))
    assert sketch_reference(column.to_frame(), ()).columns == {PREDICTION: CategorySketch({"2": 2, "3": 1}, {}, 0, 0)}
    assert prediction_column(np.empty((0, 3)), (1, 2, 3)).to_list() == []
