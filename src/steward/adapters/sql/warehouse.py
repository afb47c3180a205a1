"""What does the database hold as tables and views, and how do flows load rows into it and ask it?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import func, inspect, select, table

from steward.adapters.sql.ask import ask
from steward.adapters.sql.database import Database
from steward.adapters.sql.tables import row_tables
from steward.core.clock import Clock
from steward.data.tables import Answer, LoadedRows, RowView, TableFacts

if TYPE_CHECKING:
    import polars as pl


class SqlRowTables:
    """Rows and questions in the database; see `steward.data.tables.RowTables`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @property
    def address(self) -> str:
        """Where it is, without the password."""
        return self._database.address

    def load(self, project: str, table: str, frame: "pl.DataFrame", *, indexes: Sequence[tuple[str, ...]] = ()) -> LoadedRows:
        """Make a table hold exactly these rows, writing only the parts that differ."""
        from steward.adapters.sql.layout import short_name
        from steward.adapters.sql.rows import load_rows

        name, clock = short_name(table), self._clock
        return load_rows(self._database, name, frame, indexes=indexes, project=project, whole=True, clock=clock)

    def make_view(self, view: RowView) -> None:
        """Make a view, in place of one of the same name."""
        from steward.adapters.sql.layout import short_name
        from steward.adapters.sql.views import make_view

        short = RowView(short_name(view.name), short_name(view.table), view.hour_of, view.by, view.mean)
        with self._database.bulk() as connection:
            make_view(connection, short)

    def tables(self) -> Sequence[TableFacts]:
        """Return all tables by name."""
        entries = select(row_tables.c.table_name, row_tables.c.project, func.count()).group_by(
            row_tables.c.table_name, row_tables.c.project
        )
        with self._database.read() as connection:
            loaded = {name: (project, parts) for name, project, parts in connection.execute(entries)}
            names = sorted(inspect(connection).get_table_names())
            counts = {name: connection.execute(select(func.count()).select_from(table(name))).scalar_one() for name in names}
        return tuple(TableFacts(name, *loaded.get(name, ("", 0)), counts[name]) for name in names)

    def views(self) -> Sequence[str]:
        """Return the names of all views, sorted."""
        with self._database.read() as connection:
            return tuple(sorted(inspect(connection).get_view_names()))

    def ask(self, sql: str, *, limit: int) -> Answer:
        """Answer one question without changing anything."""
        return ask(self._database, sql, limit=limit)
