"""Which versions of a model exist, and which one is champion?

A version is a bundle that was registered: its number, the hashes of its files - kept here, outside the
bundle - and the facts that led to it. One pointer a model says which version is champion.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Draft:
    """A version about to be registered; `key` makes registering it twice the same as once."""

    model: str
    key: str
    run: str
    digest: str
    files: Mapping[str, str]
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Version:
    """A registered bundle; `files` maps each file's name to its SHA-256, `facts` is a JSON object."""

    model: str
    number: int
    run: str
    digest: str
    files: Mapping[str, str]
    facts: Mapping[str, object]
    created_at: str

    def __str__(self) -> str:
        return f"{self.model} v{self.number}"


@dataclass(frozen=True, slots=True)
class Champion:
    """The one pointer: which version answers, since when, set by whom; `sequence` counts its changes."""

    model: str
    number: int
    since: str
    actor: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Promotion:
    """A wish to move the pointer from what was seen (`expected`, None for none) to `number`."""

    model: str
    number: int
    expected: int | None
    actor: str
    reason: str


class Registry(Protocol):
    """Where versions and the pointer are kept: the SQL store, or memory in tests."""

    def register(self, draft: Draft, *, actor: str) -> Version:
        """Add a version with the next number, or return the one that already carries the draft's key."""
        ...

    def version(self, model: str, number: int) -> Version:
        """Return one version; UsageError REG-001 where there is none."""
        ...

    def versions(self, model: str) -> Sequence[Version]:
        """Return all versions of a model by number."""
        ...

    def champion(self, model: str) -> Champion | None:
        """Return the pointer, or None before the first promotion."""
        ...

    def swap_champion(self, promotion: Promotion) -> Champion:
        """Move the pointer if it still is where it was seen; Refused GATE-003 names who was first."""
        ...

    def note(self, model: str, number: int, facts: Mapping[str, object]) -> None:
        """Add facts to a version, for example where it stands in MLflow."""
        ...
