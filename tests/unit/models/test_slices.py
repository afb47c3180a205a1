import numpy as np
import polars as pl
import pytest

from steward.models.metrics import regression_metrics
from steward.models.slices import MISSING, OTHERS, figures_by_slice, slice_labels

DRAW = np.random.default_rng(4)
TRUTH = DRAW.uniform(1, 60, 3000)
CITY = np.repeat(["paris", "rome", "oslo"], [2000, 980, 20])


def by_city(noise: np.ndarray, metric: str = "rmse") -> dict[str, object]:
    rows = figures_by_slice(TRUTH, TRUTH + noise, {"city": CITY}, task="regression", metric=metric, seed=7)
    return {row.value: row for row in rows}


def test_figures_of_a_slice_are_those_of_its_rows_and_the_difference_that_to_all_others() -> None:
    # off by 3 in Paris and by 4 elsewhere, always: no spread at all
    found = by_city(np.where(CITY == "paris", 3.0, 4.0))
    paris, rome = found["paris"], found["rome"]
    assert (paris.rows, paris.measured.value, paris.measured.low) == (2000, pytest.approx(3), pytest.approx(3))
    assert (paris.to_the_rest.value, paris.to_the_rest.high) == (pytest.approx(-1), pytest.approx(-1))
    # the rest of Rome: 2,000 rows off by 3 and 20 by 4
    rest = ((2000 * 9 + 20 * 16) / 2020) ** 0.5
    assert rome.to_the_rest.value == pytest.approx(4 - rest)
    assert (paris.differs, rome.differs) == (True, True)


def test_the_largest_come_first_and_a_small_one_is_only_counted() -> None:
    found = by_city(DRAW.normal(0, 4, 3000))
    assert list(found) == ["paris", "rome", "oslo"]
    oslo = found["oslo"]
    assert (oslo.rows, oslo.measured, oslo.to_the_rest, oslo.differs) == (20, None, None, False)
    assert oslo.note == "fewer than 30 rows"


def test_slices_that_are_alike_seldom_differ() -> None:
    draw = np.random.default_rng(8)

    def differs() -> int:
        noise, label = draw.normal(0, 4, 300), draw.choice(["a", "b"], 300)
        rows = figures_by_slice(np.zeros(300), noise, {"x": label}, task="regression", metric="rmse", seed=7, resamples=200)
        return rows[0].differs

    # 5 expected of 100; more than 11 in fewer than 5 of 1,000 such experiments
    assert sum(differs() for _ in range(100)) <= 11


def test_many_values_are_shown_as_the_largest_and_all_others() -> None:
    labels = np.array([f"zone {number}" for number in range(50)]).repeat(60)
    rows = figures_by_slice(TRUTH, TRUTH + 1, {"zone": labels}, task="regression", metric="mae", seed=7, resamples=50, most=5)
    assert len(rows) == 6
    assert (rows[-1].value, rows[-1].rows) == (OTHERS, 45 * 60)


def test_classes_are_ranked_within_a_slice_and_a_slice_of_one_class_is_told() -> None:
    truth = np.tile([0.0, 1.0], 200)
    label = np.repeat(["all", "yes", "all"], [100, 0, 300])
    label[truth == 1] = np.where(np.arange(200) < 50, "yes", "all")
    positive = np.clip(truth * 0.3 + DRAW.random(400) * 0.7, 0, 1)
    predicted = np.column_stack([1 - positive, positive])
    found = {row.value: row for row in figures_by_slice(truth, predicted, {"x": label}, task="binary", metric="roc_auc", seed=7)}
    assert found["all"].measured.low < found["all"].measured.value < found["all"].measured.high
    assert found["yes"].measured is None
    assert found["yes"].note == "roc_auc is undefined here"
    assert found["all"].to_the_rest is None


def test_numbers_of_many_values_become_ranges_that_hold_about_as_many_rows() -> None:
    ages = pl.Series([*range(20, 100), None], dtype=pl.Int64)
    labels = slice_labels(ages)
    names, counts = np.unique(labels, return_counts=True)
    assert names.tolist() == ["20 to 39", "39 to 59", "59 to 79", "79 to 99", MISSING]
    assert counts.tolist() == [20, 20, 20, 20, 1]


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (pl.Series([True, False, None]), ["true", "false", MISSING]),
        (pl.Series([1, 2, 1]), ["1", "2", "1"]),
        (pl.Series(["a", None, "b"]), ["a", MISSING, "b"]),
    ],
)
def test_few_values_stay_as_they_are(values: pl.Series, labels: list[str]) -> None:
    assert slice_labels(values).tolist() == labels


def test_labels_that_do_not_pair_with_the_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="'city' has 2 for 3000 rows"):
        figures_by_slice(TRUTH, TRUTH, {"city": CITY[:2]}, task="regression", metric="rmse", seed=7)


def test_one_value_for_all_rows_has_no_rest() -> None:
    (row,) = figures_by_slice(TRUTH, TRUTH + 2, {"x": np.full(3000, "a")}, task="regression", metric="mae", seed=7, resamples=50)
    assert row.measured.value == pytest.approx(regression_metrics(TRUTH, TRUTH + 2)["mae"])
    assert row.to_the_rest is None
