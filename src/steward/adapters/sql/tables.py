"""Which tables hold what? The one description that the code queries and the migrations must match."""

from sqlalchemy import Boolean, Column, Float, ForeignKeyConstraint, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("project", String(128), nullable=False),
    Column("status", String(16), nullable=False),
    Column("trigger", String(64), nullable=False),
    Column("options", Text, nullable=False),
    Column("frozen", Text, nullable=False),
    Column("result", Text),
    Column("started_at", String(40), nullable=False),
    Column("finished_at", String(40)),
    Index("ix_runs_project", "project", "started_at"),
)

steps = Table(
    "steps",
    metadata,
    Column("run", String(32), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("key", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reused", Boolean, nullable=False),
    Column("output", Text),
    Column("started_at", String(40), nullable=False),
    Column("finished_at", String(40)),
    ForeignKeyConstraint(["run"], ["runs.id"]),
    Index("ix_steps_key", "key", "status"),
)

versions = Table(
    "versions",
    metadata,
    Column("model", String(128), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("key", String(64), nullable=False),
    Column("run", String(32), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("files", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("created_at", String(40), nullable=False),
    UniqueConstraint("model", "key", name="uq_versions_key"),
)

champions = Table(
    "champions",
    metadata,
    Column("model", String(128), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("since", String(40), nullable=False),
    Column("actor", String(128), nullable=False),
    Column("sequence", Integer, nullable=False),
)

windows = Table(
    "windows",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("model", String(128), nullable=False),
    Column("version", Integer, nullable=False),
    Column("label", String(64), nullable=False),
    Column("severity", Float),
    Column("alarm", Boolean, nullable=False),
    Column("answered", Boolean, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("created_at", String(40), nullable=False),
    Index("ix_windows_model", "model", "created_at"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("model", String(128), nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("severity", Float),
    Column("labels", Text, nullable=False),
    Column("outcome", Text),
    Column("opened_at", String(40), nullable=False),
    Column("closed_at", String(40)),
    Index("ix_incidents_model", "model", "status"),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("incident", String(32), nullable=False),
    Column("model", String(128), nullable=False),
    Column("action", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("decided_by", String(128)),
    Column("decided_at", String(40)),
    Column("reason", Text),
    Column("created_at", String(40), nullable=False),
    ForeignKeyConstraint(["incident"], ["incidents.id"]),
    Index("ix_approvals_model", "model", "status"),
)

journal = Table(
    "journal",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("key", String(200), nullable=False, unique=True),
    Column("at", String(40), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("actor", String(128), nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

journal_head = Table(
    "journal_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)
