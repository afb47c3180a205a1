"""Why did a run end? Out of memory, by a library's word; or without a word, which somebody else then says in its place."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from steward.core.atomic import write_text_atomically
from steward.core.errors import EnvironmentFault, Fault, Refused, StewardError
from steward.core.runs import Run
from steward.flows.lock import only_one
from steward.flows.ports import Ports
from steward.models.worker import says_out_of_memory

_FIX = "give it more memory or fewer rows, or bound its fits by  training: {limits: {memory_mb: 2000}}   then:  steward resume"


@contextmanager
def memory_named() -> Iterator[None]:
    """Let what a library says of missing memory, whatever it took it for, be said as what it is.

    Raises:
        EnvironmentFault: RUN-003 there was no memory left.
    """
    try:
        yield
    except Exception as error:
        if not isinstance(error, MemoryError) and not _says_so(error):
            raise
        why = " ".join(str(error).split())[:200] or "the machine, or a limit, refused more"
        raise EnvironmentFault(Fault("RUN-003", "the run ran out of memory", why=why, fix=_FIX)) from error


def note_process(run: Run, ports: Ports) -> None:
    """Write down that this process, which holds the project's lock, carries a run through."""
    write_text_atomically(_noted(run.project, ports), run.id)


def mark_if_dead(project: str, ports: Ports) -> None:
    """Mark the newest run as failed where its process is no more and could not do so itself.

    Only where that process worked in this workspace, whose lock the kernel frees with it; elsewhere nobody can tell.
    """
    if _died(project, ports) is None:
        return
    with suppress(Refused), only_one(ports.workspace.locks, project):  # refused: it works on
        dead = _died(project, ports)
        if dead is not None:
            ports.runs.finish(dead.id, "failed", {"faults": [asdict(_without_a_word(dead, ports))]}, actor=ports.actor)


def _died(project: str, ports: Ports) -> Run | None:
    """Return the newest run where it was begun here and has no end; whether it goes on, the lock says."""
    last, noted = ports.runs.latest(project), _noted(project, ports)
    begun_here = noted.is_file() and last is not None and noted.read_text(encoding="utf-8") == last.id
    return last if begun_here and last is not None and last.status == "running" else None


def _without_a_word(run: Run, ports: Ports) -> Fault:
    steps = ports.runs.steps(run.id)
    place = next((f" in the step {step.name!r}" for step in steps if step.status != "finished"), "")
    why = "it was killed: by a person, by the machine when memory was short, or by a library that got none"
    return Fault("RUN-004", f"the process of run {run.id} ended without a word{place}", why=why, fix=f"{_FIX} {run.project}")


def _says_so(error: Exception) -> bool:
    told = [f"{fault.what} {fault.why}" for fault in error.faults] if isinstance(error, StewardError) else [str(error)]
    return not _has_a_name(error) and any(says_out_of_memory(text) for text in told)


def _has_a_name(error: Exception) -> bool:
    """Tell whether an error names the limit of a candidate already."""
    return isinstance(error, StewardError) and error.faults[0].code == "MODEL-041"


def _noted(project: str, ports: Ports) -> Path:
    return ports.workspace.locks / f"{project}.run"
