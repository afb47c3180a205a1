"""How are figures and findings about the data kept over time, once for each run?"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, delete, insert, select

from steward.adapters.sql.database import Database
from steward.adapters.sql.faults import retried
from steward.adapters.sql.tables import findings, quality_metrics
from steward.core.clock import Clock
from steward.core.digest import canonical_json
from steward.quality.history import KeptFinding, KeptMetric, QualityMetric

if TYPE_CHECKING:
    from steward.quality.findings import Finding

_NAME = 255  # signs of a check's name that are kept; one made from many columns may be longer


class SqlQualityStore:
    """Figures and findings in the database; see `steward.quality.history.QualityStore`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @retried
    def keep_metrics(self, project: str, run: str, figures: Sequence[QualityMetric]) -> None:
        """Keep the figures of a run; those it kept before are replaced."""
        beside = {"project": project, "run": run, "at": self._clock.now().isoformat()}
        rows = [{"stage": f.stage, "column_name": f.column, "metric": f.metric, "value": f.value, **beside} for f in figures]
        with self._database.write() as connection:
            connection.execute(delete(quality_metrics).where(quality_metrics.c.run == run))
            if rows:
                connection.execute(insert(quality_metrics), rows)

    @retried
    def keep_findings(self, project: str, run: str, found: "Sequence[Finding]") -> None:
        """Keep the findings of a run; those it kept before are replaced."""
        beside = {"project": project, "run": run, "at": self._clock.now().isoformat()}
        rows = [{"number": number, **_values(finding), **beside} for number, finding in enumerate(found, 1)]
        with self._database.write() as connection:
            connection.execute(delete(findings).where(findings.c.run == run))
            if rows:
                connection.execute(insert(findings), rows)

    def metrics(self, project: str, metric: str) -> Sequence[KeptMetric]:
        """Return one figure of a project's columns over time, oldest first."""
        table = quality_metrics.c
        query = select(quality_metrics).where((table.project == project) & (table.metric == metric))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(table.at, table.run, table.stage.desc(), table.column_name))
            return tuple(_metric(row) for row in rows)

    def findings(self, project: str, *, limit: int) -> Sequence[KeptFinding]:
        """Return the newest findings of a project, newest run first, in the order of the checks."""
        table = findings.c
        query = select(findings).where(table.project == project).order_by(table.at.desc(), table.run, table.number).limit(limit)
        with self._database.read() as connection:
            return tuple(_finding(row) for row in connection.execute(query))


def _values(finding: "Finding") -> dict[str, object]:
    return {
        "check_name": finding.check[:_NAME],
        "kind": finding.kind,
        "columns": canonical_json(list(finding.columns)),
        "action": finding.action,
        "rows_broken": finding.rows,
        "share": finding.share,
        "text": finding.text,
    }


def _metric(row: Row[Any]) -> KeptMetric:
    return KeptMetric(row.project, row.run, QualityMetric(row.stage, row.column_name, row.metric, row.value), row.at)


def _finding(row: Row[Any]) -> KeptFinding:
    from steward.quality.findings import Finding

    columns = tuple(json.loads(row.columns))
    finding = Finding(row.check_name, row.kind, columns, row.action, row.rows_broken, row.share, (), row.text)
    return KeptFinding(row.project, row.run, finding, row.at)
