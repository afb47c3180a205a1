"""How does a run go step by step, survive a kill, and skip what has not changed?

A step's key is the digest of all it depends on: what it reads, its parameters, the code. The intent is
written first, the work goes to content-addressed files, then output and journal entry are committed
together. A step whose key was finished before, with its files still there, is not done again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from shutil import rmtree
from typing import Any

import steward
from steward.core.digest import digest_bytes, digest_json
from steward.core.progress import Progress
from steward.core.runs import RunStore, Step
from steward.core.workspace import Workspace

# What a finished step is called in the journal.
KINDS: Mapping[str, str] = {
    "ingest": "data.ingested",
    "validate": "data.validated",
    "clean": "data.cleaned",
    "features": "features.made",
    "guard": "leaks.sought",
    "split": "data.split",
    "train": "candidates.trained",
    "evaluate": "candidate.evaluated",
    "bundle": "bundle.written",
    "gate": "gate.judged",
    "register": "version.tracked",
    "promote": "promotion.decided",
}


@dataclass(frozen=True, slots=True)
class Done:
    """What a step leaves: a JSON output, the files it made (relative to the workspace), a line for people."""

    output: Mapping[str, Any]
    note: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs the steps of one run."""

    run: str
    store: RunStore
    workspace: Workspace
    progress: Progress
    actor: str
    reused: list[str] = field(default_factory=list)

    def step(self, name: str, depends: Mapping[str, object], work: Callable[[], Done]) -> Mapping[str, Any]:
        """Do one step, or take over what a run with the same key left."""
        key = digest_json({"step": name, "depends": depends, "code": code_digest()})
        known = self.store.done_before(key)
        self.progress.started(name)
        if known is not None and self._still_there(known.output):
            return self._take_over(name, key, known)
        self.store.begin_step(self.run, name, key)
        done = work()
        output = {**done.output, "files": list(done.files), "note": done.note}
        self._commit(Step(self.run, name, key, "finished", reused=False, output=output))
        self.progress.finished(name, done.note)
        return output

    def _still_there(self, output: Mapping[str, Any]) -> bool:
        return all((self.workspace.home / file).exists() for file in output["files"])

    def _take_over(self, name: str, key: str, known: Step) -> Mapping[str, Any]:
        if known.run != self.run:
            self.store.begin_step(self.run, name, key)
            self._commit(Step(self.run, name, key, "finished", reused=True, output=known.output))
        self.reused.append(name)
        self.progress.finished(name, str(known.output["note"]), reused=True)
        return known.output

    def _commit(self, step: Step) -> None:
        detail = {"key": step.key, "reused": step.reused, "note": step.output["note"]}
        self.store.finish_step(step, kind=KINDS[step.name], detail=detail, actor=self.actor)


@cache
def code_digest() -> str:
    """Return the digest of Steward's own sources: a step done by other code is done again."""
    root = Path(steward.__file__).parent
    files = sorted(path for path in root.rglob("*.py") if "apps" not in path.parts and "blueprints" not in path.parts)
    return digest_json([[path.relative_to(root).as_posix(), digest_bytes(path.read_bytes())] for path in files])


def sweep(workspace: Workspace) -> None:
    """Remove what a killed run left half-written; only ever called with the project's lock held."""
    folders = (workspace.home, workspace.snapshots, workspace.candidates, workspace.bundles, workspace.downloads)
    for path in [path for folder in folders for path in folder.glob(".*.tmp")]:
        if path.is_dir() and not path.is_symlink():
            rmtree(path)
        else:
            path.unlink(missing_ok=True)
