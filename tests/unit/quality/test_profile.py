"""Figures of tables are as worked out by hand and as Polars counts them; comparisons name what matters first."""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.project.dictionary import DictionarySpec
from steward.quality.compare import Change, compare, compare_periods
from steward.quality.figures import Cells, TableProfile, metrics_of
from steward.quality.profile import profile_table
from steward.quality.summary import summary_lines

KNOWN = {"known_at": "request", "meaning": "a test"}


def words(**columns: dict[str, object]) -> DictionarySpec:
    return DictionarySpec.model_validate({"columns": {name: {**KNOWN, **spec} for name, spec in columns.items()}})


NOTHING = words(unrelated={"type": "text"})


def profiled(**columns: object) -> TableProfile:
    return profile_table(pl.DataFrame(columns), NOTHING)


def test_a_number_by_hand() -> None:
    # of 0, 1, 2, 3, 94: mean 20, variance (400+361+324+289+5476)/4 = 1712.5; quartiles 1 and 3
    column = profiled(x=[3.0, None, 0.0, 94.0, float("nan"), 1.0, 2.0]).columns[0]
    assert column.cells.rows == 7
    assert column.cells.nulls == 2
    assert column.cells.distinct == 5
    assert column.cells.zeros == 1
    assert column.cells.mean == 20
    assert column.cells.std == pytest.approx(1712.5**0.5)
    assert column.number is not None
    assert (column.number.min, column.number.max, column.number.negatives, column.number.infinite) == (0, 94, 0, 0)
    assert column.number.quantiles["25"] == 1
    assert column.number.quantiles["50"] == 2
    assert column.number.quantiles["95"] == pytest.approx(3 + 0.8 * 91)
    assert column.number.iqr_outliers == 1  # above 3 + 1.5·2
    assert column.number.z_outliers == 0
    assert column.cells.null_share == pytest.approx(2 / 7)
    assert column.cells.zero_share == pytest.approx(1 / 7)


def test_infinite_cells_are_counted_and_leave_the_figures_finite() -> None:
    column = profiled(x=[1.0, float("inf"), float("-inf"), 3.0]).columns[0]
    assert column.number is not None
    assert column.number.infinite == 2
    assert column.cells.mean == 2
    assert column.cells.nulls == 0
    json.dumps(profiled(x=[float("inf"), 1e308, -1e308]).as_dict(), allow_nan=False)


def test_whole_numbers_keep_every_digit_in_their_values() -> None:
    column = profiled(x=[2**60 + 1, 2**60 + 1, 2**60]).columns[0]
    assert [(one.value, one.rows) for one in column.values] == [(str(2**60 + 1), 2), (str(2**60), 1)]
    assert column.cells.distinct == 2


def test_codes_have_words_and_no_mean() -> None:
    spec = words(how={"type": "integer", "codes": {"1": "card", "2": "cash"}, "unit": "code", "meaning": "how it was paid"})
    column = profile_table(pl.DataFrame({"how": [1, 1, 2, 9, None]}), spec).columns[0]
    assert [(one.value, one.words, one.rows) for one in column.values] == [("1", "card", 2), ("2", "cash", 1), ("9", "", 1)]
    assert column.number is None
    assert column.cells.mean is None
    assert column.cells.zeros is None
    assert (column.type, column.unit, column.meaning) == ("integer", "code", "how it was paid")


def test_texts_booleans_and_times() -> None:
    table = profiled(
        text=["b", "a", "b", None],
        yes=[True, False, True, True],
        at=pl.Series(["2024-01-31 12:00", None, "2024-01-01 00:00", "2024-01-01 00:00"]).str.to_datetime(),
    )
    text, yes, at = table.columns
    assert [(one.value, one.rows) for one in text.values] == [("b", 2), ("a", 1)]
    assert text.cells == Cells(rows=4, nulls=1, distinct=2)
    assert [one.value for one in yes.values] == ["true", "false"]
    assert (at.first, at.last, at.cells.distinct) == ("2024-01-01T00:00:00", "2024-01-31T12:00:00", 2)
    assert at.bars is not None
    assert sum(at.bars.counts) + at.bars.below + at.bars.above == 3
    assert [column.type for column in table.columns] == ["text", "boolean", "datetime"]


def test_duplicates_empty_and_constant_columns() -> None:
    table = profile_table(
        pl.DataFrame({"a": [1, 1, 1], "b": ["x", "x", "y"], "none": pl.Series([None] * 3, dtype=pl.Float64)}), NOTHING
    )
    assert table.duplicates == 1
    assert table.always_null == ("none",)
    assert table.constant == ("a",)


def test_of_no_rows_there_is_a_profile() -> None:
    table = profile_table(pl.DataFrame(schema={"x": pl.Float64, "t": pl.String, "at": pl.Datetime, "period": pl.String}), NOTHING)
    assert table.rows == 0
    assert [column.cells.rows for column in table.columns] == [0, 0, 0]
    assert table.always_null == ()
    assert summary_lines(table)[0].startswith("0 rows, 3 columns")
    assert compare(table, profiled(x=[1.0])) == ()


