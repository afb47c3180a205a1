from collections.abc import Callable

import numpy as np
import pytest

Sample = tuple[np.ndarray, np.ndarray]
NAMES = ("distance_km", "hour", "noise")


@pytest.fixture(scope="session")
def sample() -> Callable[[int, int], Sample]:
    def make(rows: int, seed: int) -> Sample:
        draw = np.random.default_rng(seed)
        matrix = np.column_stack([draw.uniform(0, 10, rows), draw.integers(0, 24, rows), draw.normal(size=rows)])
        truth = 2 * matrix[:, 0] + np.where(matrix[:, 1] > 16, 6.0, 0.0) + draw.normal(0, 0.5, rows)
        return matrix, truth

    return make
