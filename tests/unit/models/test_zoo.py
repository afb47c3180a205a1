import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.core.errors import UsageError
from steward.models.boosted import Boosted, _parameters
from steward.models.logistic import Logistic
from steward.models.zoo import FILES, fit, load, parse
from steward.project.candidates import CandidateSpec, LightGbmSpec, LinearSpec, MeanSpec

NAMES = ("distance_km", "hour", "noise")
TREES = LightGbmSpec(kind="lightgbm", num_trees=60, learning_rate=0.2, num_leaves=15, min_rows_in_leaf=10)
KINDS = [MeanSpec(kind="mean"), LinearSpec(kind="linear"), LinearSpec(kind="linear", alpha=2.0), TREES]
Make = Callable[[int, int], tuple[np.ndarray, np.ndarray]]


def test_the_mean_answers_the_mean_and_finds_nothing_important() -> None:
    model = fit(MeanSpec(kind="mean"), np.zeros((3, 1)), np.array([1.0, 2.0, 6.0]), names=["x"])
    assert model.predict(np.ones((2, 1))).tolist() == [3, 3]
    assert model.importance().tolist() == [0]


def test_least_squares_finds_a_line_and_fills_gaps_with_the_median() -> None:
    # y = 3 x + 1 on x = 0, 1, 2; the median of x is 1, so a gap is answered with 4
    matrix, truth = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 4.0, 7.0])
    model = fit(LinearSpec(kind="linear"), matrix, truth, names=["x"])
    assert model.predict(np.array([[5.0], [np.nan]])) == pytest.approx([16, 4])


def test_a_ridge_penalty_pulls_towards_the_mean() -> None:
    # x is -1, 1 after standardising, y' = ±3: weight 6 / (2 + 2) = 1.5 instead of 3
    matrix, truth = np.array([[0.0], [2.0]]), np.array([1.0, 7.0])
    model = fit(LinearSpec(kind="linear", alpha=2.0), matrix, truth, names=["x"])
    assert model.predict(matrix) == pytest.approx([2.5, 5.5])


def test_an_empty_and_a_constant_column_do_not_disturb_a_linear_model() -> None:
    matrix = np.array([[0.0, np.nan, 4.0], [1.0, np.nan, 4.0], [2.0, np.nan, 4.0]])
    model = fit(LinearSpec(kind="linear"), matrix, np.array([0.0, 2.0, 4.0]), names=NAMES)
    assert model.predict(matrix) == pytest.approx([0, 2, 4])
    assert model.importance() == pytest.approx([1, 0, 0])


@pytest.mark.parametrize("spec", KINDS, ids=lambda spec: spec.kind)
def test_a_model_answers_the_same_to_the_last_bit_after_a_round_trip(spec: CandidateSpec, sample: Make, tmp_path: Path) -> None:
    matrix, truth = sample(800, 1)
    matrix[::7, 2] = np.nan
    model = fit(spec, matrix, truth, names=NAMES)
    model.dump(tmp_path)
    again = load(spec.kind, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILES[spec.kind]]
    assert np.array_equal(again.predict(matrix), model.predict(matrix))
    assert (again.kind, again.names, again.content()) == (model.kind, NAMES, model.content())
    assert np.array_equal(again.importance(), model.importance())


@pytest.mark.parametrize("spec", KINDS, ids=lambda spec: spec.kind)
def test_fitting_twice_gives_the_identical_text(spec: CandidateSpec, sample: Make) -> None:
    matrix, truth = sample(3000, 1)
    later = sample(500, 2)
    texts = {fit(spec, matrix, truth, names=NAMES, validation=later).content() for _ in range(2)}
    assert len(texts) == 1


@pytest.mark.parametrize("spec", KINDS, ids=lambda spec: spec.kind)
def test_shares_of_importance_sum_to_one_or_are_zero(spec: CandidateSpec, sample: Make) -> None:
    shares = fit(spec, *sample(800, 1), names=NAMES).importance()
    assert shares.shape == (3,)
    assert shares.sum() == pytest.approx(0 if spec.kind == "mean" else 1)
    assert spec.kind == "mean" or shares.argmax() == 0


