"""Is the journal as it was written?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from steward.core.journal import GENESIS, Break, Entry, verify_chain
from steward.flows.ports import Ports

_EVERY = 1_000_000


@dataclass(frozen=True, slots=True)
class AuditReport:
    """How many entries there are, the newest one's hash, and where the chain is broken."""

    entries: int
    head: str
    breaks: tuple[Break, ...]


def verify_journal(ports: Ports) -> AuditReport:
    """Check every entry, the chain between them, and the head that is kept apart."""
    entries = tuple(ports.journal.entries())
    breaks = verify_chain(entries, expected_head=ports.journal.head()) + _untold(entries, ports)
    return AuditReport(len(entries), entries[-1].hash if entries else GENESIS, breaks)


def _untold(entries: Sequence[Entry], ports: Ports) -> tuple[Break, ...]:
    """Return what the other tables hold and no entry tells of: a journal emptied together with its head has no broken link."""
    told = {(entry.kind, entry.subject) for entry in entries}
    missing = [fact for fact in _facts(ports) if fact not in told]
    return tuple(
        Break(len(entries) + 1, f"no entry tells of {kind} for {subject}: entries were removed") for kind, subject in missing
    )


def _facts(ports: Ports) -> Iterator[tuple[str, str]]:
    yield from (("key.created", f"key {key.prefix}") for key in ports.keys.all())
    for project in ports.runs.projects():
        yield from (("run.started", f"run {run.id}") for run in ports.runs.runs(project, limit=_EVERY))
        yield from (("version.registered", str(version)) for version in ports.registry.versions(project))
        champion = ports.registry.champion(project)
        if champion is not None:
            yield ("champion.promoted", f"{project} v{champion.number}")
