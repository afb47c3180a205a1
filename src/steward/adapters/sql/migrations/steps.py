"""How does a migration make a table or an index, where a killed one may have made it before?

MariaDB commits after each of these statements: a migration that was stopped leaves some of them done.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import LONGTEXT

LongText = sa.Text().with_variant(LONGTEXT, "mysql")
_ON_MYSQL: Mapping[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def make_table(name: str, *parts: sa.schema.SchemaItem) -> None:
    """Make a table unless it is there."""
    if not sa.inspect(op.get_bind()).has_table(name):
        op.create_table(name, *parts, **_ON_MYSQL)


def make_index(name: str, table: str, columns: Sequence[str]) -> None:
    """Make an index unless it is there."""
    if name not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}:
        op.create_index(name, table, columns)


def make_view(name: str, query: str) -> None:
    """Make a view unless it is there."""
    if name not in sa.inspect(op.get_bind()).get_view_names():
        op.execute(f"CREATE VIEW {name} AS {query}")
