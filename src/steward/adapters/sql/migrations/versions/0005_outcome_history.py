"""What was told about predictions, corrections included."""

import sqlalchemy as sa

from steward.adapters.sql.migrations.steps import make_index, make_table

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create it."""
    make_table(
        "outcome_history",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("prediction", sa.String(64), nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("label", sa.String(255)),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("received_at", sa.String(40), nullable=False),
    )
    make_index("ix_outcome_history_prediction", "outcome_history", ["prediction"])
    make_index("ix_outcome_history_model", "outcome_history", ["model", "received_at"])
