"""How are runs and steps remembered, so that a killed run continues and an unchanged step is not redone?"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Row, delete, insert, select, update

from steward.adapters.sql.database import Database
from steward.adapters.sql.faults import retried
from steward.adapters.sql.journal import append_entry
from steward.adapters.sql.tables import runs, steps
from steward.core.clock import Clock
from steward.core.digest import canonical_json
from steward.core.runs import Run, RunStatus, Step


class SqlRunStore:
    """Runs and steps in the database; see `steward.core.runs.RunStore`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @retried
    def start(self, run: Run, *, actor: str) -> None:
        """Remember a new run and say so in the journal."""
        with self._database.write() as connection:
            texts = {"options": canonical_json(run.options), "frozen": canonical_json(run.frozen), "result": None}
            plain = {"id": run.id, "project": run.project, "status": run.status, "trigger": run.trigger}
            connection.execute(insert(runs).values(**plain, **texts, started_at=run.started_at))
            detail = {"trigger": run.trigger, "options": run.options}
            key = f"run.started:{run.id}"
            append_entry(connection, self._clock, "run.started", f"run {run.id}", detail, actor=actor, key=key)

    def latest(self, project: str) -> Run | None:
        """Return the newest run of a project."""
        newest = self.runs(project, limit=1)
        return newest[0] if newest else None

    def runs(self, project: str, *, limit: int) -> Sequence[Run]:
        """Return the newest runs of a project, newest first."""
        query = select(runs).where(runs.c.project == project).order_by(runs.c.started_at.desc()).limit(limit)
        with self._database.read() as connection:
            return tuple(_run(row) for row in connection.execute(query))

    def projects(self) -> Sequence[str]:
        """Return the names of all projects that ever ran, sorted."""
        with self._database.read() as connection:
            return tuple(connection.execute(select(runs.c.project).distinct().order_by(runs.c.project)).scalars())

    def steps(self, run: str) -> Sequence[Step]:
        """Return a run's steps in the order they began."""
        query = select(steps).where(steps.c.run == run).order_by(steps.c.started_at)
        with self._database.read() as connection:
            return tuple(_step(row) for row in connection.execute(query))

    def done_before(self, key: str) -> Step | None:
        """Return the newest finished step with this key, of any run."""
        same = (steps.c.key == key) & (steps.c.status == "finished")
        with self._database.read() as connection:
            row = connection.execute(select(steps).where(same).order_by(steps.c.finished_at.desc()).limit(1)).one_or_none()
        return _step(row) if row else None

    @retried
    def begin_step(self, run: str, name: str, key: str) -> None:
        """Write down the intent to do a step; a step that is begun again starts anew."""
        with self._database.write() as connection:
            connection.execute(delete(steps).where((steps.c.run == run) & (steps.c.name == name)))
            at = self._clock.now().isoformat()
            connection.execute(insert(steps).values(run=run, name=name, key=key, status="running", reused=False, started_at=at))

    @retried
    def finish_step(self, step: Step, *, kind: str, detail: Mapping[str, object], actor: str) -> None:
        """Write down a step's output together with its entry in the journal."""
        with self._database.write() as connection:
            values = {"status": step.status, "reused": step.reused, "output": canonical_json(step.output)}
            mine = (steps.c.run == step.run) & (steps.c.name == step.name)
            connection.execute(update(steps).where(mine).values(**values, finished_at=self._clock.now().isoformat()))
            key = f"{kind}:{step.run}:{step.name}"
            append_entry(connection, self._clock, kind, f"run {step.run}", detail, actor=actor, key=key)

    @retried
    def finish(self, run: str, status: RunStatus, result: Mapping[str, object], *, actor: str) -> None:
        """Close a run."""
        with self._database.write() as connection:
            values = {"status": status, "result": canonical_json(result), "finished_at": self._clock.now().isoformat()}
            connection.execute(update(runs).where(runs.c.id == run).values(**values))
            kind, stamp = f"run.{status}", self._clock.now().isoformat()
            key = f"{kind}:{run}" if status == "finished" else f"{kind}:{run}:{stamp}"
            append_entry(connection, self._clock, kind, f"run {run}", result, actor=actor, key=key)


def _run(row: Row[Any]) -> Run:
    result = json.loads(row.result) if row.result else {}
    options, frozen = json.loads(row.options), json.loads(row.frozen)
    status = cast("RunStatus", row.status)
    return Run(row.id, row.project, status, row.trigger, options, frozen, result, row.started_at, row.finished_at)


def _step(row: Row[Any]) -> Step:
    output = json.loads(row.output) if row.output else {}
    return Step(row.run, row.name, row.key, cast("RunStatus", row.status), row.reused, output, row.finished_at)
