"""How does a migration make a table, a column or an index, where a killed one may have made it before?

MariaDB commits after each of these statements: a migration that was stopped leaves some of them done.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import LONGBLOB, LONGTEXT

LongText = sa.Text().with_variant(LONGTEXT, "mysql")
LongBytes = sa.LargeBinary().with_variant(LONGBLOB, "mysql")
_ON_MYSQL: Mapping[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def make_table(name: str, *parts: sa.schema.SchemaItem) -> None:
    """Make a table unless it is there."""
    if not sa.inspect(op.get_bind()).has_table(name):
        op.create_table(name, *parts, **_ON_MYSQL)


def make_index(name: str, table: str, columns: Sequence[str]) -> None:
    """Make an index unless it is there."""
    if name not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}:
        op.create_index(name, table, columns)


def add_column(table: str, column: sa.Column[Any]) -> None:
    """Add a column that may be empty to a table, unless it is there."""
    if column.name not in {found["name"] for found in sa.inspect(op.get_bind()).get_columns(table)}:
        op.add_column(table, column)


def make_view(name: str, query: str) -> None:
    """Make a view unless it is there."""
    if name not in sa.inspect(op.get_bind()).get_view_names():
        op.execute(f"CREATE VIEW {name} AS {query}")
