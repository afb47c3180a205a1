"""Which version answers beside the champion, to whom, and since when?

A challenge is `shadow` (the challenger's answers are kept and never given), `split` (it answers a share of the entities) or
`ramp` (a share that grows by steps). Who is answered by which arm is a hash of the challenge's salt and the entity, compared
with the share of the moment: an entity stays in its arm, and where the share grows nobody leaves the challenger's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_hex
from typing import Any, Literal, Protocol

from steward.core.digest import canonical_json
from steward.serving.history import Outcome

Mode = Literal["shadow", "split", "ramp"]
Arm = Literal["champion", "challenger"]
End = Literal["stopped", "decided", "overtaken"]

_BITS = 52  # as many as a float holds exactly


@dataclass(frozen=True, slots=True)
class Ended:
    """When a challenge ended (aware), and how: stopped by hand, decided by its figures, or overtaken by another champion."""

    at: datetime
    how: End


@dataclass(frozen=True, slots=True)
class Challenge:
    """A version that stands beside champion `against`.

    `steps` are shares of the entities, one for a split, none for a shadow; a ramp takes the next one after each `every_s`
    seconds. `entity` is the column that says who asks; without one each different row stands for itself.
    """

    id: str
    model: str
    version: int
    against: int
    mode: Mode
    steps: tuple[float, ...]
    every_s: float | None
    entity: str | None
    salt: str
    since: datetime
    by: str
    ended: Ended | None = None

    def __post_init__(self) -> None:
        if self.since.tzinfo is None:
            raise ValueError("a challenge begins at an aware time")
        fits = {"shadow": not self.steps, "split": len(self.steps) == 1, "ramp": len(self.steps) > 1 and bool(self.every_s)}
        rising = all(low < high for low, high in zip(self.steps, self.steps[1:], strict=False))
        if not fits[self.mode] or not rising or not all(0 < share < 1 for share in self.steps):
            raise ValueError(f"{self.steps} are no shares of a {self.mode}")

    def step_at(self, moment: datetime) -> int:
        """Return at which of its steps it is, from 0; the last one stays."""
        if self.every_s is None or moment <= self.since:
            return 0
        return min(int((moment - self.since) / timedelta(seconds=self.every_s)), len(self.steps) - 1)

    def share_at(self, moment: datetime) -> float:
        """Return the share of entities that the challenger answers, 0 of a shadow."""
        return self.steps[self.step_at(moment)] if self.steps else 0.0


def new_challenge(
    model: str,
    version: int,
    against: int,
    *,
    steps: Sequence[float] = (),
    every_s: float | None = None,
    entity: str | None = None,
    since: datetime,
    by: str,
) -> Challenge:
    """Return a challenge with an id and a salt of its own; a shadow without steps, a ramp with several.

    Raises:
        ValueError: the steps do not rise between 0 and 1, or a ramp has no `every_s`.
    """
    mode: Mode = "shadow" if not steps else "split" if len(steps) == 1 else "ramp"
    kept = every_s if mode == "ramp" else None
    return Challenge(token_hex(6), model, version, against, mode, tuple(steps), kept, entity, token_hex(8), since, by)


def place_of(salt: str, row: Mapping[str, Any], entity: str | None) -> float:
    """Return where a row stands between 0 and 1: the same for all rows of an entity, even over many entities.

    Args:
        salt: of the challenge; another one shuffles anew.
        row: as it was read, times as datetimes.
        entity: the column that says who asks; where it is empty, or None, the whole row does.
    """
    said = drawn_by(row, entity)
    return (int.from_bytes(sha256(f"{salt}:{said}".encode()).digest()[:8]) >> (64 - _BITS)) / (1 << _BITS)


def drawn_by(row: Mapping[str, Any], entity: str | None) -> str:
    """Return what the arm of a row is drawn by: rows of which it is the same are all in one arm, and depend on each other.

    A row as the log keeps it may stand in its place: what is hashed or left out there only lets more rows be the same.

    >>> drawn_by({"zone": 7, "km": 1.5}, "zone") == drawn_by({"km": 2.5, "zone": 7}, "zone")
    True
    """
    who = None if entity is None else row.get(entity)
    return canonical_json(_plain(row if who is None else {"": who}))


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


@dataclass(frozen=True, slots=True)
class ShadowAnswer:
    """What the challenger would have answered where the champion's prediction was given; `answer` is a JSON object."""

    prediction: str
    challenge: str
    model: str
    version: int
    at: str
    answer: Mapping[str, Any]

    @property
    def id(self) -> str:
        """One of a challenge to a prediction."""
        return f"{self.prediction}:{self.challenge}"


def shadow_of(record: Mapping[str, Any]) -> ShadowAnswer:
    """Return the answer that a record of the shadows' log holds."""
    apart = ("prediction_id", "challenge", "model", "version", "at")
    answer = {name: value for name, value in record.items() if name not in apart}
    return ShadowAnswer(record["prediction_id"], record["challenge"], record["model"], record["version"], record["at"], answer)


@dataclass(frozen=True, slots=True)
class Seen:
    """A prediction while a challenge was on, with its outcome and the shadow's answer where these are known."""

    id: str
    version: int
    at: str
    row: Mapping[str, Any]
    answer: Mapping[str, Any]
    outcome: Outcome | None
    shadow: Mapping[str, Any] | None


class ChallengeStore(Protocol):
    """Where challenges are kept, and what shadows answered: the SQL store, or memory in tests."""

    def now(self, model: str) -> Challenge | None:
        """Return the challenge of a model that has not ended."""
        ...

    def newest(self, model: str) -> Challenge | None:
        """Return the challenge of a model that began last, ended or not."""
        ...

    def start(self, challenge: Challenge, *, actor: str) -> None:
        """Keep a new challenge; Refused SERVE-121 while another one of the model has not ended."""
        ...

    def end(self, id_: str, ended: Ended, detail: Mapping[str, object], *, actor: str) -> Challenge:
        """End a challenge and let the journal keep `detail`; one that ended before stays as it is.

        Raises:
            UsageError: SERVE-120 there is no such challenge.
        """
        ...

    def keep_shadows(self, answers: Sequence[ShadowAnswer]) -> int:
        """Keep those that are not kept yet, by id, and return how many that were; all or none where it raises."""
        ...

    def seen(self, challenge: Challenge) -> Iterable[Seen]:
        """Return the predictions that both versions gave while the challenge was on, oldest first; they may be too many to hold."""
        ...
