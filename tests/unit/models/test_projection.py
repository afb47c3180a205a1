import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from steward.models.comparable import Comparable, compare_rows
from steward.models.projection import lda_fit_transform, loadings, pca_fit_transform, projection_from_dict

NAMES = ("a", "b", "c", "d")


def rows(seed: int = 1, count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Four numbers, the second goes with the first; some gaps; three groups, apart in the third."""
    draw = np.random.default_rng(seed)
    groups = draw.integers(0, 3, count).astype(np.float64)
    first = draw.normal(5, 2, count)
    matrix = np.column_stack(
        [first, 3 * first + draw.normal(0, 1, count), groups * 4 + draw.normal(0, 1, count), draw.random(count)]
    )
    matrix[draw.random(matrix.shape) < 0.05] = np.nan
    return matrix, groups


def compared(matrix: np.ndarray) -> Comparable:
    return compare_rows(matrix, names=NAMES)


def test_two_columns_that_say_the_same_are_one_component() -> None:
    # standardised both are -1, 1: the only direction is the diagonal, with variance 2
    there = compare_rows(np.array([[1.0, 10.0], [3.0, 30.0]]), names=("a", "b"))
    projection, scores = pca_fit_transform(there.points, there.spread)
    assert projection.explained == pytest.approx([1, 0])
    assert projection.weights[0] == pytest.approx([0.5**0.5, 0.5**0.5])
    assert scores[:, 0] == pytest.approx([-(2**0.5), 2**0.5])
    assert projection.cumulated == pytest.approx([1, 1])


def test_the_components_are_those_of_scikit_learn_but_for_the_sign() -> None:
    matrix, _ = rows()
    there = compared(matrix)
    projection, scores = pca_fit_transform(there.points, there.spread, components=3)
    peer = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), PCA(3, svd_solver="full")).fit(matrix)
    signs = np.sign((projection.weights * peer[-1].components_).sum(axis=1))
    assert projection.explained[:3] == pytest.approx(peer[-1].explained_variance_ratio_, abs=1e-12)
    new, _ = rows(seed=2)
    assert np.abs(projection.transform(new) - peer.transform(new) * signs).max() < 1e-10
    assert np.abs(projection.transform(matrix) - scores).max() < 1e-10


def test_the_discriminants_are_those_of_scikit_learn_but_for_the_sign() -> None:
    matrix, groups = rows()
    there = compared(matrix)
    projection, scores = lda_fit_transform(there.points, groups, there.spread)
    peer = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LinearDiscriminantAnalysis()).fit(matrix, groups)
    signs = np.sign((projection.weights * peer[-1].scalings_.T[:2]).sum(axis=1))
    new, _ = rows(seed=2)
    assert np.abs(projection.transform(new) - peer.transform(new) * signs).max() < 1e-10
    assert np.abs(projection.transform(matrix) - scores).max() < 1e-10
    assert projection.explained == pytest.approx(peer[-1].explained_variance_ratio_)
    # the third column alone tells the groups apart
    assert int(np.argmax(np.abs(projection.weights[0]))) == 2
    assert projection.explained[0] > 0.95


@given(st.integers(0, 10_000))
def test_the_heaviest_column_has_a_positive_weight_whichever_way_rows_point(seed: int) -> None:
    matrix, groups = rows(seed, count=40)
    for made in (compared(matrix), compared(-matrix)):
        for projection, _ in (pca_fit_transform(made.points, made.spread), lda_fit_transform(made.points, groups, made.spread)):
            heaviest = np.abs(projection.weights).argmax(axis=1)
            assert (projection.weights[np.arange(len(heaviest)), heaviest] > 0).all()


def test_a_loading_is_the_weight_times_the_standard_deviation() -> None:
    matrix, _ = rows()
    there = compared(matrix)
    projection, scores = pca_fit_transform(there.points, there.spread, components=4)
    assert loadings(there.points, scores) == pytest.approx((projection.weights * scores.std(axis=0)[:, None]).T, abs=1e-10)


def test_a_component_that_does_not_vary_goes_with_nothing() -> None:
    points = np.array([[0.0, 1.0], [2.0, 1.0]])
    assert loadings(points, points).tolist() == [[pytest.approx(1), 0], [0, 0]]


def test_as_many_are_kept_as_explain_nine_tenths() -> None:
    draw = np.random.default_rng(3)
    wide = draw.normal(size=(500, 6))
    there = compare_rows(wide, names=tuple("abcdef"))
    assert len(pca_fit_transform(there.points, there.spread)[0].weights) == 6  # none is dispensable
    same = compare_rows(np.column_stack([wide[:, 0]] * 3) + 1e-3 * wide[:, :3], names=tuple("abc"))
    assert len(pca_fit_transform(same.points, same.spread)[0].weights) == 2  # one would do; a plane has two
    many = compare_rows(draw.normal(size=(500, 30)), names=tuple(f"x{place}" for place in range(30)))
    assert len(pca_fit_transform(many.points, many.spread)[0].weights) == 10


def test_a_projection_comes_back_from_json_as_it_was() -> None:
    draw = np.random.default_rng(4)
    matrix, groups = rows()
    with_code = np.column_stack([matrix[:, :3], draw.integers(0, 4, len(matrix))])
    there = compare_rows(with_code, names=NAMES, categories=["d"])
    for made in (pca_fit_transform(there.points, there.spread), lda_fit_transform(there.points, groups, there.spread)):
        again = projection_from_dict(json.loads(json.dumps(made[0].as_dict())))
        assert again.kind == made[0].kind
        assert np.array_equal(again.transform(with_code), made[0].transform(with_code))
        assert np.array_equal(again.explained, made[0].explained)


@pytest.mark.parametrize("change", [{"kind": "tsne"}, {"weights": [[1.0]]}, {"explained": []}])
def test_what_is_no_projection_is_refused(change: dict[str, object]) -> None:
    there = compared(rows()[0])
    value = pca_fit_transform(there.points, there.spread)[0].as_dict()
    with pytest.raises(ValueError, match="projection"):
        projection_from_dict({**value, **change})


def test_what_cannot_be_had_is_refused() -> None:
    there = compared(rows()[0])
    with pytest.raises(ValueError, match="5 components of 300 rows and 4 columns"):
        pca_fit_transform(there.points, there.spread, components=5)
    with pytest.raises(ValueError, match="300 rows of 1 groups"):
        lda_fit_transform(there.points, np.zeros(300), there.spread)
    alike = np.repeat([[0.0, 1, 2, 3], [3.0, 2, 1, 0]], 5, axis=0)
    with pytest.raises(ValueError, match="all the same"):
        lda_fit_transform(alike, np.repeat([0.0, 1.0], 5), there.spread)
    with pytest.raises(ValueError, match="4 columns"):
        pca_fit_transform(there.points, there.spread)[0].transform(np.zeros((2, 3)))
