import json

import numpy as np
import pytest

from steward.monitoring.target import OUTCOME, judge_target, target_reference


def test_a_quantity_that_moved() -> None:
    generator = np.random.default_rng(1)
    reference = json.loads(json.dumps(target_reference(generator.normal(size=5000), ())))
    same = judge_target(reference, generator.normal(size=1000), (), chance=0.001, min_rows=200)
    moved = judge_target(reference, generator.normal(size=1000) + 1, (), chance=0.001, min_rows=200)
    assert same is not None
    assert moved is not None
    assert (same.moved, same.severity, moved.moved, moved.name, moved.kind) == (False, 0.0, True, OUTCOME, "number")
    assert moved.distance == pytest.approx(0.383, abs=0.05)  # of two normal curves one deviation apart: 2 Φ(1/2) - 1


def test_classes_that_moved_are_counted_by_name() -> None:
    reference = target_reference(np.array([0.0, 1.0] * 2000), ("no", "yes"))
    moved = judge_target(reference, np.array([1.0] * 800 + [0.0] * 200), ("no", "yes"), chance=0.001, min_rows=200)
    assert moved is not None
    assert (moved.kind, moved.moved) == ("category", True)
    assert moved.distance == pytest.approx(0.3)


def test_too_few_known_outcomes_say_nothing() -> None:
    reference = target_reference(np.arange(1000.0), ())
    assert judge_target(reference, np.full(1000, np.nan), (), chance=0.01, min_rows=1) is None
    assert judge_target(reference, np.arange(199.0), (), chance=0.01, min_rows=200) is None
