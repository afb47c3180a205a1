"""How are the results of candidates kept over time, once for each run?"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, insert, select

from steward.adapters.sql.database import Database
from steward.adapters.sql.faults import retried
from steward.adapters.sql.tables import experiments
from steward.core.clock import Clock
from steward.models.history import Experiment, Tried


class SqlExperimentStore:
    """Results in the database; see `steward.models.history.ExperimentStore`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @retried
    def keep(self, project: str, run: str, results: Sequence[Tried]) -> None:
        """Keep the results of a run; those it kept before are replaced."""
        beside = {"project": project, "run": run, "at": self._clock.now().isoformat()}
        with self._database.write() as connection:
            connection.execute(delete(experiments).where(experiments.c.run == run))
            if results:
                connection.execute(insert(experiments), [{**_values(tried), **beside} for tried in results])

    def experiments(self, project: str, *, limit: int) -> Sequence[Experiment]:
        """Return the newest results of a project, newest run first."""
        table = experiments.c
        query = select(experiments).where(table.project == project).limit(limit)
        in_order = query.order_by(table.at.desc(), table.run, table.part.desc(), table.metric, table.candidate)
        with self._database.read() as connection:
            return tuple(_experiment(row) for row in connection.execute(in_order))


def _values(tried: Tried) -> dict[str, object]:
    plain = {"candidate": tried.candidate, "part": tried.part, "metric": tried.metric}
    return {**plain, "value": tried.value, "chosen": tried.chosen}


def _experiment(row: Row[Any]) -> Experiment:
    return Experiment(row.project, row.run, Tried(row.candidate, row.part, row.metric, row.value, row.chosen), row.at)
