"""How does a declared view become one of the database's own?"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, cast, column, extract, func, inspect, select, table

from steward.adapters.sql.layout import Kind, always_quoted, found_layout, need_column
from steward.core.errors import Fault, UsageError
from steward.data.tables import RowView


def make_view(connection: Connection, view: RowView) -> None:
    """Make a view, in place of one of the same name.

    Its columns: `hour` (0 to 23) where asked for, the groups, `row_count`, and `mean_NAME` for each number.

    Raises:
        UsageError: DB-023 it names a column that is not there, DB-026 a time or a number that is none.
    """
    _refuse_odd(view, found_layout(inspect(connection).get_columns(view.table)))
    name = connection.dialect.identifier_preparer.quote_identifier(view.name)
    query = _query(view).compile(connection, compile_kwargs={"literal_binds": True})
    replace = connection.dialect.name == "mysql"
    if not replace:
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")
    connection.exec_driver_sql(f"CREATE {'OR REPLACE ' if replace else ''}VIEW {name} AS {query}")


def _query(view: RowView) -> Select[Any]:
    hours: list[ColumnElement[Any]] = [] if view.hour_of is None else [extract("hour", column(always_quoted(view.hour_of)))]
    groups: list[ColumnElement[Any]] = [column(always_quoted(name)) for name in view.by]
    shown = [*(cast(hour, Integer).label("hour") for hour in hours), *groups, func.count().label("row_count")]
    means = [func.avg(column(always_quoted(name))).label(f"mean_{name}") for name in view.mean]
    return select(*shown, *means).select_from(table(always_quoted(view.table))).group_by(*hours, *groups)


def _refuse_odd(view: RowView, layout: Mapping[str, Kind | None]) -> None:
    where = f"the view {view.name!r}"
    for name in (*view.by, *view.mean, *((view.hour_of,) if view.hour_of else ())):
        need_column(name, layout, where)
    odd = [f"{view.hour_of} is no time"] if view.hour_of and layout[view.hour_of] != "time" else []
    odd += [f"{name} is no number" for name in view.mean if layout[name] not in ("number", "integer")]
    if odd:
        what = f"{where} cannot be made: {', '.join(odd)}"
        raise UsageError(Fault("DB-026", what, ("project.yaml: database.views",), fix="name other columns"))
