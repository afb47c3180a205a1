"""Which tables hold what? The one description that the code queries and the migrations must match."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.mysql import LONGBLOB, LONGTEXT
from sqlalchemy.schema import SchemaItem

metadata = MetaData()
# Text of any length: MariaDB's own TEXT ends at 64 kB.
LongText = Text().with_variant(LONGTEXT, "mysql")
LongBytes = LargeBinary().with_variant(LONGBLOB, "mysql")
# Equal means equal to the byte, as on the other databases, whatever the server's own settings are.
ON_MYSQL: Mapping[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def _table(name: str, *parts: SchemaItem) -> Table:
    return Table(name, metadata, *parts, **ON_MYSQL)


runs = _table(
    "runs",
    Column("id", String(32), primary_key=True),
    Column("project", String(128), nullable=False),
    Column("status", String(16), nullable=False),
    Column("trigger", String(64), nullable=False),
    Column("options", LongText, nullable=False),
    Column("frozen", LongText, nullable=False),
    Column("result", LongText),
    Column("started_at", String(40), nullable=False),
    Column("finished_at", String(40)),
    Index("ix_runs_project", "project", "started_at"),
)

steps = _table(
    "steps",
    Column("run", String(32), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("key", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reused", Boolean, nullable=False),
    Column("output", LongText),
    Column("started_at", String(40), nullable=False),
    Column("finished_at", String(40)),
    ForeignKeyConstraint(["run"], ["runs.id"]),
    Index("ix_steps_key", "key", "status"),
)

versions = _table(
    "versions",
    Column("model", String(128), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("key", String(64), nullable=False),
    Column("run", String(32), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("files", LongText, nullable=False),
    Column("facts", LongText, nullable=False),
    Column("created_at", String(40), nullable=False),
    UniqueConstraint("model", "key", name="uq_versions_key"),
)

champions = _table(
    "champions",
    Column("model", String(128), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("since", String(40), nullable=False),
    Column("actor", String(128), nullable=False),
    Column("sequence", Integer, nullable=False),
)

WINDOWS_LISTED = (
    *("model", "created_at", "start_at", "end_at", "id", "version", "label", "severity", "alarm", "answered"),
    *("status", "content"),
)
windows = _table(
    "windows",
    Column("id", String(64), primary_key=True),
    Column("model", String(128), nullable=False),
    Column("version", Integer, nullable=False),
    Column("label", String(64), nullable=False),
    Column("severity", Double),
    Column("alarm", Boolean, nullable=False),
    Column("answered", Boolean, nullable=False),
    Column("verdict", LongText, nullable=False),
    Column("created_at", String(40), nullable=False),
    Column("start_at", String(40)),
    Column("end_at", String(40)),
    Column("status", String(24)),
    Column("content", String(64)),
    Index("ix_windows_model", "model", "created_at"),
    Index("ix_windows_span", "model", "version", "start_at"),
    # All that a list shows, so that thousands of windows are listed without reading past their verdicts.
    Index("ix_windows_model_listed", *WINDOWS_LISTED),
)

sketches = _table(
    "sketches",
    Column("id", String(64), primary_key=True),
    Column("model", String(128), nullable=False),
    Column("version", Integer, nullable=False),
    Column("source", String(16), nullable=False),
    Column("start_at", String(40), nullable=False),
    Column("end_at", String(40), nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("content", String(64), nullable=False),
    Column("sketch", LongBytes, nullable=False),
    Index("ix_sketches_model", "model", "version", "start_at"),
)

incidents = _table(
    "incidents",
    Column("id", String(32), primary_key=True),
    Column("model", String(128), nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("severity", Double),
    Column("labels", LongText, nullable=False),
    Column("outcome", LongText),
    Column("opened_at", String(40), nullable=False),
    Column("closed_at", String(40)),
    Index("ix_incidents_model", "model", "status"),
)

approvals = _table(
    "approvals",
    Column("id", String(32), primary_key=True),
    Column("incident", String(32), nullable=False),
    Column("model", String(128), nullable=False),
    Column("action", LongText, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("decided_by", String(128)),
    Column("decided_at", String(40)),
    Column("reason", LongText),
    Column("created_at", String(40), nullable=False),
    ForeignKeyConstraint(["incident"], ["incidents.id"]),
    Index("ix_approvals_model", "model", "status"),
)

journal = _table(
    "journal",
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("key", String(200), nullable=False, unique=True),
    Column("at", String(40), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("actor", String(128), nullable=False),
    Column("detail", LongText, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

journal_head = _table(
    "journal_head",
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)

quality_metrics = _table(
    "quality_metrics",
    Column("run", String(32), primary_key=True),
    Column("stage", String(16), primary_key=True),
    Column("column_name", String(255), primary_key=True),
    Column("metric", String(64), primary_key=True),
    Column("project", String(128), nullable=False),
    Column("value", Double),
    Column("at", String(40), nullable=False),
    Index("ix_quality_metrics_project", "project", "metric", "at"),
)

findings = _table(
    "findings",
    Column("run", String(32), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("project", String(128), nullable=False),
    Column("check_name", String(255), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("columns", LongText, nullable=False),
    Column("action", String(16), nullable=False),
    Column("rows_broken", Integer, nullable=False),
    Column("share", Double, nullable=False),
    Column("text", LongText, nullable=False),
    Column("at", String(40), nullable=False),
    Index("ix_findings_project", "project", "at"),
)

experiments = _table(
    "experiments",
    Column("run", String(32), primary_key=True),
    Column("candidate", String(128), primary_key=True),
    Column("part", String(16), primary_key=True),
    Column("metric", String(64), primary_key=True),
    Column("project", String(128), nullable=False),
    Column("value", Double),
    Column("chosen", Boolean, nullable=False),
    Column("at", String(40), nullable=False),
    Index("ix_experiments_project", "project", "at"),
)

predictions = _table(
    "predictions",
    Column("id", String(64), primary_key=True),
    Column("model", String(128), nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", String(40), nullable=False),
    Column("row_json", LongText, nullable=False),
    Column("answer_json", LongText, nullable=False),
    Index("ix_predictions_model", "model", "at"),
)

# No foreign key: the truth may come before the prediction was carried from the log into the database.
outcomes = _table(
    "outcomes",
    Column("prediction", String(64), primary_key=True),
    Column("value", Double),
    Column("label", String(255)),
    Column("at", String(40), nullable=False),
    Column("received_at", String(40), nullable=False),
)

# Every telling, corrected ones too; `outcomes` holds the last of each prediction.
outcome_history = _table(
    "outcome_history",
    Column("id", String(64), primary_key=True),
    Column("model", String(128), nullable=False),
    Column("prediction", String(64), nullable=False),
    Column("value", Double),
    Column("label", String(255)),
    Column("at", String(40), nullable=False),
    Column("received_at", String(40), nullable=False),
    Index("ix_outcome_history_prediction", "prediction"),
    Index("ix_outcome_history_model", "model", "received_at"),
)

row_tables = _table(
    "row_tables",
    Column("table_name", String(64), primary_key=True),
    Column("part", String(128), primary_key=True),
    Column("project", String(128), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("loaded_at", String(40), nullable=False),
)

studies = _table(
    "studies",
    Column("id", String(64), primary_key=True),
    Column("project", String(128), nullable=False),
    Column("candidate", String(128), nullable=False),
    Column("metric", String(64), nullable=False),
    Column("asked", LongText, nullable=False),
    Column("created_at", String(40), nullable=False),
    Index("ix_studies_project", "project", "created_at"),
)

# No foreign key: it would make writers of trials wait for one another on the study's row.
trials = _table(
    "trials",
    Column("study", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),
    Column("value", Double),
    Column("settings", LongText, nullable=False),
    Column("steps", LongText, nullable=False),
    Column("error", LongText, nullable=False),
    Column("owner", String(128), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("beat", Integer, nullable=False),
    Column("began_s", Double, nullable=False),
    Column("seconds", Double, nullable=False),
)

# A key's secret is not here: whoever reads this table can ask for nothing with it.
api_keys = _table(
    "api_keys",
    Column("prefix", String(16), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("per_minute", Integer, nullable=False),
    Column("created_at", String(40), nullable=False),
    Column("created_by", String(128), nullable=False),
    Column("expires_at", String(40)),
    Column("revoked_at", String(40)),
    Column("last_used_at", String(40)),
)

challenges = _table(
    "challenges",
    Column("id", String(32), primary_key=True),
    Column("model", String(128), nullable=False),
    Column("version", Integer, nullable=False),
    Column("against", Integer, nullable=False),
    Column("mode", String(16), nullable=False),
    Column("steps", LongText, nullable=False),
    Column("every_s", Double),
    Column("entity", String(255)),
    Column("salt", String(32), nullable=False),
    Column("since", String(40), nullable=False),
    Column("started_by", String(128), nullable=False),
    Column("ended_at", String(40)),
    Column("ended_how", String(16)),
    Index("ix_challenges_model", "model", "since"),
)

# The row stands with the prediction they stand beside, and leaves with it.
shadow_answers = _table(
    "shadow_answers",
    Column("id", String(64), primary_key=True),
    Column("prediction", String(64), nullable=False),
    Column("challenge", String(32), nullable=False),
    Column("model", String(128), nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", String(40), nullable=False),
    Column("answer_json", LongText, nullable=False),
    Index("ix_shadow_answers_prediction", "prediction"),
    Index("ix_shadow_answers_challenge", "challenge"),
)
