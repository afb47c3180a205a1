"""What was done, by whom, why, and was the record changed since?

An append-only log in which each entry carries the hash of the one before, so that editing, removing,
inserting or reordering any entry breaks the chain at a place that can be named.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from steward.core.digest import digest_json

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal.

    `number` counts from 1 without gaps; `at` is ISO 8601 in UTC; `kind` is ``noun.verbed``; `subject`
    names what it is about (a run, a version, an incident); `detail` is a JSON object.
    """

    number: int
    at: str
    kind: str
    subject: str
    actor: str
    detail: Mapping[str, object]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the chain does not hold, and how it shows."""

    number: int
    problem: str


class Journal(Protocol):
    """Where entries are kept: the SQL store, or memory in tests."""

    def append(self, kind: str, subject: str, detail: Mapping[str, object], *, actor: str, key: str) -> Entry:
        """Add an entry, or return the one that already carries `key`."""
        ...

    def entries(self) -> Iterable[Entry]:
        """Return all entries by number."""
        ...

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last entry, as kept apart from the entries; (0, GENESIS) for none."""
        ...


def entry_hash(number: int, at: str, kind: str, subject: str, actor: str, detail: Mapping[str, object], previous: str) -> str:
    """Return the hash that seals one entry and, through `previous`, all before it."""
    return digest_json(
        {"number": number, "at": at, "kind": kind, "subject": subject, "actor": actor, "detail": detail, "previous": previous}
    )


def seal(number: int, at: str, kind: str, subject: str, actor: str, detail: Mapping[str, object], previous: str) -> Entry:
    """Return the entry that follows `previous`, with its hash."""
    return Entry(number, at, kind, subject, actor, detail, previous, entry_hash(number, at, kind, subject, actor, detail, previous))


def verify_chain(entries: Iterable[Entry], *, expected_head: tuple[int, str] | None = None) -> tuple[Break, ...]:
    """Return every place where the journal was changed after it was written.

    Args:
        entries: as stored, in the order of their numbers.
        expected_head: number and hash of the last entry as kept apart, to notice a cut-off tail.
    """
    breaks: list[Break] = []
    previous, last = GENESIS, 0
    for entry in entries:
        if entry.number != last + 1:
            breaks.append(Break(entry.number, f"follows entry {last}: entries are missing or out of order"))
        elif entry.previous != previous:
            breaks.append(Break(entry.number, f"does not carry the hash of entry {last}"))
        content = entry_hash(entry.number, entry.at, entry.kind, entry.subject, entry.actor, entry.detail, entry.previous)
        if content != entry.hash:
            breaks.append(Break(entry.number, "its content does not match its hash: it was edited"))
        previous, last = entry.hash, entry.number
    if expected_head is not None and expected_head != (last, previous):
        breaks.append(Break(last + 1, f"the journal ended with entry {expected_head[0]}; the tail was cut off or replaced"))
    return tuple(breaks)
