"""How is a candidate kept from taking more time or memory than it may?

It is fitted in a process of its own, which is stopped when it goes beyond its limits, and whose crash is nobody else's.
The rows go there as .npy files, the model comes back as its own file.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from steward.core.errors import AnswerIsNo, EnvironmentFault, Fault, Refused, StewardError, UsageError
from steward.models.worker import DONE, FAILED, JOB, ROWS, says_out_of_memory
from steward.models.zoo import Array, Fitted, Sample, fit, load
from steward.project.candidates import CandidateSpec, MeanSpec
from steward.project.closed import Closed
from steward.project.tuning import LimitsSpec

_LOOK_S = 0.02
_ERRORS: Mapping[str, type[StewardError]] = {one.__name__: one for one in (AnswerIsNo, UsageError, EnvironmentFault, Refused)}
_LINES = 3
_STDERR = "stderr"


def limits_of(candidate: Closed, project: LimitsSpec | None) -> LimitsSpec | None:
    """Return a candidate's own limits, or the project's; what one of them leaves open, the other may say."""
    own: LimitsSpec | None = getattr(candidate, "limits", None)
    if own is None or project is None:
        return own or project
    return LimitsSpec(**{**project.model_dump(exclude_none=True), **own.model_dump(exclude_none=True)})


def fit_limited(
    candidate: CandidateSpec,
    matrix: Array,
    target: Array,
    *,
    names: Sequence[str],
    limits: LimitsSpec | None,
    validation: Sample | None = None,
    classes: int = 0,
    categories: Collection[str] = (),
    weights: Array | None = None,
) -> Fitted:
    """Return what `steward.models.zoo.fit` returns for the same arguments, or say which limit it ran into.

    Args:
        candidate: kind and settings, from the project file.
        matrix: float64, NaN where missing.
        target: float64, finite; the codes of classes.
        names: one for each column.
        limits: what the fit may take; None for a fit in this process, which nothing stops.
        validation: other rows that tell when to stop.
        classes: how many there are; 0 for a quantity.
        categories: columns whose numbers are codes.
        weights: of the rows, shape (rows,).

    Raises:
        AnswerIsNo: MODEL-041 it ran out of memory, MODEL-042 out of time, MODEL-043 its process died, MODEL-044 it failed.
        StewardError: what the fit raised.
    """
    if limits is None or isinstance(candidate, MeanSpec):  # a mean takes nothing, and would wait for the process to start
        return fit(
            candidate,
            matrix,
            target,
            names=names,
            validation=validation,
            classes=classes,
            categories=categories,
            weights=weights,
        )
    rows = {"matrix": matrix, "target": target}
    rows |= {} if validation is None else {"validation": validation[0], "validation_target": validation[1]}
    rows |= {} if weights is None else {"weights": weights}
    job = {"names": list(names), "classes": classes, "categories": sorted(categories), "memory_mb": limits.memory_mb}
    with TemporaryDirectory(prefix="steward-fit-") as name:
        folder = Path(name)
        _ask(folder, {**job, "candidate": candidate.model_dump(mode="json")}, rows)
        with _started(folder) as process:
            _watch(process, limits)
        return _answer(folder, process.returncode, limits)


def used_mb(pid: int) -> float:
    """Return the memory that a process uses now, in MB; 0 where it is no more."""
    try:
        words = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").partition("VmRSS:")[2].split()
    except FileNotFoundError:
        return 0.0 if Path("/proc/self/status").exists() else _used_mb_without_proc(pid)
    except OSError:
        return 0.0
    return int(words[0]) * 1024 / 1e6 if words else 0.0


def _used_mb_without_proc(pid: int) -> float:
    told = subprocess.run(["/bin/ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603
    return int(told.stdout) * 1024 / 1e6 if told.stdout.strip().isdecimal() else 0.0


def _ask(folder: Path, job: Mapping[str, Any], rows: Mapping[str, Array]) -> None:
    (folder / ROWS).mkdir()
    for name, array in rows.items():
        np.save(folder / ROWS / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)
    (folder / JOB).write_text(json.dumps(job), encoding="utf-8")


@contextmanager
def _started(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Give a worker on a folder; it is gone when this ends, however it ends."""
    command = [sys.executable, "-P", "-m", "steward.models.worker", str(folder)]
    with (folder / _STDERR).open("wb") as said:
        # In a session of its own: Ctrl-C reaches us, and we end it. Its standard input ends when we do.
        process = subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()


def _watch(process: "subprocess.Popen[bytes]", limits: LimitsSpec) -> None:
    """Wait until a worker ends; raise when it goes beyond its limits."""
    began = time.monotonic()
    while process.poll() is None:
        if limits.seconds is not None and time.monotonic() - began > limits.seconds:
            raise _out_of("time", f"{limits.seconds:g} s", "MODEL-042", "seconds")
        if limits.memory_mb is not None and used_mb(process.pid) > limits.memory_mb:
            raise _out_of_memory(limits)
        time.sleep(_LOOK_S)


def _answer(folder: Path, code: int, limits: LimitsSpec) -> Fitted:
    if (folder / DONE).exists() and not code:
        return load(json.loads((folder / DONE).read_text(encoding="utf-8"))["kind"], folder)
    said = (folder / _STDERR).read_text(encoding="utf-8", errors="replace")
    if (folder / FAILED).exists():
        failure = json.loads((folder / FAILED).read_text(encoding="utf-8"))
        if failure["kind"] in _ERRORS:
            raise _ERRORS[failure["kind"]](*(Fault(**{**one, "where": tuple(one["where"])}) for one in failure["faults"]))
        raise _out_of_memory(limits) if failure["kind"] == "memory" else AnswerIsNo(Fault("MODEL-044", failure["text"]))
    raise _out_of_memory(limits) if says_out_of_memory(said) else _died(code, said)


def _died(code: int, said: str) -> AnswerIsNo:
    """Return what is known of a worker that left no word."""
    how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
    why = " ".join(said.strip().splitlines()[-_LINES:])
    if code == -signal.SIGKILL:
        why = "the machine ends a process like this when it has no memory left"
    return AnswerIsNo(Fault("MODEL-043", f"its process ended {how}", why=why, fix="give it fewer rows, or leave it out"))


def _out_of_memory(limits: LimitsSpec) -> AnswerIsNo:
    if limits.memory_mb is None:
        fix = "give it fewer rows, or leave it out"
        return AnswerIsNo(Fault("MODEL-041", "ran out of memory: the machine has no more", fix=fix))
    return _out_of("memory", f"{limits.memory_mb:,} MB", "MODEL-041", "memory_mb")


def _out_of(what: str, most: str, code: str, key: str) -> AnswerIsNo:
    fix = f"raise  limits.{key},  or make the candidate smaller"
    return AnswerIsNo(Fault(code, f"ran out of {what}: asked for at most {most}", fix=fix))
