"""Is the journal as it was written?"""

from dataclasses import dataclass

from steward.core.journal import GENESIS, Break, verify_chain
from steward.flows.ports import Ports


@dataclass(frozen=True, slots=True)
class AuditReport:
    """How many entries there are, the newest one's hash, and where the chain is broken."""

    entries: int
    head: str
    breaks: tuple[Break, ...]


def verify_journal(ports: Ports) -> AuditReport:
    """Check every entry, the chain between them, and the head that is kept apart."""
    entries = tuple(ports.journal.entries())
    breaks = verify_chain(entries, expected_head=ports.journal.head())
    return AuditReport(len(entries), entries[-1].hash if entries else GENESIS, breaks)
