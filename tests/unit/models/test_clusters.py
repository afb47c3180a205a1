import json

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from sklearn.mixture import GaussianMixture

from steward.models.cluster_count import Tried, bend, group_by_centres, group_by_clouds, silhouette
from steward.models.cluster_profile import profile_clusters
from steward.models.clusters import Centres, centres_from_dict, different_rows, fit_centres
from steward.models.comparable import Comparable, compare_rows
from steward.models.mixture import fit_mixture, mixture_from_dict
from steward.models.projection import pca_fit_transform

GAP = np.nan


def heaps(seed: int = 1, sizes: tuple[int, ...] = (60, 90, 150)) -> np.ndarray:
    """Heaps of rows in a plane, far from each other."""
    draw = np.random.default_rng(seed)
    middles = np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 30.0], [20.0, 30.0]])
    parts = [draw.normal(middle, 1.0, (size, 2)) for middle, size in zip(middles, sizes, strict=False)]
    return np.vstack(parts)


def compared(matrix: np.ndarray) -> Comparable:
    return compare_rows(matrix, names=("east", "north"))


def test_rows_belong_to_the_nearest_centre() -> None:
    there = compare_rows(np.array([[0.0], [10.0]]), names=["x"])  # standardised: -1, 1
    centres = Centres(there.spread, np.array([[-1.0], [1.0]]))
    assert centres.predict(np.array([[1.0], [4.9], [5.1], [GAP]])).tolist() == [0, 0, 1, 0]  # the median is 5: the first of equals
    assert centres.in_units().tolist() == [[0.0], [10.0]]
    assert centres.inertia(np.array([[-1.0], [0.5]])) == pytest.approx(0.25)


def test_centres_predict_as_scikit_learn_does_and_the_largest_cluster_is_the_first() -> None:
    there = compared(heaps())
    ours = fit_centres(there.points, there.spread, clusters=4, seed=7)
    peer = KMeans(4, n_init=4, random_state=7).fit(there.points)
    order = np.argsort(-np.bincount(peer.labels_), kind="stable")
    assert np.abs(ours.centres - peer.cluster_centers_[order]).max() < 1e-10
    new = heaps(seed=2)
    assert np.array_equal(order[ours.predict(new)], peer.predict(there.spread(new)))
    assert ours.inertia(there.points) == pytest.approx(peer.inertia_)
    assert list(np.bincount(ours.predict(there.matrix))) == sorted(np.bincount(peer.labels_), reverse=True)


def test_the_same_seed_gives_the_same_centres_and_they_come_back_from_json() -> None:
    there = compared(heaps())
    first, second = (fit_centres(there.points, there.spread, clusters=3, seed=3) for _ in range(2))
    assert np.array_equal(first.centres, second.centres)
    again = centres_from_dict(json.loads(json.dumps(first.as_dict())))
    assert np.array_equal(again.predict(there.matrix), first.predict(there.matrix))
    with pytest.raises(ValueError, match="no centres"):
        centres_from_dict({"kind": "mixture"})
    with pytest.raises(ValueError, match="coordinate"):
        Centres(there.spread, np.zeros((2, 5)))


def test_more_clusters_than_different_rows_are_refused() -> None:
    there = compare_rows(np.array([[1.0], [1.0], [2.0], [2.0]]), names=["x"])
    assert different_rows(there.points, at_most=8) == 2
    with pytest.raises(ValueError, match="3 clusters are more than there are different rows"):
        fit_centres(there.points, there.spread, clusters=3, seed=1)


def test_three_heaps_are_found_by_silhouette_bend_and_bic() -> None:
    there = compared(heaps())
    told: list[int] = []
    grouped = group_by_centres(there.points, there.spread, wanted=None, seed=7, tell=told.append)
    assert grouped is not None
    assert (grouped.best, grouped.clusters, bend(grouped.tried)) == (3, 3, 3)
    assert told == [1, 2, 3, 4, 5, 6, 7, 8]
    assert np.bincount(grouped.ids).tolist() == [150, 90, 60]
    assert grouped.chosen.silhouette == pytest.approx(silhouette_score(there.points, grouped.ids))
    inertias = [one.inertia or 0.0 for one in grouped.tried]
    assert inertias == sorted(inertias, reverse=True)
    projection, scores = pca_fit_transform(there.points, there.spread)
    clouds = group_by_clouds(there.points, scores, projection, wanted=None, seed=7, tell=told.append)
    assert clouds is not None
    assert (clouds.best, np.bincount(clouds.ids).tolist()) == (3, [150, 90, 60])
    assert told[8:] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_number_that_was_asked_for_wins_and_the_best_one_is_still_said() -> None:
    there = compared(heaps())
    projection, scores = pca_fit_transform(there.points, there.spread)
    for grouped in (
        group_by_centres(there.points, there.spread, wanted=9, seed=7, tell=print),
        group_by_clouds(there.points, scores, projection, wanted=9, seed=7, tell=print),
    ):
        assert grouped is not None
        assert (grouped.clusters, grouped.best, len(set(grouped.ids))) == (9, 3, 9)


