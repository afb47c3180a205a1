"""The real command in processes that begin at once: one process has imported what it needs, and divides.

A command of its own takes seconds to import its libraries, and two of them never come to the same line together.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.loop.conftest import Steward

# Only imports: a thread pool that had begun to work would be missing in a child.
_DIVIDE = """
import gc, json, os, sys
import lightgbm, matplotlib, polars, sklearn.linear_model
import steward.adapters.mlflow.database, steward.adapters.mlflow.tracker, steward.adapters.sql.registry, steward.bootstrap
import steward.apps.cli.model, steward.apps.cli.screen, steward.flows.promote, steward.flows.serve, steward.models.linear
import mlflow.store.model_registry.sqlalchemy_store, mlflow.store.tracking.sqlalchemy_store, sqlalchemy.orm
from mlflow import MlflowClient
from steward.adapters.sql import experiments, incidents, keys, predictions, quality, runs, warehouse, windows
from steward.apps.cli.main import main

sqlalchemy.orm.configure_mappers()
polars.Series("a", [1.0], dtype=polars.Float64)  # asks half of all classes what they are, and remembers it
gc.freeze()

for line in sys.stdin:
    begin, go = os.pipe()
    children = []
    for arguments, said in json.loads(line):
        child = os.fork()
        if child == 0:
            os.close(go)
            out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(out, 1)
            os.dup2(out, 2)
            sys.argv = ["steward", *arguments]
            os.read(begin, 1)  # all of them, when the last one is there
            try:
                main()
            except SystemExit as end:  # what has been imported need not be torn down
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(end.code)
        children.append(child)
    os.close(begin)
    os.close(go)
    print(json.dumps(children), flush=True)
    sys.stdin.readline()  # a child that has ended keeps its number until then
    print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]), flush=True)
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, minus the signal's number where one ended it, and all it said."""

    code: int
    said: str


@dataclass
class Forks:
    """Starts commands together; one call of `start` is followed by one of `wait`."""

    process: "subprocess.Popen[str]"
    folder: Path
    said: Sequence[Path] = ()

    def start(self, *commands: Sequence[str]) -> list[int]:
        """Start some commands at the same moment and return their process ids."""
        self.said = [self.folder / f"said-{number}" for number in range(len(commands))]
        self._tell([[list(command), str(said)] for command, said in zip(commands, self.said, strict=True)])
        return [int(child) for child in self._answer()]

    def wait(self) -> list[Ended]:
        """Wait until all commands have ended."""
        self._tell("")
        return [Ended(int(code), said.read_text()) for code, said in zip(self._answer(), self.said, strict=True)]

    def _tell(self, value: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(value) + "\n")
        self.process.stdin.flush()

    def _answer(self) -> list[object]:
        assert self.process.stdout is not None
        found: list[object] = json.loads(self.process.stdout.readline())
        return found


@contextmanager
def dividing(steward: Steward, folder: Path) -> Iterator[Forks]:
    """Give the process that divides; what the commands say goes to files in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    # One thread for each library: a pool would not come along into a child.
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    process = subprocess.Popen(
        [sys.executable, "-c", _DIVIDE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**steward.environment(), **single},
        cwd=folder,
    )
    try:
        yield Forks(process, folder)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
