"""Who is told how a fit goes on, round by round?

A listener is named for the body of a `with`, rather than as an argument of every fit: only boosted trees and networks have
rounds, and they are fitted at the far end of functions that all kinds of models share. It may raise, which ends the fit.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Listener = Callable[[int, float], None]
"""Told a round (from 0) and the loss on the validation rows after it, lower is better."""

_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell a listener of all fits in the body, in this thread."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def listener() -> Listener | None:
    """Return who listens; None where nobody does."""
    return _LISTENER.get()


def lightgbm_callbacks() -> list[Callable[[Any], None]]:
    """Return what `lightgbm.train` is given besides its own callbacks; nothing where nobody listens."""
    listener = _LISTENER.get()
    if listener is None:
        return []

    def tell(round_: Any) -> None:
        results = round_.evaluation_result_list
        if results:
            listener(round_.iteration, float(results[0][2]))

    return [tell]


def xgboost_callbacks() -> list[Any]:
    """Return what `xgboost.train` is given besides its own callbacks; nothing where nobody listens."""
    listener = _LISTENER.get()
    if listener is None:
        return []
    tell = listener
    from xgboost.callback import TrainingCallback

    class Tell(TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002 - xgboost's signature
            if evals_log:
                tell(epoch, float(next(iter(next(iter(evals_log.values())).values()))[-1]))
            return False

    return [Tell()]
