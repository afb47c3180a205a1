import numpy as np
import pytest

from steward.core.errors import UsageError
from steward.models.comparable import column_labels, compare_rows

GAP = np.nan


def test_numbers_are_standardised_and_gaps_are_the_median() -> None:
    there = compare_rows(np.array([[1.0], [3.0], [GAP], [2.0]]), names=["x"])
    # 1, 3, 2, 2: mean 2, variance 1/2
    assert there.points[:, 0] == pytest.approx([-(2**0.5), 2**0.5, 0, 0])
    assert there.notes == ("1 gaps are filled: a number with its median, a code of several levels with none of them",)


def test_a_code_counts_as_much_as_a_number_however_many_levels_it_has() -> None:
    draw = np.random.default_rng(1)
    matrix = np.column_stack([draw.normal(size=400), draw.integers(0, 5, 400), draw.integers(0, 2, 400)]).astype(np.float64)
    there = compare_rows(matrix, names=["x", "code", "flag"], categories=["code", "flag"])
    assert there.points.var(axis=0) == pytest.approx([1, *[1 / 5] * 5, 1])
    assert there.codes == {"code", "flag"}
    words = {"code": {"0": "none", "2": "two"}}
    assert column_labels(there.spread, words) == ("x", "code: none", "code: 1", "code: two", "code: 3", "code: 4", "flag")


def test_columns_that_tell_nothing_apart_are_left_out_and_named() -> None:
    matrix = np.array([[1.0, 5.0, GAP, np.inf], [2.0, GAP, GAP, 1.0], [3.0, 5.0, GAP, 2.0]])
    there = compare_rows(matrix, names=["x", "same", "empty", "speed"])
    assert there.names == ("x", "speed")
    assert np.isfinite(there.points).all()
    assert there.notes == (
        "speed is infinite in 1 row, which counts as a gap",
        "left out, for no row holds it: empty",
        "left out, for it is the same in every row that holds it: same",
        "1 gaps are filled: a number with its median, a code of several levels with none of them",
    )


def test_of_many_levels_the_rare_ones_are_named_as_one() -> None:
    matrix = np.repeat(np.arange(60.0), 2)[:, None]
    assert compare_rows(matrix, names=["zone"], categories=["zone"]).notes == (
        "of the 60 levels of zone only the 50 most frequent are told apart",
    )


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        (np.array([[1.0, 2.0]]), "a single row"),
        (np.array([[1.0, GAP], [1.0, GAP]]), "no feature tells rows apart"),
        (np.array([[np.inf, 1.0], [-np.inf, 1.0]]), "no feature tells rows apart"),
        (np.zeros((0, 2)), "a single row"),
    ],
)
def test_rows_that_cannot_be_compared_are_refused(matrix: np.ndarray, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        compare_rows(matrix, names=["a", "b"])
    assert caught.value.faults[0].code == "MODEL-061"
