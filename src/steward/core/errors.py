"""What went wrong, where, why, and what to do next - for people and for exit codes.

A `Fault` is one thing to mend; a `StewardError` carries one or more of them, so that a file with
five mistakes is reported once. The classes differ by what a caller does about them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake: a stable code, what it is, where it stands, why it is wrong, how to mend it."""

    code: str
    what: str
    where: tuple[str, ...] = ()
    why: str = ""
    fix: str = ""

    def __str__(self) -> str:
        lines = [f"error[{self.code}]: {self.what}"]
        lines += [f"  --> {place}" for place in self.where]
        lines += [f"  why: {self.why}"] if self.why else []
        lines += [f"  fix: {self.fix}"] if self.fix else []
        return "\n".join(lines)


class StewardError(Exception):
    """Root of everything Steward raises on purpose; `exit_code` follows DESIGN.md section 9."""

    exit_code: ClassVar[int] = 1

    def __init__(self, *faults: Fault) -> None:
        if not faults:
            raise ValueError("a StewardError needs at least one Fault")
        self.faults: tuple[Fault, ...] = faults
        super().__init__("\n".join(str(fault) for fault in faults))


class AnswerIsNo(StewardError):
    """The work ran and the answer is no: a gate failed, a check stopped the run."""

    exit_code = 1


class UsageError(StewardError):
    """The command line, the project or its data must be changed before another try."""

    exit_code = 2


class EnvironmentFault(StewardError):
    """The machine, the network or a server is in the way; the same command may work later."""

    exit_code = 3


class Refused(StewardError):
    """Not allowed now: it needs approval, a precondition is stale, or somebody else was first."""

    exit_code = 4


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return a short hint: the closest known name, or the list of all of them."""
    close = get_close_matches(name, list(known), n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(sorted(known))}" if known else "nothing is known here yet"


def unknown_name(kind: str, name: str, known: Collection[str], *, code: str, where: Sequence[str] = ()) -> UsageError:
    """Return the error for a name that does not exist, with the nearest one that does."""
    return UsageError(Fault(code, f"no {kind} is called {name!r}", tuple(where), fix=did_you_mean(name, known)))
