import os
from collections.abc import Callable
from importlib.util import find_spec

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


@pytest.fixture(autouse=True)
def _pytorch_where_it_is_asked_for(request: pytest.FixtureRequest) -> None:
    """Skip what fits a network where PyTorch is not, but fail in CI, where it was to be installed."""
    if "mlp" in request.node.nodeid and find_spec("torch") is None:
        reason = "PyTorch is not installed:  .venv/bin/python -m pip install torch"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
