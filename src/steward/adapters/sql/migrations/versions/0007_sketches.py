"""Windows by time with their status, and the sketches of batches that they are merged from."""

import sqlalchemy as sa

from steward.adapters.sql.migrations.steps import LongBytes, add_column, make_index, make_table

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_LISTED = (
    *("model", "created_at", "start_at", "end_at", "id", "version", "label", "severity", "alarm", "answered"),
    *("status", "content"),
)


def upgrade() -> None:
    """Create both."""
    for name, length in (("start_at", 40), ("end_at", 40), ("status", 24), ("content", 64)):
        add_column("windows", sa.Column(name, sa.String(length)))
    make_index("ix_windows_span", "windows", ["model", "version", "start_at"])
    make_index("ix_windows_model_listed", "windows", _LISTED)
    make_table(
        "sketches",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("start_at", sa.String(40), nullable=False),
        sa.Column("end_at", sa.String(40), nullable=False),
        sa.Column("row_count", sa.Integer, nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("sketch", LongBytes, nullable=False),
    )
    make_index("ix_sketches_model", "sketches", ["model", "version", "start_at"])
