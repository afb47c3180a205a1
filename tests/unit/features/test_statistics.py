import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from steward.features.statistics import associate, bin_edges, levels_of

LUCK = np.random.default_rng(1)


def test_numbers_go_together_as_their_ranks_do() -> None:
    a, b = LUCK.normal(size=200), LUCK.normal(size=200)
    b[:50] = np.nan
    pairs = associate(pl.DataFrame({"a": a, "b": b + a, "c": np.exp(a), "d": -a}).fill_nan(None), ())
    assert pairs.of("a", "b") == pytest.approx(spearmanr(a[50:], (b + a)[50:])[0])
    assert (pairs.of("a", "c"), pairs.of("a", "d")) == (pytest.approx(1.0), pytest.approx(-1.0))
    assert pairs.measure("a", "b") == "Spearman"


def test_v_of_two_codes_matches_the_hand_calculation() -> None:
    # 40 and 10 over 10 and 40: chi-square 36 of 100 rows, 0.36; less 1/99, over 1 - 1/99
    a, b = np.repeat([0, 0, 1, 1], [40, 10, 10, 40]), np.repeat([0, 1, 0, 1], [40, 10, 10, 40])
    pairs = associate(pl.DataFrame({"a": a, "b": b}), ["a", "b"])
    assert pairs.of("a", "b") == pytest.approx(np.sqrt((0.36 - 1 / 99) / (1 - 1 / 99)))
    assert pairs.measure("a", "b") == "Cramér's V"


def test_a_code_goes_with_itself_fully_with_chance_not_and_with_a_number_by_its_bins() -> None:
    code = LUCK.integers(0, 5, 3000)
    table = pl.DataFrame({"code": code, "again": (code + 3) % 5, "chance": LUCK.integers(0, 5, 3000), "x": code * 10.0})
    pairs = associate(table, ["code", "again", "chance"])
    assert pairs.of("code", "again") == pytest.approx(1.0)
    assert pairs.of("code", "x") == pytest.approx(1.0)
    assert pairs.of("code", "chance") == pytest.approx(0.0, abs=0.06)


def test_what_never_differs_goes_with_nothing() -> None:
    pairs = associate(pl.DataFrame({"a": [1.0] * 40, "b": range(40), "c": [1] * 40, "e": [None] * 40}), ["c"])
    assert [pairs.of("a", "b"), pairs.of("c", "b"), pairs.of("e", "b"), pairs.of("e", "c")] == [None] * 4


def test_the_strongest_pairs_come_first_whatever_the_sign() -> None:
    a, noise = LUCK.normal(size=500), LUCK.normal(size=500)
    pairs = associate(pl.DataFrame({"a": a, "weak": a + 3 * noise, "against": -a, "target": a}), ())
    strongest = pairs.strongest(2, among=("a", "weak", "against"))
    assert strongest[0][:2] == ("a", "against")
    assert "weak" in strongest[1][:2]
    assert strongest[0][2] == pytest.approx(-1.0)
    assert len(strongest) == 2


def test_levels_are_equally_full_and_rare_codes_share_one() -> None:
    bins = levels_of(pl.Series([*range(100), None]), is_code=False)
    assert np.bincount(bins[:100]).tolist() == [10] * 10
    assert bins[100] == -1
    codes = levels_of(pl.Series([*(n for n in range(50) for _ in range(3)), 100, 101, None]), is_code=True)
    assert codes[-3:].tolist() == [50, 50, -1]


def test_equal_values_share_a_bin() -> None:
    assert bin_edges(pl.Series([1.0] * 95 + [2.0] * 5), 10).tolist() == []
    assert bin_edges(pl.Series([1.0] * 50 + [2.0] * 50), 10).tolist() == [2.0]
    assert bin_edges(pl.Series([None], dtype=pl.Float64), 10).tolist() == []


tables = st.lists(
    st.tuples(st.floats(-5, 5) | st.none(), st.integers(0, 3) | st.none(), st.integers(0, 2)), min_size=12, max_size=40
)


@given(tables)
def test_strengths_are_symmetric_and_bounded(rows: list[tuple[float | None, int | None, int]]) -> None:
    table = pl.DataFrame(rows, schema={"x": pl.Float64, "a": pl.Int64, "b": pl.Int64}, orient="row")
    values = associate(table, ["a", "b"]).values
    known = values[~np.isnan(values)]
    assert np.array_equal(values, values.T, equal_nan=True)
    assert np.all(np.abs(known) <= 1 + 1e-9)
    assert np.diag(values).tolist() == [1.0, 1.0, 1.0]
