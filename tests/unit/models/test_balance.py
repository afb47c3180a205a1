import numpy as np
import pytest

from steward.models.balance import class_weights, of_rows


def test_all_classes_weigh_the_same_and_all_rows_what_they_did() -> None:
    codes = np.array([0.0, 0.0, 0.0, 1.0, 2.0, 2.0])
    table = class_weights(codes, 3)
    assert table == pytest.approx([2 / 3, 2, 1])
    assert of_rows(table, codes).sum() == pytest.approx(6)


def test_rows_that_count_for_more_are_more_of_their_class() -> None:
    codes, weights = np.array([0.0, 1.0]), np.array([3.0, 1.0])
    table = class_weights(codes, 2, weights)
    assert of_rows(table, codes, weights).tolist() == [2, 2]


def test_a_class_without_rows_counts_nothing() -> None:
    # two rows for two classes: one each, but the first class has both
    assert class_weights(np.array([0.0, 0.0]), 2).tolist() == [0.5, 0.0]
