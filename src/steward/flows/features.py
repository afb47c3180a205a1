"""What does the model see of each clean row? The feature table, row for row beside its snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from steward.data.snapshot import write_snapshot
from steward.data.split import Split
from steward.data.split import split_rows as divide
from steward.flows.ingest import Frames
from steward.flows.ports import Ports
from steward.flows.program import ModelProgram, model_program
from steward.flows.steps import Done, Runner
from steward.project.read import Project

ROW = "_row"


@dataclass(frozen=True, slots=True)
class Featured:
    """The feature table's digest and the program that made it."""

    snapshot: str
    program: ModelProgram


def make_features(
    project: Project, clean: str, lookups: Mapping[str, str], ports: Ports, runner: Runner, frames: Frames
) -> Featured:
    """Run the model's feature program over the clean rows."""
    program = model_program(project, {name: frames.get(digest) for name, digest in lookups.items()})
    depends = {
        "clean": clean,
        "lookups": dict(lookups),
        "wanted": list(program.wanted),
        "beside": list(program.beside),
        "features": project.features_digest,
    }

    def work() -> Done:
        table = _table(project, program, frames.get(clean))
        snapshot = write_snapshot(table, ports.workspace.snapshots, kind="features", parent=clean)
        frames.keep(snapshot.digest, table)
        left = f"; left out: {', '.join(program.left_out)}" if program.left_out else ""
        output = {"snapshot": snapshot.digest, "wanted": list(program.wanted), "left_out": list(program.left_out)}
        return Done(output, f"{len(program.wanted)} features{left}", (f"snapshots/{snapshot.digest}.parquet",))

    return Featured(runner.step("features", depends, work)["snapshot"], program)


def split_rows(project: Project, table: pl.DataFrame) -> Split:
    """Divide a table into training, validation and test rows: by time, or at random with a share of each class."""
    spec = project.spec
    return divide(table, spec.split, spec.time, None if spec.task == "regression" else spec.target)


def _table(project: Project, program: ModelProgram, clean: pl.DataFrame) -> pl.DataFrame:
    """Return the model's inputs as numbers; what fitted columns and slices read keeps its type, which may be text."""
    made = program.program.run(clean)
    numbers = program.program.numbers(made).with_columns(made.select(sorted(program.beside)))
    beside = {"period", project.spec.target, *((project.spec.time,) if project.spec.time else ())}
    return numbers.hstack(clean.select(sorted(beside - set(numbers.columns)))).with_row_index(ROW)
