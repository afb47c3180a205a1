import numpy as np
import pytest

from steward.core.errors import EnvironmentFault
from steward.models import explain
from steward.models.explain import contributions
from steward.models.linear import Linear
from steward.models.spread import Spread
from steward.models.zoo import Array, Fitted, fit
from steward.project.candidates import CandidateSpec, LightGbmSpec, LinearSpec, MeanSpec

NAMES = ("near", "far", "noise", "code")
SPECS: dict[str, CandidateSpec] = {
    "mean": MeanSpec(kind="mean"),
    "linear": LinearSpec(kind="linear"),
    "lightgbm": LightGbmSpec(kind="lightgbm", num_trees=20, min_rows_in_leaf=5),
}


def rows() -> Array:
    generator = np.random.default_rng(0)
    matrix = generator.normal(size=(400, 4))
    matrix[:, 3] = generator.integers(0, 4, 400)
    matrix[::17, 1] = np.nan
    return matrix


def target(matrix: Array, classes: int) -> Array:
    quantity = 2 * matrix[:, 0] + np.nan_to_num(matrix[:, 1])
    return np.digitize(quantity, {0: [], 2: [0.0], 3: [-1.0, 1.0]}[classes]).astype(np.float64) if classes else quantity


def answers(found: explain.Contributions) -> Array:
    """Return what base and contributions add up to, as the model answers."""
    total = found.base + found.values.sum(axis=1)
    if found.scale == "log-odds":
        powers = np.exp(total) if total.shape[1] > 1 else np.column_stack([np.ones(len(total)), np.exp(total[:, 0])])
        return powers / powers.sum(axis=1, keepdims=True)
    return total[:, 0] if total.shape[1] == 1 else total


@pytest.mark.parametrize("classes", [0, 2, 3])
@pytest.mark.parametrize("kind", SPECS)
def test_contributions_add_up_to_the_answer(kind: str, classes: int) -> None:
    matrix = rows()
    model = fit(SPECS[kind], matrix, target(matrix, classes), names=NAMES, classes=classes, categories=("code",))
    found = contributions(model, matrix[:40], matrix[:20])
    predicted = model.predict(matrix[:40])
    if kind == "mean" and classes == 2:
        predicted = predicted[:, 1]
    np.testing.assert_allclose(answers(found), predicted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", ["linear", "lightgbm"])
def test_the_strongest_column_is_the_one_the_truth_is_made_of(kind: str) -> None:
    matrix = rows()
    model = fit(SPECS[kind], matrix, target(matrix, 0), names=NAMES)
    strength = contributions(model, matrix, matrix[:20]).strength()
    assert np.argsort(-strength)[:2].tolist() == [0, 1]
    assert strength[0] > 10 * max(strength[2:])


def test_a_weighted_sum_is_explained_by_its_own_terms() -> None:
    ones, zeros = np.ones(2), np.zeros(2)
    model = Linear(Spread(("a", "b"), ((), ()), zeros, np.array([1.0, 0.0]), ones), 10.0, np.array([2.0, -1.0]))
    found = contributions(model, np.array([[4.0, 5.0]]), np.zeros((1, 2)))
    # From 10 the first column goes up by 2 * 3, the second down by 5.
    assert (found.base.tolist(), found.values[0, :, 0].tolist()) == ([10.0], [6.0, -5.0])


def test_a_kind_without_an_explanation_of_its_own_is_asked_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("shap", reason="the extra `explain` is not installed")
    matrix = np.random.default_rng(1).normal(size=(60, 4))
    model: Fitted = fit(SPECS["linear"], matrix, target(matrix, 0), names=NAMES)
    exact = contributions(model, matrix[:5], matrix)
    monkeypatch.setattr(explain, "_OWN", {})
    asked = contributions(model, matrix[:5], matrix)
    # Of a weighted sum the columns' shares are the same however they are found.
    np.testing.assert_allclose(asked.values, exact.values, atol=1e-9)
    np.testing.assert_allclose(asked.base, exact.base, atol=1e-9)


def test_without_the_library_the_command_to_install_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = rows()
    model = fit(SPECS["linear"], matrix, target(matrix, 0), names=NAMES)
    monkeypatch.setattr(explain, "_OWN", {})
    monkeypatch.setitem(__import__("sys").modules, "shap", None)
    with pytest.raises(EnvironmentFault, match="explained by the shap library") as caught:
        contributions(model, matrix[:2], matrix[:2])
    assert caught.value.faults[0].fix == 'pip install "steward[explain]"'
