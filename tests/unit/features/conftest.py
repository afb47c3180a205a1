import pytest
from tests.engines import ENGINES, Evaluate


@pytest.fixture(params=ENGINES)
def evaluate(request: pytest.FixtureRequest) -> Evaluate:
    return ENGINES[request.param]