def test_trees_stop_where_validation_rows_no_longer_gain(sample: Make) -> None:
    matrix, truth = sample(800, 1)
    spec = TREES.model_copy(update={"num_trees": 1000})
    stopped = fit(spec, matrix, truth, names=NAMES, validation=sample(400, 2))
    assert isinstance(stopped, Boosted)
    assert 5 < stopped.trees < 500
    # The trees that were grown in vain are not kept.
    assert stopped.source.count("\nTree=") == stopped.trees


def test_a_single_row_and_no_row_are_answered_like_many(sample: Make) -> None:
    matrix, truth = sample(4000, 1)
    model = fit(TREES, matrix, truth, names=NAMES)
    assert model.predict(matrix[5:6])[0] == model.predict(matrix)[5]
    assert model.predict(matrix[:0]).shape == (0,)


@pytest.mark.parametrize("spec", KINDS[1:], ids=lambda spec: spec.kind)
def test_another_number_of_columns_is_refused_by_name(spec: CandidateSpec, sample: Make) -> None:
    model = fit(spec, *sample(200, 1), names=NAMES)
    with pytest.raises(ValueError, match=r"reads 3 columns \(distance_km, hour, noise\).*\(4, 2\)"):
        model.predict(np.zeros((4, 2)))


@pytest.mark.parametrize("kind", list(FILES))
@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"names": ["a"], "value": "x"}', "tree\nversion=v4\n"])
def test_a_file_that_holds_something_else_is_refused(kind: str, text: str) -> None:
    with pytest.raises(UsageError, match="MODEL-003"):
        parse(kind, text.encode())


def test_an_unknown_kind_is_refused_before_any_file_is_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"MODEL-002[\s\S]*did you mean 'linear'"):
        load("linea", tmp_path)


class _Mark:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.path, "w")


@pytest.mark.parametrize("kind", list(FILES))
def test_a_pickle_in_the_place_of_a_model_is_not_run(kind: str, tmp_path: Path) -> None:
    (tmp_path / FILES[kind]).write_bytes(pickle.dumps(_Mark(str(tmp_path / "marker")), protocol=0))
    with pytest.raises(UsageError, match="MODEL-003"):
        load(kind, tmp_path)
    assert not (tmp_path / "marker").exists()


def test_linear_files_with_a_list_too_short_are_refused(sample: Make) -> None:
    value = json.loads(fit(LinearSpec(kind="linear"), *sample(50, 1), names=NAMES).content())
    with pytest.raises(UsageError, match="MODEL-003"):
        parse("linear", json.dumps(value | {"weights": [1.0]}).encode())


def classes_of(sample: tuple[np.ndarray, np.ndarray], classes: int) -> tuple[np.ndarray, np.ndarray]:
    matrix, truth = sample
    return matrix, np.digitize(truth, np.quantile(truth, np.arange(1, classes) / classes)).astype(np.float64)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("spec", KINDS, ids=lambda spec: spec.kind)
def test_probabilities_sum_to_one_and_survive_a_round_trip(spec: CandidateSpec, classes: int, sample: Make) -> None:
    matrix, codes = classes_of(sample(800, 1), classes)
    matrix[::7, 2] = np.nan
    model = fit(
        spec, matrix, codes, names=NAMES, validation=classes_of(sample(300, 2), classes), classes=classes, categories=["hour"]
    )
    shares = model.predict(matrix)
    assert shares.shape == (800, classes)
    assert shares.sum(axis=1) == pytest.approx(1)
    assert shares.min() >= 0
    again = parse(model.kind, model.content())
    assert np.array_equal(again.predict(matrix), shares)
    assert again.content() == model.content()
    assert model.predict(matrix[:0]).shape == (0, classes)
    assert np.array_equal(model.predict(matrix[5:6])[0], shares[5]) or spec.kind == "linear"
    assert model.importance().sum() == pytest.approx(0 if spec.kind == "mean" else 1)


@pytest.mark.parametrize("spec", KINDS, ids=lambda spec: spec.kind)
def test_classes_fitted_twice_give_the_identical_text(spec: CandidateSpec, sample: Make) -> None:
    rows = classes_of(sample(2000, 1), 3)
    texts = {fit(spec, *rows, names=NAMES, classes=3, categories=["hour"]).content() for _ in range(2)}
    assert len(texts) == 1