def test_periods_are_told_in_their_order_also_where_their_rows_are_mixed() -> None:
    frame = pl.DataFrame({"period": ["b", "a", "b", "a"], "x": [0.0, 1.0, None, 3.0], "t": ["u", "v", "u", None]})
    table = profile_table(frame, NOTHING)
    assert table.periods == {"b": 2, "a": 2}
    x, t = table.column("x"), table.column("t")
    assert x is not None
    assert t is not None
    assert x.by_period["a"] == Cells(2, 0, 2, 0, 2.0, pytest.approx(2**0.5))
    assert x.by_period["b"] == Cells(2, 1, 1, 1, 0.0, None)
    assert t.by_period == {"b": Cells(2, 0, 1), "a": Cells(2, 1, 1)}
    assert table.column("period") is None


def test_bars_of_few_whole_numbers_are_one_each_and_can_be_laid_over_each_other() -> None:
    before = profiled(x=[1, 2, 2, 3])
    after = profile_table(pl.DataFrame({"x": [2, 3]}), NOTHING, like=before)
    assert before.columns[0].bars is not None
    assert after.columns[0].bars is not None
    assert before.columns[0].bars.counts == (1, 2, 1)
    assert (before.columns[0].bars.low, before.columns[0].bars.high) == ("1", "3")
    assert after.columns[0].bars.counts == (0, 1, 1)


def test_a_column_that_needs_care_keeps_rare_values_and_extremes_to_itself() -> None:
    spec = words(name={"type": "text", "sensitivity": "personal"}, age={"type": "number", "sensitivity": "sensitive"})
    frame = pl.DataFrame({"name": ["Eve"] * 10 + ["Zoë"], "age": [30.0] * 10 + [99.0]})
    name, age = profile_table(frame, spec).columns
    assert [one.value for one in name.values] == ["Eve"]
    assert [one.value for one in age.values] == ["30"]
    assert age.number is not None
    assert (age.number.min, age.number.max) == (None, None)
    assert age.masked
    few = profile_table(frame.head(9), spec)
    assert "Eve" not in json.dumps(few.as_dict())
    assert few.columns[1].number is not None
    assert few.columns[1].number.quantiles == {}
    assert few.columns[1].bars is None


def test_metrics_are_rows_for_a_database() -> None:
    metrics = {(one.column, one.metric): one.value for one in metrics_of(profiled(x=[0.0, None, 4.0], t=["a", "a", "b"]), "raw")}
    assert metrics["", "rows"] == 3
    assert metrics["x", "null_share"] == pytest.approx(1 / 3)
    assert metrics["x", "median"] == 2
    assert metrics["x", "mean"] == 2
    assert metrics["t", "distinct"] == 2
    assert ("t", "mean") not in metrics


def test_the_summary_says_what_came_in() -> None:
    frame = pl.DataFrame(
        {"period": ["a"] * 50 + ["b"] * 50, "x": [1.0, 2.0] * 49 + [2.0, 500.0], "none": [None] * 100, "k": [7] * 100}
    )
    lines = summary_lines(profile_table(frame, NOTHING))
    assert lines == (
        "100 rows, 3 columns, 33.3% of the cells empty; 95 rows repeat an earlier one",
        "rows by period: a 50, b 50",
        "empty: none 100.0%",
        "always the same: k",
        "beyond 3 standard deviations: x in 1 rows (up to 500)",
    )


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6), st.integers(-3, 3).map(float)), min_size=1, max_size=80), st.randoms())
def test_figures_are_those_that_polars_counts_in_any_order(cells: list[float | None], order: object) -> None:
    series = pl.Series("x", cells, dtype=pl.Float64)
    column = profile_table(series.to_frame(), NOTHING).columns[0]
    held = series.drop_nulls()
    assert column.cells.nulls == series.null_count()
    assert column.cells.distinct == held.n_unique() if len(held) else column.always_null
    assert column.cells.zeros == int((held == 0).sum())
    if len(held):
        assert column.number is not None
        assert column.cells.mean == pytest.approx(held.mean(), abs=1e-6)
        assert column.number.quantiles["75"] == pytest.approx(held.quantile(0.75, "linear"), rel=1e-9, abs=1e-9)
        assert column.bars is not None
        assert sum(column.bars.counts) + column.bars.below + column.bars.above == len(held)
    mixed = list(cells)
    order.shuffle(mixed)  # type: ignore[attr-defined]
    again = profile_table(pl.Series("x", mixed, dtype=pl.Float64).to_frame(), NOTHING).columns[0]
    assert again.values == column.values
    assert again.bars == column.bars


@given(st.lists(st.sampled_from(["a", "b", None]), max_size=60), st.lists(st.sampled_from([0.0, 1.0, 5.0, None]), max_size=60))
def test_nothing_differs_from_itself(texts: list[str | None], numbers: list[float | None]) -> None:
    for frame in (
        pl.DataFrame({"x": pl.Series(texts, dtype=pl.String)}),
        pl.DataFrame({"x": pl.Series(numbers, dtype=pl.Float64)}),
    ):
        table = profile_table(frame, NOTHING)
        assert compare(table, table) == ()


