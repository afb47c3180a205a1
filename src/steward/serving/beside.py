"""What does a service ask of a version that stands beside the champion, and what does it hear?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from steward.serving.answer import Answer, Served
from steward.serving.challenge import Mode


class Fell(Enum):
    """The challenger's row, but no answer of it: the champion gives one."""

    FELL = "fell"


FELL = Fell.FELL


@dataclass(frozen=True, slots=True)
class ChallengerState:
    """How it goes with a challenger in this process; `ok` is false once it stepped aside, or where it could not be loaded.

    `share` is that of now. `failures` count calls that went wrong, `dropped` the rows that a shadow did not see.
    """

    id: str
    version: int
    mode: Mode
    share: float
    ok: bool
    answered: int = 0
    failures: int = 0
    dropped: int = 0
    last_error: str | None = None


class Beside(Protocol):
    """What a service asks of a challenger: see `steward.serving.challenger.Challenger`."""

    @property
    def served(self) -> Served:
        """The version."""
        ...

    @property
    def mark(self) -> Mapping[str, str]:
        """What stands in the log with predictions that were given while it was there."""
        ...

    def stands_beside(self, served: Served) -> bool:
        """Tell whether it takes part in requests that this version answers."""
        ...

    def answer(self, read: Sequence[Mapping[str, Any]]) -> Sequence[npt.NDArray[np.float64] | Fell | None]:
        """Return for each row what it says: None where the row is not its own, FELL where it has no answer; never raises."""
        ...

    def look_on(self, answers: Sequence[Answer], read: Sequence[Mapping[str, Any]]) -> None:
        """See rows that were answered, later and elsewhere."""
        ...

    def state(self) -> ChallengerState:
        """Return how it goes."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...
