"""What was tried to tune a candidate: studies and their trials."""

import sqlalchemy as sa

from steward.adapters.sql.migrations.steps import LongText, make_index, make_table

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both."""
    make_table(
        "studies",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("project", sa.String(128), nullable=False),
        sa.Column("candidate", sa.String(128), nullable=False),
        sa.Column("metric", sa.String(64), nullable=False),
        sa.Column("asked", LongText, nullable=False),
        sa.Column("created_at", sa.String(40), nullable=False),
    )
    make_index("ix_studies_project", "studies", ["project", "created_at"])
    make_table(
        "trials",
        sa.Column("study", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("settings", LongText, nullable=False),
        sa.Column("steps", LongText, nullable=False),
        sa.Column("error", LongText, nullable=False),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("beat", sa.Integer, nullable=False),
        sa.Column("began_s", sa.Double, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
    )
