"""Curves are as worked out by hand; pictures of classes are PNGs and have words."""

import numpy as np
import pytest
from tests.unit.reporting.test_pictures import _is_whole_png

from steward.reporting.class_curves import calibration, retrieval
from steward.reporting.class_pictures import class_pictures


def test_recall_and_precision_at_each_threshold() -> None:
    # scores 0.9 (hit), twice 0.5 (one hit), 0.2 (miss): equal scores enter together
    curve = retrieval(np.array([True, True, False, False]), np.array([0.9, 0.5, 0.5, 0.2]))
    assert curve.recall.tolist() == [0.5, 1, 1]
    assert curve.precision.tolist() == pytest.approx([1, 2 / 3, 1 / 2])
    assert curve.false_alarms.tolist() == [0, 0.5, 1]
    assert curve.share == 0.5


def test_a_long_curve_keeps_its_ends_and_few_points() -> None:
    draw = np.random.default_rng(1)
    curve = retrieval(draw.random(50_000) < 0.1, draw.random(50_000))
    assert len(curve.recall) <= 400
    assert curve.recall[-1] == 1
    assert curve.precision[-1] == pytest.approx(curve.share)


def test_groups_of_the_calibration_hold_every_row_once() -> None:
    # 40 rows, four groups of ten: of those said to be 0.1, 0.3, 0.6, 0.9 happen 1, 3, 6 and 7 of ten
    scores = np.repeat([0.1, 0.3, 0.6, 0.9], 10)
    hits = np.concatenate([np.arange(10) < count for count in (1, 3, 6, 7)])
    found = calibration(hits, scores)
    assert found.said == pytest.approx([0.1, 0.3, 0.6, 0.9])
    assert found.happened == pytest.approx([0.1, 0.3, 0.6, 0.7])
    assert found.rows.tolist() == [10, 10, 10, 10]
    assert found.gap == pytest.approx(0.2 / 4)


@pytest.mark.parametrize("rows", [1, 9, 25])
def test_few_rows_and_equal_probabilities_make_few_groups(rows: int) -> None:
    found = calibration(np.ones(rows, dtype=bool), np.full(rows, 0.5))
    assert found.rows.tolist() == [rows]
    assert found.gap == 0.5


def test_pictures_of_two_classes_are_about_the_positive_one_and_say_so() -> None:
    positive = np.concatenate([np.full(60, 0.2), np.full(40, 0.8)])
    actual = np.concatenate([np.repeat([0.0, 1.0], [48, 12]), np.repeat([0.0, 1.0], [8, 32])])
    matrix, curve, roc, word = class_pictures(actual, np.column_stack([1 - positive, positive]), ("no", "yes"))
    assert matrix.caption == "Answered rightly: no in 86% of 56, yes in 73% of 44 test rows."
    assert curve.caption == "Right, where half of the class is found: yes 80% (by chance 44.0%)."
    assert roc.caption == "False alarms among the other rows, where nine tenths of the class are found: yes 100%."
    assert word.caption == "Mean distance between said and true, in percentage points: yes 0.0."
    assert all(_is_whole_png(plot.png) and plot.caption in plot.alt for plot in (matrix, curve, roc, word))


def test_many_classes_with_hostile_names_are_drawn_as_far_as_there_is_room() -> None:
    draw = np.random.default_rng(2)
    names = tuple(f"<b>$^{{{code}$" * 3 for code in range(9))
    plots = class_pictures(draw.integers(0, 9, 400).astype(np.float64), draw.dirichlet(np.ones(9), 400), names)
    assert all(_is_whole_png(plot.png) for plot in plots)
    assert plots[1].caption.endswith("3 more classes are not drawn.")
    assert sum(len(plot.png) for plot in plots) * 4 / 3 < 300_000
