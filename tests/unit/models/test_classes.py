import numpy as np
import polars as pl
import pytest

from steward.core.errors import UsageError
from steward.core.tasks import Label
from steward.models.classes import align, encode, find_classes, name_of, unknown_classes


def parts(train: list[object], validation: list[object], test: list[object]) -> dict[str, pl.Series]:
    return {
        name: pl.Series(values) for name, values in zip(("training", "validation", "test"), (train, validation, test), strict=True)
    }


@pytest.mark.parametrize(
    ("values", "classes"),
    [(["yes", "no"], ("no", "yes")), ([1, 0], (0, 1)), ([True, False], (False, True)), ([10, 9], (9, 10))],
)
def test_classes_keep_their_values_and_the_last_is_positive(values: list[object], classes: tuple[Label, ...]) -> None:
    found = find_classes(parts(values, values, values), task="binary", target="y")
    assert found == classes
    assert [type(label) for label in found] == [type(label) for label in classes]
    assert encode(pl.Series([*classes, None]), classes).tolist()[:2] == [0, 1]
    assert np.isnan(encode(pl.Series([*classes, None]), classes)[2])


def test_categories_are_texts() -> None:
    series = pl.Series(["b", "a"]).cast(pl.Categorical)
    assert find_classes(dict.fromkeys(("training", "validation", "test"), series), task="binary", target="y") == ("a", "b")


def test_a_class_that_is_not_in_every_part_is_named_with_its_rows() -> None:
    with pytest.raises(UsageError) as caught:
        find_classes(parts([1, 2, 2, 3], [1, 2], [1, 2, 4]), task="multiclass", target="severity")
    first, second = caught.value.faults
    assert first.code == second.code == "MODEL-013"
    assert first.what == "class '3' of 'severity' has 1 training, 0 validation, 0 test rows"
    assert second.what == "class '4' of 'severity' has 0 training, 0 validation, 1 test rows"
    assert "periods" in first.fix


def test_a_column_of_numbers_taken_for_classes_does_not_flood_the_screen() -> None:
    values: list[object] = list(range(100))
    with pytest.raises(UsageError, match="94 more classes are not in every part") as caught:
        find_classes(parts(values, [0], [0]), task="multiclass", target="y")
    assert len(caught.value.faults) == 6


def test_a_single_class_is_nothing_to_tell_apart() -> None:
    with pytest.raises(UsageError, match=r"MODEL-014.*'y' is 'no' in all of 4 rows"):
        find_classes(parts(["no", "no"], ["no"], ["no"]), task="binary", target="y")


def test_a_binary_target_of_five_classes_is_told_how_to_become_two() -> None:
    values: list[object] = [0, 1, 2, 3, 4]
    with pytest.raises(UsageError, match=r"MODEL-015.*has 5: 0, 1, 2, 3, 4[\s\S]*num > 0"):
        find_classes(parts(values, values, values), task="binary", target="num")


@pytest.mark.parametrize("values", [[0.5, 1.0], [1.0, 2.0]])
def test_classes_are_no_decimal_numbers(values: list[object]) -> None:
    with pytest.raises(UsageError, match=r"MODEL-016.*Float64"):
        find_classes(parts(values, values, values), task="binary", target="y")


def test_classes_never_learnt_are_counted_and_have_no_code() -> None:
    window = pl.Series([1, 4, 4, 9, None, 2])
    assert unknown_classes(window, (1, 2)) == {"4": 2, "9": 1}
    assert np.isnan(encode(window, (1, 2))).tolist() == [False, True, True, True, True, False]
    assert unknown_classes(pl.Series([None, None]), (1, 2)) == {}


def test_probabilities_are_spread_over_more_classes_with_zeros() -> None:
    assert align(np.array([[0.3, 0.7]]), ("b", "c"), ("a", "b", "c")).tolist() == [[0, 0.3, 0.7]]


def test_names_are_what_json_writes_as_keys() -> None:
    assert [name_of(label) for label in (True, False, 3, "Yes")] == ["true", "false", "3", "Yes"]
