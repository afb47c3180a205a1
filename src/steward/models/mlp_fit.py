"""How does a small neural network learn? In steps of some rows each, by PyTorch, until the validation rows no longer gain."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from steward.core.errors import EnvironmentFault, Fault
from steward.models.mlp import Mlp
from steward.models.rounds import listener
from steward.models.spread import Spread, fit_spread
from steward.project.candidates import MlpSpec

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Rows as PyTorch reads them: spread, with a truth and how much each counts."""

    inputs: Any
    truth: Any
    counts: Any


def fit_mlp(
    spec: MlpSpec,
    matrix: Array,
    target: Array,
    *,
    names: tuple[str, ...],
    validation: tuple[Array, Array] | None,
    classes: int = 0,
    categories: Collection[str] = (),
    weights: Array | None = None,
    later_weights: Array | None = None,
) -> Mlp:
    """Return the network fitted to a matrix (rows, columns; NaN where missing) and a target (rows,).

    Args:
        spec: which layers, how many epochs at most, how fast.
        matrix: the rows to learn from.
        target: their truth; the codes of classes.
        names: one for each column.
        classes: how many there are; 0 for a quantity.
        categories: columns whose numbers are codes; at most 50 levels are learnt of each, the most frequent.
        validation: matrix and truth of other rows; with them the epoch that was best there is kept, without them the last.
        weights: how much each row to learn from counts, shape (rows,).
        later_weights: the same of the validation rows.

    Raises:
        EnvironmentFault: MODEL-022 PyTorch is not installed, or cannot be loaded on this machine.
        ValueError: the matrix holds an infinity.
    """
    torch = _torch()
    spread = fit_spread(matrix, names=names, categories=categories, weights=weights)
    mean, scale = (0.0, 1.0) if classes else (float(target.mean()), float(target.std()) or 1.0)
    rows = _rows(spread, matrix, (target - mean) / scale, weights, classes)
    later = None if validation is None else _rows(spread, validation[0], (validation[1] - mean) / scale, later_weights, classes)
    with _alone(torch, spec.seed):
        net = _net(torch, spec, len(spread.centres), max(classes, 1))
        epochs = _learn(torch, spec, net, rows, later)
    layers = [layer for layer in net if isinstance(layer, torch.nn.Linear)]
    inner = [layer.weight.detach().numpy().T.astype(np.float64) for layer in layers]
    offsets = [layer.bias.detach().numpy().astype(np.float64) for layer in layers]
    inner[-1], offsets[-1] = inner[-1] * scale, offsets[-1] * scale + mean
    return Mlp(spread, tuple(np.ascontiguousarray(part) for part in inner), tuple(offsets), classes, epochs)


def _learn(torch: Any, spec: MlpSpec, net: Any, rows: _Rows, later: _Rows | None) -> int:
    """Fit the network in place and return the number of epochs that made it what it is."""
    steps = torch.optim.AdamW(net.parameters(), lr=spec.learning_rate, weight_decay=spec.weight_decay)
    best, kept, tell = (np.inf, 0), None, listener()
    for epoch in range(1, spec.epochs + 1):
        net.train()
        for places in torch.randperm(len(rows.inputs)).split(spec.batch_rows):
            steps.zero_grad(set_to_none=True)
            _loss(torch, net, _Rows(rows.inputs[places], rows.truth[places], rows.counts[places])).backward()
            steps.step()
        if later is None:
            continue
        net.eval()
        with torch.no_grad():
            loss = float(_loss(torch, net, later))
        if tell is not None and np.isfinite(loss):
            tell(epoch - 1, loss)
        if loss < best[0]:
            best, kept = (loss, epoch), {name: value.clone() for name, value in net.state_dict().items()}
        elif epoch - best[1] >= spec.patience:
            break
    if kept is not None:
        net.load_state_dict(kept)
    return best[1] or spec.epochs


def _loss(torch: Any, net: Any, rows: _Rows) -> Any:
    answers = net(rows.inputs)
    if answers.shape[1] == 1:
        losses = (answers[:, 0] - rows.truth) ** 2
    else:
        losses = torch.nn.functional.cross_entropy(answers, rows.truth, reduction="none")
    return (losses * rows.counts).sum() / rows.counts.sum().clamp_min(1e-12)


def _net(torch: Any, spec: MlpSpec, width: int, answers: int) -> Any:
    layers: list[Any] = []
    for hidden in spec.hidden:
        layers += [torch.nn.Linear(width, hidden), torch.nn.ReLU()]
        layers += [torch.nn.Dropout(spec.dropout)] if spec.dropout else []
        width = hidden
    return torch.nn.Sequential(*layers, torch.nn.Linear(width, answers))


def _rows(spread: Spread, matrix: Array, truth: Array, weights: Array | None, classes: int) -> _Rows:
    torch = _torch()
    counts = np.ones(len(truth)) if weights is None else weights
    inputs = torch.from_numpy(spread(matrix).astype(np.float32))
    told = torch.from_numpy(truth.astype(np.int64 if classes else np.float32))
    return _Rows(inputs, told, torch.from_numpy(counts.astype(np.float32)))


@contextmanager
def _alone(torch: Any, seed: int) -> Iterator[None]:
    """Draw by this seed and add up in one order, which more threads would not; afterwards all is as it was."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise EnvironmentFault(Fault("MODEL-022", "PyTorch is not installed", fix='pip install "steward[torch]"')) from error
    except OSError as error:
        what = "PyTorch cannot be loaded"
        raise EnvironmentFault(Fault("MODEL-022", what, why=str(error), fix='pip install --force-reinstall "torch"')) from error
    return torch
