import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from steward.core.errors import EnvironmentFault
from steward.models import mlp_fit
from steward.models.mlp import Mlp, parse_mlp
from steward.models.mlp_fit import fit_mlp
from steward.models.rounds import listening
from steward.models.spread import Spread
from steward.models.zoo import Array
from steward.project.candidates import MlpSpec

NAMES = ("distance_km", "hour", "noise")
SPEC = MlpSpec(kind="mlp", hidden=(12, 6), epochs=8, learning_rate=0.01, batch_rows=50)
Make = Callable[[int, int], tuple[Array, Array]]


def plain(names: tuple[str, ...]) -> Spread:
    zeros = np.zeros(len(names))
    return Spread(names, ((),) * len(names), zeros, zeros, np.ones(len(names)))


def test_what_is_below_zero_is_cut_off_between_layers() -> None:
    # hidden: relu(a - b), relu(b - a); the answer is their sum plus 1, the distance of a and b plus 1
    first, second = np.array([[1.0, -1.0], [-1.0, 1.0]]), np.array([[1.0], [1.0]])
    model = Mlp(plain(("a", "b")), (first, second), (np.zeros(2), np.ones(1)), classes=0, epochs=1)
    assert model.predict(np.array([[5.0, 2.0], [2.0, 6.0], [3.0, np.nan]])).tolist() == [4, 5, 4]
    assert model.importance().tolist() == [0.5, 0.5]


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_answers_are_pytorchs(classes: int, sample: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    nets: list[torch.nn.Module] = []
    make = mlp_fit._net
    monkeypatch.setattr(mlp_fit, "_net", lambda *args: nets.append(make(*args)) or nets[0])
    matrix, truth = sample(300, 1)
    matrix[::9, 0] = np.nan
    target = np.digitize(truth, [10.0, 20.0][: classes - 1]).astype(float) if classes else truth
    model = fit_mlp(SPEC, matrix, target, names=NAMES, validation=None, classes=classes, categories=("hour",))
    with torch.no_grad():
        own = nets[0].eval()(torch.from_numpy(model.spread(matrix).astype(np.float32))).double()
    expected = torch.softmax(own, 1).numpy() if classes else own.numpy()[:, 0] * target.std() + target.mean()
    np.testing.assert_allclose(model.predict(matrix), expected, rtol=1e-5, atol=1e-5)


def test_epochs_stop_where_validation_rows_no_longer_gain(sample: Make) -> None:
    spec = SPEC.model_copy(update={"epochs": 200, "patience": 2, "hidden": (64,), "learning_rate": 0.05})
    heard: list[tuple[int, float]] = []
    with listening(lambda step, loss: heard.append((step, loss))):
        model = fit_mlp(spec, *sample(60, 1), names=NAMES, validation=sample(300, 2))
    best = min(heard, key=lambda one: one[1])
    assert model.epochs == best[0] + 1 < 198
    assert len(heard) == model.epochs + 2


def test_a_fit_leaves_pytorch_as_it_was(sample: Make) -> None:
    import torch

    torch.manual_seed(5)
    threads, expected = torch.get_num_threads(), torch.rand(3)
    torch.manual_seed(5)
    fit_mlp(SPEC, *sample(60, 1), names=NAMES, validation=None)
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads


def test_settings_change_the_network(sample: Make) -> None:
    changes = [{"seed": 8}, {"dropout": 0.5}, {"weight_decay": 0.5}, {"batch_rows": 20}, {"hidden": (4,)}]
    rows = sample(100, 1)
    contents = {fit_mlp(SPEC.model_copy(update=change), *rows, names=NAMES, validation=None).content() for change in [{}, *changes]}
    assert len(contents) == 6


def test_it_answers_where_pytorch_is_not(sample: Make) -> None:
    model = fit_mlp(SPEC, *sample(60, 1), names=NAMES, validation=None)
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['sklearn'] = None\n"
        "from steward.models.zoo import parse\nimport numpy as np\n"
        "print(parse('mlp', sys.stdin.buffer.read()).predict(np.array([[1.0, 2.0, 3.0]]))[0])"
    )
    said = subprocess.run([sys.executable, "-c", code], input=model.content(), capture_output=True, check=True)
    assert float(said.stdout) == pytest.approx(model.predict(np.array([[1.0, 2.0, 3.0]]))[0])


def test_without_the_library_it_says_what_to_install(sample: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(EnvironmentFault, match=r'MODEL-022[\s\S]*PyTorch is not installed[\s\S]*pip install "steward\[torch\]"'):
        fit_mlp(SPEC, *sample(60, 1), names=NAMES, validation=None)


def test_layers_that_do_not_fit_are_refused(sample: Make) -> None:
    model = fit_mlp(SPEC, *sample(60, 1), names=NAMES, validation=None)
    with pytest.raises(ValueError, match="does not fit the one before"):
        replace(model, weights=model.weights[::-1])
    with pytest.raises(ValueError, match="an answer for each class"):
        replace(model, classes=3)
    assert parse_mlp(model.content()).epochs == 8