def test_one_cloud_is_one_cloud() -> None:
    there = compare_rows(np.random.default_rng(5).normal(size=(400, 2)), names=["a", "b"])
    projection, scores = pca_fit_transform(there.points, there.spread)
    grouped = group_by_clouds(there.points, scores, projection, wanted=None, seed=7, tell=print)
    assert grouped is not None
    assert (grouped.best, grouped.chosen.silhouette) == (1, None)


def test_few_rows_make_few_clusters_or_none() -> None:
    there = compare_rows(np.array([[1.0], [2.0]]), names=["x"])
    grouped = group_by_centres(there.points, there.spread, wanted=None, seed=7, tell=print)
    assert grouped is not None
    assert grouped.tried == (Tried(1, None, inertia=pytest.approx(2)), Tried(2, None, inertia=0.0))
    assert bend(grouped.tried) is None
    projection, scores = pca_fit_transform(there.points, there.spread)
    assert group_by_clouds(there.points, scores, projection, wanted=2, seed=7, tell=print) is None
    assert group_by_centres(np.zeros((3, 1)), there.spread, wanted=None, seed=7, tell=print) is None


def test_the_silhouette_of_two_pairs_matches_the_hand_calculation() -> None:
    # each row is 1 from its own and 9 or 10, or 10 or 11, from the others: 1 - 1/9.5 and 1 - 1/10.5
    points, ids = np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([0, 0, 1, 1])
    assert silhouette(points, ids, seed=1) == pytest.approx((2 * (1 - 1 / 9.5) + 2 * (1 - 1 / 10.5)) / 4)
    assert silhouette(points, np.zeros(4, dtype=int), seed=1) is None


def test_a_mixture_answers_as_scikit_learn_does() -> None:
    there = compared(heaps())
    projection, scores = pca_fit_transform(there.points, there.spread)
    ours = fit_mixture(scores, projection, clouds=3, seed=7)
    peer = GaussianMixture(3, reg_covar=1e-3, max_iter=300, random_state=7).fit(scores)
    order = np.argsort(-peer.weights_, kind="stable")
    new = heaps(seed=2)
    assert np.array_equal(order[ours.predict(new)], peer.predict(projection.transform(new)))
    assert np.abs(ours.log_likelihood(scores) - peer.score_samples(scores)).max() < 1e-10
    assert ours.bic(scores) == pytest.approx(peer.bic(scores), abs=1e-6)
    again = mixture_from_dict(json.loads(json.dumps(ours.as_dict())))
    assert np.array_equal(again.predict(new), ours.predict(new))
    with pytest.raises(ValueError, match="no mixture"):
        mixture_from_dict({"kind": "centres"})
    with pytest.raises(ValueError, match="too few for 200 clouds"):
        fit_mixture(scores, projection, clouds=200, seed=7)


def test_the_profile_tells_means_shares_and_the_target_of_each_cluster() -> None:
    matrix = np.array([[1.0, 7.0], [3.0, 7.0], [GAP, 8.0], [8.0, GAP]])
    profile = profile_clusters(
        matrix, np.array([0, 0, 1, 1]), np.array([1.0, 2.0, 3.0, 6.0]), names=["x", "code"], codes={"code"}, classes=0
    )
    assert profile.rows.tolist() == [2, 2, 4]
    assert profile.typical.tolist() == [[2, 7], [8, 8], [4, 7]]
    assert profile.shares[:, 1] == pytest.approx([1, 1, 2 / 3])
    assert profile.elsewhere[:, 1] == pytest.approx([2 / 3, 1 / 3, 2 / 3])
    assert profile.target[:, 0].tolist() == [1.5, 4.5, 3]
    # x: mean 4, variance (9 + 1 + 16) / 3; the code: shares 2/3 and 1/3 with variance 2/9
    assert profile.apart[:, 0] == pytest.approx(np.array([-2, 4]) / (26 / 3) ** 0.5)
    assert profile.apart[:, 1] == pytest.approx(np.array([1 / 3, 2 / 3]) / (2 / 9) ** 0.5)
    assert profile.most_apart(1, 2).tolist() == [1, 0]


def test_the_profile_of_classes_tells_their_shares_and_an_empty_column_nothing() -> None:
    matrix = np.array([[GAP, GAP], [GAP, GAP], [1.0, 4.0], [2.0, 4.0]])
    ids, target = np.array([0, 0, 1, 1]), np.array([0.0, 1.0, 1.0, 1.0])
    profile = profile_clusters(matrix, ids, target, names=["x", "code"], codes={"code"}, classes=2)
    assert profile.target.tolist() == [[0.5, 0.5], [0, 1], [0.25, 0.75]]
    assert np.isnan(profile.typical[0]).all()
    assert profile.apart[0].tolist() == [0, 0]
