"""Which versions stood beside the champion, and what they would have answered."""

import sqlalchemy as sa

from steward.adapters.sql.migrations.steps import LongText, make_index, make_table

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both."""
    make_table(
        "challenges",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("against", sa.Integer, nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("steps", LongText, nullable=False),
        sa.Column("every_s", sa.Double),
        sa.Column("entity", sa.String(255)),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("since", sa.String(40), nullable=False),
        sa.Column("started_by", sa.String(128), nullable=False),
        sa.Column("ended_at", sa.String(40)),
        sa.Column("ended_how", sa.String(16)),
    )
    make_index("ix_challenges_model", "challenges", ["model", "since"])
    make_table(
        "shadow_answers",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("prediction", sa.String(64), nullable=False),
        sa.Column("challenge", sa.String(32), nullable=False),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("answer_json", LongText, nullable=False),
    )
    make_index("ix_shadow_answers_prediction", "shadow_answers", ["prediction"])
    make_index("ix_shadow_answers_challenge", "shadow_answers", ["challenge"])
