from collections.abc import Sequence

import polars as pl
import pytest

from steward.core.errors import UsageError
from steward.core.tasks import TaskKind
from steward.models.target import judge_target


def parts(train: Sequence[object], validation: Sequence[object], test: Sequence[object]) -> dict[str, pl.Series]:
    whole = pl.Series([*train, *validation, *test], strict=False)
    cuts = {"training": (0, len(train)), "validation": (len(train), len(validation)), "test": (-len(test), len(test))}
    return {name: whole.slice(*cut) for name, cut in cuts.items()}


def judged(task: TaskKind, *values: Sequence[object]) -> UsageError:
    with pytest.raises(UsageError) as caught:
        judge_target(parts(*values), task=task, target="y")
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].fix
    return caught.value


def test_a_quantity_has_no_classes_and_classes_are_sorted() -> None:
    assert judge_target(parts([1.0, 2.0], [1.0], [3.0]), task="regression", target="y") == ()
    assert judge_target(parts([True, False], [False], [True]), task="regression", target="y") == ()
    assert judge_target(parts(["b", "a"], ["a", "b"], ["b", "a"]), task="binary", target="y") == ("a", "b")


def test_a_constant_quantity_is_refused_although_test_rows_differ() -> None:
    assert "MODEL-025]: the target 'y' is 4.0 in all of 3 training rows" in str(judged("regression", [4.0] * 3, [4.0], [5.0]))


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_an_empty_target_is_one_error_with_its_own_fix(task: TaskKind) -> None:
    error = judged(task, [None] * 3, [None], [None])
    assert "MODEL-012]: the target 'y' is empty in all of 5 rows" in str(error)
    assert "not_null" not in error.faults[0].fix  # it would set all rows apart


def test_single_empty_cells_are_to_be_set_apart_and_nan_is_one() -> None:
    error = judged("regression", [1.0, None], [float("nan")], [2.0])
    assert "MODEL-012]: the target 'y' is empty in 2 of 4 rows" in str(error)
    assert "not_null" in error.faults[0].fix


def test_text_and_times_are_no_quantity() -> None:
    error = judged("regression", ["long", "short"], ["long"], ["short"])
    assert "MODEL-026" in str(error)
    assert "task: binary" in error.faults[0].fix
    times = pl.Series([0, 1]).cast(pl.Datetime("us"))
    with pytest.raises(UsageError, match=r"MODEL-026.*Datetime"):
        judge_target({"training": times, "validation": times, "test": times}, task="regression", target="y")


def test_an_infinite_quantity_is_counted() -> None:
    assert "MODEL-027]: the target 'y' is infinite in 2 rows" in str(
        judged("regression", [1.0, float("inf")], [2.0], [-float("inf")])
    )


def test_a_constant_class_and_a_class_of_one_row_are_one_error_each() -> None:
    assert "MODEL-014" in str(judged("binary", ["no"] * 3, ["no"], ["no"]))
    assert "class 'c' of 'y' has 1 training, 0 validation, 0 test rows" in str(
        judged("multiclass", ["a", "b", "c"], ["a", "b"], ["a", "b"])
    )
