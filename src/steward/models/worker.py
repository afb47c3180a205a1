"""How is one candidate fitted in a process of its own? `python -m steward.models.worker FOLDER` does what the folder asks for.

The folder holds the rows as .npy files and `job.json`; what comes back is the model's own file, or `failed.json` with what
went wrong: nothing that is read on either side can run code.
"""

import json
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from steward.core.errors import StewardError
from steward.project.candidates import CandidateSpec

JOB, ROWS, DONE, FAILED = "job.json", "rows", "done.json", "failed.json"
_MB = 1_000_000
# Libraries reserve addresses that they never use: stacks, arenas, their own code. The parent watches what is really used.
_RESERVED_MB = 3_000
_OUT_OF_MEMORY = ("bad_alloc", "bad allocation", "cannot allocate", "can't allocate", "unable to allocate", "std::length_error")


def read_rows(folder: Path) -> dict[str, Any]:
    """Return the arrays of a folder by name."""
    return {path.stem: np.load(path, allow_pickle=False) for path in sorted(folder.glob("*.npy"))}


def says_out_of_memory(text: str) -> bool:
    """Tell whether a library's message means that memory was refused."""
    return any(word in text.lower() for word in _OUT_OF_MEMORY)


def main(folder: Path) -> int:
    """Fit what the folder asks for; return 0 where a model came of it."""
    end_with_parent(folder)
    job = json.loads((folder / JOB).read_text(encoding="utf-8"))
    rows = read_rows(folder / ROWS)
    _limit_addresses(job["memory_mb"])
    try:
        _fit(job, rows, folder)
    except Exception as error:  # noqa: BLE001 - whatever a library raises is told to the parent, which knows what to do about it
        (folder / FAILED).write_text(json.dumps(_failure(error)), encoding="utf-8")
        return 1
    return 0


def _fit(job: Mapping[str, Any], rows: Mapping[str, Any], folder: Path) -> None:
    from steward.models.zoo import fit

    spec = TypeAdapter[CandidateSpec](CandidateSpec).validate_python(job["candidate"])
    validation = (rows["validation"], rows["validation_target"]) if "validation" in rows else None
    model = fit(
        spec,
        rows["matrix"],
        rows["target"],
        names=job["names"],
        validation=validation,
        classes=job["classes"],
        categories=job["categories"],
        weights=rows.get("weights"),
    )
    model.dump(folder)
    (folder / DONE).write_text(json.dumps({"kind": model.kind}), encoding="utf-8")


def _failure(error: Exception) -> dict[str, Any]:
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, MemoryError) or says_out_of_memory(text):
        return {"kind": "memory"}
    if isinstance(error, StewardError):
        return {"kind": type(error).__name__, "faults": [asdict(fault) for fault in error.faults]}
    return {"kind": "other", "text": text}


def _limit_addresses(memory_mb: int | None) -> None:
    """Let one greedy request fail by itself; a machine without such a limit has the parent's watch alone."""
    if memory_mb is None or not Path("/proc/self/statm").exists():
        return
    import resource

    now = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    most, hard = now + (memory_mb + _RESERVED_MB) * _MB, resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def end_with_parent(folder: Path) -> None:
    """End this process, and clear away its folder, as soon as the parent is no more: then our standard input ends."""

    def wait() -> None:
        os.read(0, 1)  # not by sys.stdin: its lock would be missing when this process ends
        rmtree(folder, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=wait, name="parent", daemon=True).start()


if __name__ == "__main__":
    code = main(Path(sys.argv[1]))
    sys.stderr.flush()
    os._exit(code)  # what libraries would tear down is nobody's any more
