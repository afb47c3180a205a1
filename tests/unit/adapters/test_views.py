"""Declared views give the same figures on every database."""

from collections.abc import Callable
from datetime import datetime

import polars as pl
import pytest
from sqlalchemy import text

from steward.adapters.sql.database import Database
from steward.adapters.sql.warehouse import SqlRowTables
from steward.core.errors import UsageError
from steward.data.tables import RowView, TableFacts
from steward.testing.clock import FrozenClock

FRAME = pl.DataFrame(
    {
        "period": ["2024-01"] * 5,
        "pickup_at": [
            datetime.fromisoformat(f"2024-01-0{day}T{hour:02}:59:59.5") for day, hour in ((1, 0), (1, 23), (2, 0), (2, 0), (3, 0))
        ],
        "zone": [7, 7, 7, 8, None],
        "miles": [1.0, 2.0, 4.0, None, 8.0],
        "share %": [1, 2, 3, 4, 6],
    }
)
VIEW = RowView("trips_by_hour_taxi", "processed_taxi", "pickup_at", ("zone",), ("miles", "share %"))


@pytest.fixture
def tables(database: Database) -> SqlRowTables:
    store = SqlRowTables(database, FrozenClock())
    store.load("taxi", "processed_taxi", FRAME)
    return store


def test_trips_are_counted_by_hour_and_zone(tables: SqlRowTables) -> None:
    tables.make_view(VIEW)
    answer = tables.ask("SELECT * FROM trips_by_hour_taxi", limit=10)
    assert answer.columns == ("hour", "zone", "row_count", "mean_miles", "mean_share %")
    assert sorted((tuple(map(float, row[:1])), row[1], row[2], row[3], float(row[4])) for row in answer.rows if row[1]) == [
        ((0.0,), 7, 2, 2.5, 2.0),
        ((0.0,), 8, 1, None, 4.0),
        ((23.0,), 7, 1, 2.0, 2.0),
    ]
    assert [tuple(row[1:4]) for row in answer.rows if row[1] is None] == [(None, 1, 8.0)]
    assert isinstance(answer.rows[0][0], int)


def test_a_view_is_made_anew_in_place_of_the_old_one(tables: SqlRowTables) -> None:
    tables.make_view(VIEW)
    tables.make_view(RowView(VIEW.name, VIEW.table, None, ("share %",), ()))
    assert tables.ask("SELECT * FROM trips_by_hour_taxi", limit=9).columns == ("share %", "row_count")
    assert tables.views() == ("drift_over_time", "model_leaderboard", "quality_over_time", "trips_by_hour_taxi")


def test_other_columns_may_come_below_a_view(tables: SqlRowTables) -> None:
    tables.make_view(VIEW)
    tables.load("taxi", "processed_taxi", FRAME.with_columns(tip=pl.lit(1.0)))
    tables.make_view(RowView(VIEW.name, VIEW.table, "pickup_at", (), ("tip",)))
    assert sorted(tuple(row) for row in tables.ask("SELECT hour, mean_tip FROM trips_by_hour_taxi", limit=9).rows) == [
        (0, 1.0),
        (23, 1.0),
    ]


@pytest.mark.parametrize(
    ("view", "told"),
    [
        (RowView("v", "processed_taxi", None, ("zones",), ()), "did you mean 'zone'"),
        (RowView("v", "processed_taxi", "zone", (), ()), "zone is no time"),
        (RowView("v", "processed_taxi", None, ("zone",), ("period",)), "period is no number"),
    ],
)
def test_a_view_of_what_is_not_there_is_refused(store_of: Callable[[str], Database], view: RowView, told: str) -> None:
    store = SqlRowTables(store_of("sqlite"), FrozenClock())
    store.load("taxi", "processed_taxi", FRAME)
    with pytest.raises(UsageError, match=told):
        store.make_view(view)


def test_tables_tell_whose_rows_they_hold(tables: SqlRowTables) -> None:
    found = {table.name: table for table in tables.tables()}
    assert found["processed_taxi"] == TableFacts("processed_taxi", "taxi", 1, 5)
    assert found["runs"] == TableFacts("runs", "", 0, 0)


def test_a_project_with_a_long_name_gets_tables_it_finds_again(database: Database) -> None:
    store, name = SqlRowTables(database, FrozenClock()), "processed_" + "a-" * 32
    store.load("long", name, FRAME)
    assert store.load("long", name, FRAME).unchanged == ("2024-01",)
    store.make_view(RowView("by_zone_" + "a-" * 32, name, None, ("zone",), ()))
    long = [view for view in store.views() if view.startswith("by_zone_a-")]
    with database.read() as connection:
        quoted = database.engine.dialect.identifier_preparer.quote_identifier(long[0])
        assert connection.execute(text(f"SELECT sum(row_count) FROM {quoted}")).scalar_one() == 5
