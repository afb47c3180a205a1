"""What the pictures of errors, candidates and contributions say in words: the picture itself is for those who see it."""

import numpy as np

from steward.models.evaluate import Measured
from steward.reporting.contents import CandidateLine, SliceLine
from steward.reporting.pictures import leaderboard_picture, residual_pictures, slices_picture, swarm_picture
from steward.reporting.plots import residual_bands

PNG = b"\x89PNG\r\n"


def test_errors_that_grow_with_the_answer_are_told_so() -> None:
    generator = np.random.default_rng(3)
    predicted = np.linspace(1, 100, 4_000)
    actual = predicted + generator.normal(size=4_000) * predicted / 10
    histogram, bands = residual_pictures(actual, predicted, "min")
    assert histogram.png.startswith(PNG)
    assert bands.png.startswith(PNG)
    assert "the median by" in histogram.caption
    assert "around an answer of 9" in bands.caption  # the last of twenty groups of 1 to 100


def test_bands_are_the_quantiles_of_each_group() -> None:
    middles, bands = residual_bands(np.arange(100.0), np.tile([-1.0, 0.0, 0.0, 0.0, 1.0], 20))
    assert middles.tolist() == [2.0 + 5 * group for group in range(20)]
    np.testing.assert_allclose(bands[0], [-0.8, 0.0, 0.0, 0.0, 0.8])


def test_candidates_stand_side_by_side_with_what_each_reached() -> None:
    lines = (
        CandidateLine("mean", "rmse", 9.2, chosen=False),
        CandidateLine("lightgbm", "rmse", 4.98, chosen=True, low=4.9, high=5.1),
        CandidateLine("forest", "rmse", None, chosen=False, note="ran out of memory"),
    )
    picture = leaderboard_picture(lines, "min")
    assert picture is not None
    assert picture.png.startswith(PNG)
    assert picture.caption == "rmse on validation rows (min), lower is better: mean 9.200, lightgbm 4.980."
    assert leaderboard_picture(lines[:1], "min") is None


def test_slices_that_surely_differ_are_named() -> None:
    lines = (
        SliceLine("sex", "male", 90, "f1", Measured(0.7, 0.6, 0.8), Measured(0.0, -0.1, 0.1)),
        SliceLine("sex", "female", 60, "f1", Measured(0.4, 0.3, 0.5), Measured(-0.3, -0.4, -0.2)),
        SliceLine("sex", "missing", 3, "f1", None, None, "fewer than 30 rows"),
    )
    picture = slices_picture(lines, 0.6, "")
    assert picture is not None
    assert picture.caption == "Surely different from the rest: sex female."
    assert slices_picture(lines[2:], 0.6, "") is None


def test_the_strongest_feature_is_the_first_cloud() -> None:
    generator = np.random.default_rng(5)
    inputs = generator.normal(size=(200, 3))
    inputs[::9, 0] = np.nan
    values = np.column_stack([np.nan_to_num(inputs[:, 0]) * 0.1, inputs[:, 1] * 3, np.zeros(200)])
    (picture,) = swarm_picture(("small", "large", "none"), values, inputs, moved="answer, min")
    assert picture.png.startswith(PNG)
    assert "200 test rows" in picture.caption
    assert picture.caption.index("large") < picture.caption.index("small")
    assert swarm_picture(("small",), np.zeros((5, 1)), np.zeros((5, 1)), moved="answer") == ()
