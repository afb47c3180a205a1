from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from steward.core.errors import UsageError
from steward.models.explore import Exploration, explore_rows, group_target

GAP = np.nan


def explore(matrix: np.ndarray, target: np.ndarray, **changes: Any) -> Exploration:
    asked: dict[str, Any] = {"codes": (), "classes": 0, "components": None, "clusters": None, "seed": 7, "tell": lambda _: None}
    names = tuple(f"x{place}" for place in range(matrix.shape[1]))
    return explore_rows(matrix, target, names=names, **{**asked, **changes})


def test_everything_is_found_out_once() -> None:
    draw = np.random.default_rng(1)
    classes = np.repeat([0.0, 1.0], 100)
    matrix = np.column_stack([classes * 12 + draw.normal(size=200), draw.normal(size=200)])
    told: list[int] = []
    found = explore(matrix, classes, classes=2, tell=told.append)
    assert found.notes == ()
    assert (found.lda is not None, found.centres is not None, found.clouds is not None) == (True, True, True)
    assert found.lda is not None
    assert found.lda.scores.shape == (200, 1)
    assert found.lda.between(classes) > 0.95
    assert found.profile is not None
    assert found.profile.target[-1].tolist() == [0.5, 0.5]
    assert told[:8] == [1, 2, 3, 4, 5, 6, 7, 8]
    again = explore(matrix, classes, classes=2)
    assert np.array_equal(again.pca.scores, found.pca.scores)
    assert again.centres is not None
    assert found.centres is not None
    assert np.array_equal(again.centres.ids, found.centres.ids)


def test_a_quantity_falls_into_quarters_and_fewer_where_values_repeat() -> None:
    quarters = group_target(np.array([4.0, 3, 2, 1, 8, 7, 6, 5]), 0)
    assert quarters.codes.tolist() == [1, 1, 0, 0, 3, 3, 2, 2]
    assert quarters.ranges == ((1, 2), (3, 4), (5, 6), (7, 8))
    zeros = group_target(np.array([0.0, 0, 0, 0, 0, 9]), 0)
    assert (zeros.codes.tolist(), zeros.ranges) == ([0, 0, 0, 0, 0, 1], ((0, 0), (9, 9)))
    assert group_target(np.array([1.0, 0.0]), 2).ranges == ()


def test_a_single_feature_is_its_own_component() -> None:
    matrix = np.array([[1.0], [2.0], [3.0], [10.0], [11.0], [12.0]])
    found = explore(matrix, np.arange(6.0))
    assert found.pca.projection.explained.tolist() == [1]
    assert found.pca.scores.shape == (6, 1)
    assert found.centres is not None
    assert found.centres.best == 2


def test_what_cannot_be_found_is_said() -> None:
    alike = np.repeat([[0.0, 1.0], [1.0, 0.0]], 3, axis=0)
    found = explore(alike, np.repeat([1.0, 5.0], 3))
    assert found.lda is None
    assert found.centres is not None
    assert [one.clusters for one in found.centres.tried] == [1, 2]
    assert any("LDA" in note for note in found.notes)
    constant = explore(np.array([[1.0], [2.0], [4.0]]), np.ones(3))
    assert constant.lda is None


@pytest.mark.parametrize(
    ("matrix", "asked", "code", "said"),
    [
        (np.ones((5, 2)), {}, "MODEL-061", "no feature tells rows apart"),
        (np.full((5, 2), GAP), {}, "MODEL-061", "left out, for no row holds it: x0, x1"),
        (
            np.arange(6.0).reshape(3, 2),
            {"components": 3},
            "MODEL-062",
            "3 components were asked for, and 3 rows of 2 features have 2",
        ),
        (np.arange(6.0).reshape(3, 2), {"clusters": 4}, "MODEL-063", "4 clusters were asked for, and there are 3 different rows"),
    ],
)
def test_what_was_asked_for_and_cannot_be_had_is_refused(matrix: np.ndarray, asked: dict[str, int], code: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        explore(matrix, np.arange(float(len(matrix))), **asked)
    (fault,) = caught.value.faults
    assert fault.code == code
    assert said in str(fault)
    assert fault.fix


def test_gaps_infinities_and_codes_are_taken_as_they_come(sample: Callable[[int, int], tuple[np.ndarray, np.ndarray]]) -> None:
    matrix, target = sample(300, 3)
    matrix[0, 0], matrix[1, 2] = np.inf, GAP
    found = explore(np.column_stack([matrix, np.full(300, GAP), np.ones(300)]), target, codes=("x1",), clusters=3, components=2)
    assert found.rows.names == ("x0", "x1", "x2")
    assert found.pca.scores.shape == (300, 2)
    assert found.centres is not None
    assert found.centres.clusters == 3
    assert len(found.notes) == 4