def test_the_prior_answers_how_often_each_class_was() -> None:
    model = fit(MeanSpec(kind="mean"), np.zeros((4, 1)), np.array([0.0, 1.0, 1.0, 1.0]), names=["x"], classes=2)
    assert model.predict(np.ones((2, 1))).tolist() == [[0.25, 0.75]] * 2


def test_logistic_regression_gives_scikit_learns_probabilities(sample: Make) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    for classes in (2, 3):
        matrix, codes = classes_of(sample(600, 1), classes)
        model = fit(LinearSpec(kind="linear", alpha=0.5), matrix, codes, names=NAMES, classes=classes)
        exact = LogisticRegression(C=2.0, tol=1e-10, solver="newton-cholesky")
        pipeline = make_pipeline(StandardScaler(), exact).fit(matrix, codes)
        assert model.predict(matrix) == pytest.approx(pipeline.predict_proba(matrix), abs=1e-3)


def test_codes_are_spread_over_levels_and_a_level_never_seen_is_in_none_of_them() -> None:
    # the middle code is the positive one: no slope along the code could tell
    codes = np.tile([1.0, 2.0, 3.0], 60)
    model = fit(LinearSpec(kind="linear"), codes[:, None], (codes == 2).astype(float), names=["x"], classes=2, categories=["x"])
    one, two, three, unseen, missing = model.predict(np.array([[1.0], [2.0], [3.0], [7.0], [np.nan]]))[:, 1]
    assert two > 0.9
    assert one == pytest.approx(three, abs=1e-3)
    assert three < 0.1
    assert unseen == missing
    straight = fit(LinearSpec(kind="linear"), codes[:, None], (codes == 2).astype(float), names=["x"], classes=2)
    assert straight.predict(np.array([[1.0], [2.0]]))[:, 1] == pytest.approx([1 / 3, 1 / 3], abs=0.01)


def test_of_many_levels_the_most_frequent_are_learnt() -> None:
    column = np.concatenate([np.repeat(np.arange(60.0), 3), np.repeat([7.0, 59.0], 5)])
    model = fit(LinearSpec(kind="linear"), column[:, None], column % 2, names=["x"], classes=2, categories=["x"])
    assert isinstance(model, Logistic)
    (levels,) = model.spread.levels
    assert len(levels) == 50
    assert {7.0, 59.0} < set(levels)


def test_an_infinite_value_has_no_finite_answer_and_no_warning(sample: Make) -> None:
    matrix, codes = classes_of(sample(300, 1), 3)
    model = fit(LinearSpec(kind="linear"), matrix, codes, names=NAMES, classes=3)
    matrix[0, 0] = np.inf
    assert np.isfinite(model.predict(matrix)).all(axis=1).tolist() == [False] + [True] * 299


def test_an_empty_column_does_not_disturb_a_logistic_model(sample: Make) -> None:
    matrix, codes = classes_of(sample(300, 1), 2)
    matrix[:, 2] = np.nan
    model = fit(LinearSpec(kind="linear"), matrix, codes, names=NAMES, classes=2)
    assert np.isfinite(model.predict(matrix)).all()
    assert model.importance()[2] == 0


def test_a_quantity_is_boosted_with_the_settings_it_always_had() -> None:
    assert _parameters(TREES, np.zeros(100), 0) == {
        "objective": "regression",
        "metric": "l2",
        "learning_rate": 0.2,
        "num_leaves": 15,
        "min_data_in_leaf": 10,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "feature_fraction": 0.8,
        "seed": 7,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_a_linear_model_of_a_mean_is_never_worse_than_the_mean(truth: list[float]) -> None:
    target = np.array(truth)
    matrix = np.arange(len(truth), dtype=np.float64)[:, None]
    line = fit(LinearSpec(kind="linear"), matrix, target, names=["x"]).predict(matrix)
    assert np.mean((line - target) ** 2) <= np.var(target) * (1 + 1e-9) + 1e-6
