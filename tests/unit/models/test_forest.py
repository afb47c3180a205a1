import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from steward.models.arrays import pack_arrays
from steward.models.forest import Forest, parse_forest
from steward.models.forest_fit import fit_forest
from steward.models.zoo import Array
from steward.project.candidates import RandomForestSpec

NAMES = ("distance_km", "hour", "noise")
Make = Callable[[int, int], tuple[Array, Array]]
SPEC = RandomForestSpec(kind="random_forest", num_trees=30)


def grown(matrix: Array, truth: Array, classes: int, **settings: object) -> Array:
    """Return what scikit-learn's own forest answers."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    settings = {"n_estimators": 30, "min_samples_leaf": 5, "random_state": 7, **settings}
    if classes:
        forest = RandomForestClassifier(**{"max_features": "sqrt", **settings}).fit(matrix, truth)
        return np.asarray(forest.predict_proba(matrix))
    return np.asarray(RandomForestRegressor(**{"max_features": 1 / 3, **settings}).fit(matrix, truth).predict(matrix))


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("classes", [0, 2, 3])
def test_answers_are_scikit_learns(classes: int, gaps: bool, sample: Make) -> None:  # noqa: FBT001 - a case
    matrix, truth = sample(400, 1)
    if gaps:
        matrix[np.random.default_rng(0).random(matrix.shape) < 0.2] = np.nan
    truth = np.digitize(truth, [10.0, 20.0][: classes - 1]).astype(np.float64) if classes else truth
    model = fit_forest(SPEC, matrix, truth, names=NAMES, classes=classes)
    expected = grown(matrix, truth, classes)
    np.testing.assert_allclose(model.predict(matrix), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(model.predict(matrix[7:8]), expected[7:8], rtol=1e-12, atol=1e-12)


def test_a_gap_where_none_was_learnt_goes_where_scikit_learn_sends_it(sample: Make) -> None:
    from sklearn.ensemble import RandomForestRegressor

    matrix, truth = sample(300, 1)
    model = fit_forest(SPEC, matrix, truth, names=NAMES)
    forest = RandomForestRegressor(30, min_samples_leaf=5, max_features=1 / 3, random_state=7).fit(matrix, truth)
    matrix[:, 0] = np.nan
    np.testing.assert_allclose(model.predict(matrix), forest.predict(matrix), rtol=1e-12)


def test_numbers_between_two_of_float32_part_as_in_scikit_learn() -> None:
    # 4 and the next float32: the threshold lies between, and a double beside it must not fall on the other side
    near = np.float64(np.nextafter(np.float32(4), np.float32(5)))
    matrix = np.repeat([[4.0], [near]], 20, axis=0)
    model = fit_forest(RandomForestSpec(kind="random_forest", num_trees=3), matrix, np.repeat([0.0, 8.0], 20), names=("x",))
    assert model.predict(np.array([[4.0], [near], [4 + 1e-9]])) == pytest.approx([0, 8, 0])


@pytest.mark.parametrize(
    ("settings", "theirs"),
    [
        ({"max_depth": 3}, {"max_depth": 3}),
        ({"max_features": "third"}, {"max_features": 1 / 3}),
        ({"max_features": 1.0}, {"max_features": 1.0}),
        ({"min_rows_in_leaf": 20, "seed": 3}, {"min_samples_leaf": 20, "random_state": 3}),
    ],
)
def test_settings_are_scikit_learns(settings: dict[str, object], theirs: dict[str, object], sample: Make) -> None:
    matrix, truth = sample(300, 1)
    spec = RandomForestSpec.model_validate({"kind": "random_forest", "num_trees": 30, **settings})
    model = fit_forest(spec, matrix, (truth > 12).astype(float), names=NAMES, classes=2)
    np.testing.assert_allclose(model.predict(matrix), grown(matrix, (truth > 12).astype(float), 2, **theirs), rtol=1e-12)


def test_many_rows_are_answered_in_parts_to_the_same_bit(sample: Make) -> None:
    matrix, truth = sample(9000, 1)
    model = fit_forest(SPEC, matrix[:500], truth[:500], names=NAMES)
    parts = np.concatenate([model.predict(part) for part in np.array_split(matrix, 50)])
    assert np.array_equal(model.predict(matrix), parts)


def test_a_forest_of_one_leaf_answers_the_mean() -> None:
    model = fit_forest(SPEC, np.zeros((4, 1)), np.full(4, 3.5), names=("x",))
    assert model.predict(np.array([[1.0], [np.nan]])).tolist() == [3.5, 3.5]
    assert model.importance().tolist() == [0]
    assert parse_forest(model.content()).trees == 30


def test_an_infinity_goes_to_the_far_side_without_a_warning(sample: Make) -> None:
    model = fit_forest(SPEC, *sample(300, 1), names=NAMES)
    far = np.array([[1e300, 3.0, 0.0], [np.inf, 3.0, 0.0], [10.0, 3.0, 0.0]])
    assert len(set(model.predict(far).tolist())) == 1


def test_trees_that_do_not_end_are_refused(sample: Make) -> None:
    model = fit_forest(SPEC, *sample(100, 1), names=NAMES)
    inner = int(np.flatnonzero(model.right)[0])
    for part, value in (("right", inner), ("right", 10**6), ("right", -5), ("feature", 3), ("feature", -1)):
        changed = getattr(model, part).copy()
        changed[inner] = value
        with pytest.raises(ValueError, match="forest"):
            replace(model, **{part: changed})
    for part in ("threshold", "values", "importances", "missing_right", "roots"):
        with pytest.raises(ValueError, match="a forest needs"):
            replace(model, **{part: getattr(model, part)[:0]})
    with pytest.raises(ValueError, match="has no root"):
        replace(model, roots=model.roots + np.int32(10**6))


def test_it_answers_where_scikit_learn_is_not(sample: Make) -> None:
    model = fit_forest(SPEC, *sample(100, 1), names=NAMES)
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "from steward.models.zoo import parse\nimport numpy as np\n"
        "print(parse('random_forest', sys.stdin.buffer.read()).predict(np.array([[1.0, 2.0, 3.0]]))[0])"
    )
    said = subprocess.run([sys.executable, "-c", code], input=model.content(), capture_output=True, check=True)
    assert float(said.stdout) == model.predict(np.array([[1.0, 2.0, 3.0]]))[0]


def test_a_file_with_another_kind_of_numbers_is_refused(sample: Make) -> None:
    model: Forest = fit_forest(SPEC, *sample(100, 1), names=NAMES)
    names = ("roots", "right", "feature", "threshold", "missing_right", "values", "importances")
    arrays = {"names": np.array(NAMES), "classes": np.array([0], np.int32), **{name: getattr(model, name) for name in names}}
    assert parse_forest(pack_arrays(arrays)).predict(np.zeros((1, 3))) == model.predict(np.zeros((1, 3)))
    with pytest.raises(ValueError, match=r"right holds int64 in 1 dimensions, not int32 1"):
        parse_forest(pack_arrays({**arrays, "right": model.right.astype(np.int64)}))
    with pytest.raises(ValueError, match="there is no array values"):
        parse_forest(pack_arrays({name: array for name, array in arrays.items() if name != "values"}))
