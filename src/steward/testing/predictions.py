"""What would the prediction log hold? Kept in memory, with the same promises as the one on disk."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from steward.core.errors import EnvironmentFault, Fault


class MemoryPredictionLog:
    """A prediction log without files; set `broken` to see what happens when nothing can be written."""

    def __init__(self) -> None:
        self.broken = False
        self._lines: list[str] = []

    def append(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Keep some records; EnvironmentFault SERVE-011 while `broken`."""
        lines = [json.dumps(record, allow_nan=False) for record in records]
        if self.broken:
            raise EnvironmentFault(Fault("SERVE-011", "the prediction could not be written to the log", fix="mend the log"))
        self._lines += lines

    def records(self) -> Iterator[Mapping[str, Any]]:
        """Return what was kept, as it would be read back from disk."""
        return (json.loads(line) for line in self._lines)
