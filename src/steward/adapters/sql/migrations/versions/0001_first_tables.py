"""The first tables: runs and steps, versions and the pointer, windows, incidents, approvals, the journal."""

import sqlalchemy as sa

from steward.adapters.sql.migrations.steps import LongText, make_index, make_table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them all."""
    _runs_and_steps()
    _versions()
    _watching()
    _journal()


def _runs_and_steps() -> None:
    make_table(
        "runs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("project", sa.String(128), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("trigger", sa.String(64), nullable=False),
        sa.Column("options", LongText, nullable=False),
        sa.Column("frozen", LongText, nullable=False),
        sa.Column("result", LongText),
        sa.Column("started_at", sa.String(40), nullable=False),
        sa.Column("finished_at", sa.String(40)),
    )
    make_index("ix_runs_project", "runs", ["project", "started_at"])
    make_table(
        "steps",
        sa.Column("run", sa.String(32), sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reused", sa.Boolean, nullable=False),
        sa.Column("output", LongText),
        sa.Column("started_at", sa.String(40), nullable=False),
        sa.Column("finished_at", sa.String(40)),
    )
    make_index("ix_steps_key", "steps", ["key", "status"])


def _versions() -> None:
    make_table(
        "versions",
        sa.Column("model", sa.String(128), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("run", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("files", LongText, nullable=False),
        sa.Column("facts", LongText, nullable=False),
        sa.Column("created_at", sa.String(40), nullable=False),
        sa.UniqueConstraint("model", "key", name="uq_versions_key"),
    )
    make_table(
        "champions",
        sa.Column("model", sa.String(128), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("since", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
    )


def _watching() -> None:
    make_table(
        "windows",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("severity", sa.Double),
        sa.Column("alarm", sa.Boolean, nullable=False),
        sa.Column("answered", sa.Boolean, nullable=False),
        sa.Column("verdict", LongText, nullable=False),
        sa.Column("created_at", sa.String(40), nullable=False),
    )
    make_index("ix_windows_model", "windows", ["model", "created_at"])
    make_table(
        "incidents",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("severity", sa.Double),
        sa.Column("labels", LongText, nullable=False),
        sa.Column("outcome", LongText),
        sa.Column("opened_at", sa.String(40), nullable=False),
        sa.Column("closed_at", sa.String(40)),
    )
    make_index("ix_incidents_model", "incidents", ["model", "status"])
    make_table(
        "approvals",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("incident", sa.String(32), sa.ForeignKey("incidents.id"), nullable=False),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("action", LongText, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.String(128)),
        sa.Column("decided_at", sa.String(40)),
        sa.Column("reason", LongText),
        sa.Column("created_at", sa.String(40), nullable=False),
    )
    make_index("ix_approvals_model", "approvals", ["model", "status"])


def _journal() -> None:
    make_table(
        "journal",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key", sa.String(200), nullable=False, unique=True),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("detail", LongText, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    make_table(
        "journal_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
