"""What was measured over time: quality, findings, experiments, predictions and outcomes, loaded rows; views on them."""

import sqlalchemy as sa
from alembic import op

from steward.adapters.sql.migrations.steps import LongText, make_index, make_table, make_view

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_LEADERBOARD = """
SELECT e.project AS model, e.run, e.candidate, e.part, e.metric, e.value, e.chosen, v.number AS version,
       CASE WHEN c.number IS NULL THEN 0 ELSE 1 END AS champion, e.at
FROM experiments e
LEFT JOIN versions v ON v.model = e.project AND v.run = e.run AND e.chosen
LEFT JOIN champions c ON c.model = v.model AND c.number = v.number
"""
_QUALITY = """
SELECT project, stage, column_name, metric, at, run, value,
       LAG(value) OVER (PARTITION BY project, stage, column_name, metric ORDER BY at, run) AS previous
FROM quality_metrics
"""
_DRIFT = """
SELECT model, version, label, created_at AS at, severity,
       LAG(severity) OVER (PARTITION BY model, version ORDER BY created_at, label) AS previous, alarm, answered
FROM windows
"""


def upgrade() -> None:
    """Create them all, and the journal's head, which every writer locks."""
    _quality()
    _models()
    _rows()
    make_view("model_leaderboard", _LEADERBOARD)
    make_view("quality_over_time", _QUALITY)
    make_view("drift_over_time", _DRIFT)
    if op.get_bind().execute(sa.text("SELECT count(*) FROM journal_head")).scalar_one() == 0:
        head = sa.table("journal_head", sa.column("id"), sa.column("number"), sa.column("hash"))
        op.bulk_insert(head, [{"id": 1, "number": 0, "hash": "0" * 64}])


def _quality() -> None:
    make_table(
        "quality_metrics",
        sa.Column("run", sa.String(32), primary_key=True),
        sa.Column("stage", sa.String(16), primary_key=True),
        sa.Column("column_name", sa.String(255), primary_key=True),
        sa.Column("metric", sa.String(64), primary_key=True),
        sa.Column("project", sa.String(128), nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("at", sa.String(40), nullable=False),
    )
    make_index("ix_quality_metrics_project", "quality_metrics", ["project", "metric", "at"])
    make_table(
        "findings",
        sa.Column("run", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("project", sa.String(128), nullable=False),
        sa.Column("check_name", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("columns", LongText, nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("rows_broken", sa.Integer, nullable=False),
        sa.Column("share", sa.Double, nullable=False),
        sa.Column("text", LongText, nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
    )
    make_index("ix_findings_project", "findings", ["project", "at"])


def _models() -> None:
    make_table(
        "experiments",
        sa.Column("run", sa.String(32), primary_key=True),
        sa.Column("candidate", sa.String(128), primary_key=True),
        sa.Column("part", sa.String(16), primary_key=True),
        sa.Column("metric", sa.String(64), primary_key=True),
        sa.Column("project", sa.String(128), nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("chosen", sa.Boolean, nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
    )
    make_index("ix_experiments_project", "experiments", ["project", "at"])
    make_table(
        "predictions",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("row_json", LongText, nullable=False),
        sa.Column("answer_json", LongText, nullable=False),
    )
    make_index("ix_predictions_model", "predictions", ["model", "at"])
    make_table(
        "outcomes",
        sa.Column("prediction", sa.String(64), primary_key=True),
        sa.Column("value", sa.Double),
        sa.Column("label", sa.String(255)),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("received_at", sa.String(40), nullable=False),
    )


def _rows() -> None:
    make_table(
        "row_tables",
        sa.Column("table_name", sa.String(64), primary_key=True),
        sa.Column("part", sa.String(128), primary_key=True),
        sa.Column("project", sa.String(128), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("row_count", sa.Integer, nullable=False),
        sa.Column("loaded_at", sa.String(40), nullable=False),
    )