def one(found: tuple[Change, ...], kind: str) -> Change:
    return next(change for change in found if change.kind == kind)


def test_going_empty_is_told_first_and_with_both_shares() -> None:
    before = profiled(width=[5, 0, 7, 8] * 250, steady=[1.0, 2.0] * 500, mood=["good", "bad"] * 500)
    after = profiled(width=[None, 0, None, None] * 250, steady=[2.0, 1.0] * 500, mood=["good", "good"] * 500)
    found = compare(before, after)
    assert found[0].column == "width"
    assert found[0].text == "going empty: empty in 0.0% of the rows before, in 75.0% after"
    assert found[0].weight == 1
    assert "vanished values: bad, in 50.0% of the rows" in [change.text for change in found if change.column == "mood"]


def test_zeros_that_take_the_place_of_values_are_going_empty_too() -> None:
    found = compare(profiled(x=[0, 3, 4, 5] * 100), profiled(x=[0, 0, 0, 5] * 100))
    assert (found[0].kind, found[0].before, found[0].after) == ("emptier", 0.25, 0.75)
    assert found[0].text == "going empty: 0 in 25.0% of the rows before, in 75.0% after"
    assert not any(change.kind == "moved" for change in found)


def test_means_that_move_say_by_how_much() -> None:
    # standard deviation 1 (to a thousandth), means 0.5 apart
    before, after = profiled(x=[9.0, 11.0] * 500), profiled(x=[9.5, 11.5] * 500)
    moved = one(compare(before, after), "moved")
    assert (moved.before, moved.after) == (10, 10.5)
    assert moved.weight == pytest.approx(0.5 / 1.5, abs=1e-3)
    assert moved.text == "mean 10 before, 10.5 after, 0.5 standard deviations"


def test_a_monstrous_value_does_not_hide_a_move_of_all_the_others() -> None:
    before = [float(x % 100) for x in range(5000)]
    after = [x + 40 for x in before]
    found = compare(profiled(x=[*before, 1e9]), profiled(x=[*after, 1e9]))
    assert "median 50 before, 90 after" in one(found, "moved").text


def test_few_rows_prove_nothing() -> None:
    assert compare(profiled(x=[1.0, 2.0, 3.0]), profiled(x=[2.0, 3.0, None])) == ()


def test_new_and_other_values_are_named_with_their_words() -> None:
    spec = words(how={"type": "integer", "codes": {"1": "card", "3": "voucher"}})
    before = profile_table(pl.DataFrame({"how": [1, 2] * 200}), spec)
    after = profile_table(pl.DataFrame({"how": [1, 1, 1, 3] * 100}), spec)
    found = compare(before, after)
    assert one(found, "new values").text == "new values: 3 (voucher), in 25.0% of the rows"
    assert one(found, "mix").weight == pytest.approx(0.5)
    nothing_left = compare(before, profile_table(pl.DataFrame({"how": [3] * 400}), spec))
    assert [change.text for change in nothing_left] == ["no value is the same: 1 (card), 2 before, 3 (voucher) after"]


def test_columns_that_come_and_go() -> None:
    found = compare(profiled(a=[1], b=[1]), profiled(b=[1], c=[1]))
    assert [(change.column, change.kind) for change in found] == [("a", "gone"), ("c", "new")]


def test_values_of_people_are_not_named() -> None:
    spec = words(name={"type": "text", "sensitivity": "personal"})
    before, after = (profile_table(pl.DataFrame({"name": [name] * 300}), spec) for name in ("Eve", "Zoë"))
    assert compare(before, after) == ()


def test_changes_from_period_to_period() -> None:
    frame = pl.DataFrame({"period": ["2016"] * 200 + ["2017"] * 200 + ["2018"] * 200, "w": [1.0] * 400 + [None, 1.0] * 100})
    (change,) = compare_periods(profile_table(frame, NOTHING))
    assert (change.earlier, change.later) == ("2017", "2018")
    assert change.change.text == "going empty: empty in 0.0% of the rows before, in 50.0% after"
    assert change.change.as_dict()["weight"] == 0.75


def test_the_width_of_french_roads_goes_empty_in_2018(data: Path) -> None:
    folder = data / "accidents"
    raw = [_places(folder / "raw" / name) for name in ("lieux_2016.csv.gz", "lieux-2018.csv.gz")]
    first = compare(*raw)[:3]
    change = next(change for change in first if change.column == "larrout")
    assert change.text == "going empty: empty in 2.7% of the rows before, in 76.3% after"
    samples = [_places(folder / f"baac_sample_{years}.csv.gz") for years in ("2005_2016", "2018")]
    change = next(change for change in compare(*samples)[:3] if change.column == "larrout")
    assert change.text.startswith("going empty: 0 in ")


def _places(path: Path) -> TableProfile:
    return profile_table(pl.read_csv(path, infer_schema_length=None, encoding="utf8-lossy"), NOTHING)
