"""How does long work say where it is? Through a value handed in; what draws it stands at the rim."""

from typing import Protocol


class Progress(Protocol):
    """Told what goes on; a terminal, a log or nothing at all listens."""

    def started(self, step: str) -> None:
        """A step begins."""
        ...

    def advanced(self, step: str, done: int, total: int | None) -> None:
        """Some of a step is done; `total` is None where nobody knows."""
        ...

    def finished(self, step: str, note: str, *, reused: bool = False) -> None:
        """A step ended; `note` is one short line for people."""
        ...

    def noted(self, text: str) -> None:
        """Something worth a line, and no reason to stop."""
        ...

    def warned(self, text: str) -> None:
        """Something people must not overlook."""
        ...


class Silent:
    """Listens to nothing."""

    def started(self, step: str) -> None:
        """Ignore it."""

    def advanced(self, step: str, done: int, total: int | None) -> None:
        """Ignore it."""

    def finished(self, step: str, note: str, *, reused: bool = False) -> None:
        """Ignore it."""

    def noted(self, text: str) -> None:
        """Ignore it."""

    def warned(self, text: str) -> None:
        """Ignore it."""
