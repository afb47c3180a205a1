"""Rows become tables: exact, part by part, each part once."""

import math
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from sqlalchemy import inspect, select, text
from tests.servers import DATABASES, Server

from steward.adapters.sql.database import Database
from steward.adapters.sql.layout import layout_of, make_table, short_name
from steward.adapters.sql.rows import load_rows
from steward.adapters.sql.tables import row_tables
from steward.core.errors import Refused, UsageError
from steward.data.tables import LoadedRows

ODD_TEXTS = [
    "",
    " ",
    "\\N",
    "NULL",
    "null",
    "\\.",
    "a\n\\.\nb",
    "\\",
    "'",
    '"',
    '"quoted"',
    "a,b",
    "a\tb",
    "a\r\nb",
    "\\n",
    "é東🚕",
    "%s %% :x ?",
    "a ",
    "A",
    "a",
]
ODD_NUMBERS = [0.1, 1 / 3, -0.5, 5e-324, 1.7976931348623157e308, 2**53 + 2.0, 1e22, 123456789.123456789, 40.809456817038885, 0.0]
ODD_WHOLES = [0, -1, 2**63 - 1, -(2**63), 2**53 + 1]


time = datetime.fromisoformat


def read(database: Database, table: str, like: pl.DataFrame, order: str = "n") -> pl.DataFrame:
    """Read a table back, in the types of the frame it came from."""
    described = make_table(table, layout_of(like))
    with database.read() as connection:
        rows = connection.execute(select(described).order_by(described.c[order])).all()
    return pl.DataFrame([tuple(row) for row in rows], schema=like.schema, orient="row")


def trips(months: dict[str, int], shift: int = 0) -> pl.DataFrame:
    """Some rows for each month, numbered through."""
    frame = pl.concat([pl.DataFrame({"period": [month] * rows}) for month, rows in months.items()])
    number = pl.int_range(pl.len(), dtype=pl.Int64)
    return frame.with_columns(number.alias("n"), (number * 0.5 + shift).alias("miles"))


@pytest.mark.parametrize("rows", [1, 99, 100, 101, 250])
def test_values_types_and_nulls_come_back_exactly(database: Database, rows: int) -> None:
    def column(values: list[Any]) -> list[Any]:
        return [[*values, None][i % (len(values) + 1)] for i in range(rows)]

    frame = pl.DataFrame(
        {
            "n": range(rows),
            "period": ["2024-01"] * rows,
            "text": column(ODD_TEXTS),
            "number": column(ODD_NUMBERS),
            "whole": column(ODD_WHOLES),
            "yes": column([True, False]),
            "at": column([time("2024-01-31 23:59:59.999999"), time("1999-12-31"), time("2008-12-31 22:06:48")]),
            "day": column([date(2024, 2, 29), date(1970, 1, 1)]),
            "nothing": [None] * rows,
            "Select": column(["a reserved word"]),
            "share %": column([0.25]),
            'a "quoted" `name`': column(["x"]),
        },
        schema_overrides={"n": pl.Int64, "nothing": pl.String},
    )
    load_rows(database, "raw_odd", frame)
    assert_frame_equal(read(database, "raw_odd", frame), frame, check_exact=True)


def test_columns_have_the_types_of_their_values(database: Database) -> None:
    frame = pl.DataFrame(
        {"period": ["a"], "n": [1], "x": [0.5], "yes": [True], "at": [time("2024-01-01")], "day": [date(2024, 1, 1)]}
    )
    load_rows(database, "raw_types", frame)
    with database.read() as connection:
        found = {column["name"]: str(column["type"]) for column in inspect(connection).get_columns("raw_types")}
    assert (
        found
        == {
            "sqlite": {"period": "TEXT", "n": "BIGINT", "x": "DOUBLE", "yes": "BOOLEAN", "at": "DATETIME", "day": "DATE"},
            "postgresql": {
                "period": "TEXT",
                "n": "BIGINT",
                "x": "DOUBLE PRECISION",
                "yes": "BOOLEAN",
                "at": "TIMESTAMP",
                "day": "DATE",
            },
            "mysql": {"period": "LONGTEXT", "n": "BIGINT", "x": "DOUBLE", "yes": "TINYINT", "at": "DATETIME", "day": "DATE"},
        }[database.kind]
    )


def test_narrow_and_zoned_types_are_kept_in_the_wide_one(database: Database) -> None:
    frame = pl.DataFrame(
        {
            "period": pl.Series(["a", "b"], dtype=pl.Categorical),
            "n": pl.Series([1, 2], dtype=pl.UInt32),
            "x": pl.Series([0.1, None], dtype=pl.Float32),
            "at": pl.Series([time("2024-07-01 12:00"), None], dtype=pl.Datetime("ms")).dt.replace_time_zone("Europe/Paris"),
            "nothing": [None, None],
        }
    )
    load_rows(database, "raw_narrow", frame)
    expected = pl.DataFrame(
        {
            "period": ["a", "b"],
            "n": [1, 2],
            "x": [0.10000000149011612, None],
            "at": [time("2024-07-01 10:00"), None],
            "nothing": [None, None],
        },
        schema_overrides={"nothing": pl.String},
    )
    assert_frame_equal(read(database, "raw_narrow", expected), expected, check_exact=True)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
CELLS = st.tuples(st.none() | TEXTS, st.none() | NUMBERS, st.none() | st.integers(-(2**63), 2**63 - 1), st.none() | st.booleans())


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(cells=st.lists(CELLS, min_size=1, max_size=40))
def test_whatever_the_cells_are_they_come_back(database: Database, cells: list[tuple[Any, ...]]) -> None:
    kinds = {"text": pl.String, "number": pl.Float64, "whole": pl.Int64, "yes": pl.Boolean}
    frame = (
        pl.DataFrame(cells, schema=kinds, orient="row")
        .with_row_index("n")
        .with_columns(pl.col("n").cast(pl.Int64), period=pl.lit("p"))
    )
    load_rows(database, "raw_any", frame)
    assert_frame_equal(read(database, "raw_any", frame), frame, check_exact=True)


def test_the_same_rows_twice_change_nothing(database: Database) -> None:
    frame = trips({"2024-01": 3, "2024-02": 2})
    assert load_rows(database, "raw_trips", frame) == LoadedRows(5, ("2024-01", "2024-02"), ())
    assert load_rows(database, "raw_trips", frame) == LoadedRows(0, (), ("2024-01", "2024-02"))
    assert_frame_equal(read(database, "raw_trips", frame), frame)


def test_only_new_and_changed_parts_are_written(database: Database) -> None:
    load_rows(database, "raw_trips", trips({"2024-01": 3, "2024-02": 2}))
    changed = pl.concat([trips({"2024-01": 3}), trips({"2024-02": 4, "2024-03": 1}, shift=100).with_columns(pl.col("n") + 3)])
    assert load_rows(database, "raw_trips", changed) == LoadedRows(5, ("2024-02", "2024-03"), ("2024-01",))
    assert_frame_equal(read(database, "raw_trips", changed), changed)


def test_other_months_stay_unless_these_are_to_be_the_whole(database: Database) -> None:
    both, later = trips({"2024-01": 3, "2024-02": 2}), trips({"2024-03": 1})
    load_rows(database, "raw_trips", both)
    load_rows(database, "raw_trips", later)
    assert read(database, "raw_trips", both).height == 6
    assert load_rows(database, "raw_trips", later, whole=True) == LoadedRows(0, (), ("2024-03",), ("2024-01", "2024-02"))
    assert_frame_equal(read(database, "raw_trips", later), later)


def test_rows_of_a_part_need_not_stand_together(database: Database) -> None:
    mixed = pl.DataFrame({"period": ["b", "a", "b", "a"], "n": [0, 1, 2, 3]})
    assert load_rows(database, "raw_trips", mixed) == LoadedRows(4, ("a", "b"), ())
    assert_frame_equal(read(database, "raw_trips", mixed), mixed)


def test_the_registry_says_what_is_loaded(database: Database) -> None:
    load_rows(database, "raw_trips", trips({"2024-01": 3, "2024-02": 2}), project="taxi")
    with database.read() as connection:
        rows = connection.execute(select(row_tables).order_by(row_tables.c.part)).all()
    assert [(row.table_name, row.part, row.project, row.row_count) for row in rows] == [
        ("raw_trips", "2024-01", "taxi", 3),
        ("raw_trips", "2024-02", "taxi", 2),
    ]
    assert all(len(row.digest) == 64 for row in rows)


def test_other_columns_are_refused_while_other_parts_stay(database: Database) -> None:
    load_rows(database, "raw_trips", trips({"2024-01": 3, "2024-02": 2}))
    wider = trips({"2024-02": 2}).with_columns(tip=pl.lit(1.0))
    with pytest.raises(Refused, match=r"DB-022.*tip(.|\n)*2024-01"):
        load_rows(database, "raw_trips", wider)
    assert read(database, "raw_trips", trips({"2024-01": 1})).height == 5


def test_other_columns_are_taken_where_all_parts_are_replaced(database: Database) -> None:
    load_rows(database, "raw_trips", trips({"2024-01": 3}))
    wider = trips({"2024-01": 3}).with_columns(tip=pl.lit(1.0), n=pl.col("n").cast(pl.Int32))
    assert load_rows(database, "raw_trips", wider) == LoadedRows(3, ("2024-01",), ())
    expected = wider.with_columns(pl.col("n").cast(pl.Int64))
    assert_frame_equal(read(database, "raw_trips", expected), expected)


def test_a_table_that_steward_did_not_fill_is_not_touched(database: Database) -> None:
    with database.bulk() as connection:
        connection.execute(text("CREATE TABLE raw_trips (period VARCHAR(8), n BIGINT)"))
        connection.execute(text("INSERT INTO raw_trips VALUES ('mine', 7)"))
    with pytest.raises(Refused, match="DB-022"):
        load_rows(database, "raw_trips", trips({"2024-01": 3}), whole=True)
    with database.read() as connection:
        assert connection.execute(text("SELECT n FROM raw_trips")).scalar_one() == 7


def test_a_table_that_somebody_dropped_is_made_again(database: Database) -> None:
    frame = trips({"2024-01": 3})
    load_rows(database, "raw_trips", frame)
    with database.bulk() as connection:
        connection.execute(text("DROP TABLE raw_trips"))
    assert load_rows(database, "raw_trips", frame).rows == 3
    assert_frame_equal(read(database, "raw_trips", frame), frame)


def test_declared_indexes_are_made_once(database: Database) -> None:
    frame = trips({"2024-01": 3}).with_columns(zone=pl.lit("x" * 300))
    for _ in range(2):
        load_rows(database, "raw_trips", frame, indexes=[("zone", "n"), ("n",)])
    with database.read() as connection:
        found = {index["name"]: index["column_names"] for index in inspect(connection).get_indexes("raw_trips")}
    assert found == {"ix_raw_trips_period": ["period"], "ix_raw_trips_zone_n": ["zone", "n"], "ix_raw_trips_n": ["n"]}


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (pl.DataFrame({"period": ["a"], "x": [math.nan]}), r"DB-021.*x \(1 rows\)"),
        (pl.DataFrame({"period": ["a"], "x": [math.inf]}), r"DB-021.*x \(1 rows\)"),
        (pl.DataFrame({"period": ["a"], "x": [2**64 - 1]}, schema_overrides={"x": pl.UInt64}), "DB-021"),
        (pl.DataFrame({"period": ["a"], "x": [[1, 2]]}), r"DB-020.*List"),
        (pl.DataFrame({"period": ["a"], "x": [1], "X": [1]}), "DB-020(.|\n)*upper and lower case"),
        (pl.DataFrame({"period": ["a"], "x" * 64: [1]}), "DB-020(.|\n)*longer than 63"),
        (pl.DataFrame({"period": ["a"], " x": [1]}), "DB-020(.|\n)*space"),
        (pl.DataFrame({"period": ["a", None], "x": [1, 2]}), "DB-025"),
        (pl.DataFrame({"x": [1, 2]}), r"DB-023.*period"),
    ],
)
def test_rows_that_no_table_keeps_exactly_are_refused_before_anything_is_made(
    store_of: Callable[[str], Database], frame: pl.DataFrame, told: str
) -> None:
    database = store_of("sqlite")
    with pytest.raises(UsageError, match=told):
        load_rows(database, "raw_trips", frame)
    with database.read() as connection:
        assert not inspect(connection).has_table("raw_trips")


def test_an_index_on_a_column_that_is_not_there_is_refused_with_the_nearest(store_of: Callable[[str], Database]) -> None:
    with pytest.raises(UsageError, match="did you mean 'miles'"):
        load_rows(store_of("sqlite"), "raw_trips", trips({"2024-01": 3}), indexes=[("mile",)])


def test_a_text_that_a_database_cannot_hold_is_named_and_leaves_nothing(store_of: Callable[[str], Database]) -> None:
    database = store_of("postgresql")
    with pytest.raises(UsageError, match="DB-005"):
        load_rows(database, "raw_trips", pl.DataFrame({"period": ["a", "b"], "t": ["fine", "a\0b"]}))
    with database.read() as connection:
        assert connection.execute(text("SELECT t FROM raw_trips")).scalars().all() == ["fine"]
        assert connection.execute(select(row_tables.c.part)).scalars().all() == ["a"]


def test_a_server_that_takes_no_files_gets_the_rows_by_insert(mariadb: Server, store_of: Callable[[str], Database]) -> None:
    database, frame = store_of("mariadb"), trips({"2024-01": 30, "2024-02": 20})
    mariadb.sql("SET GLOBAL local_infile = 0")
    try:
        load_rows(database, "raw_trips", frame)
    finally:
        mariadb.sql("SET GLOBAL local_infile = 1")
    assert_frame_equal(read(database, "raw_trips", frame), frame)


def test_more_rows_than_one_slice_come_in_order(database: Database) -> None:
    frame = trips({"2024-01": 70_003})
    load_rows(database, "raw_trips", frame)
    assert_frame_equal(read(database, "raw_trips", frame), frame)


def test_the_three_databases_hold_the_same(store_of: Callable[[str], Database]) -> None:
    frame = trips({"2024-01": 300, "2024-02": 200}).with_columns(
        at=pl.datetime(2024, 1, 1) + pl.duration(microseconds=pl.col("n") * 86_400_123_457),
        zone=pl.when(pl.col("n") % 7 > 0).then(pl.format("zone {}", pl.col("n") % 5)),
        share=pl.col("n").cast(pl.Float64) / 7,
    )
    databases = [store_of(kind) for kind in DATABASES]
    for database in databases:
        load_rows(database, "raw_trips", frame)
    first, *others = [read(database, "raw_trips", frame) for database in databases]
    for other in others:
        assert_frame_equal(first, other, check_exact=True)


def test_a_name_too_long_for_a_database_keeps_its_beginning_and_stays_its_own() -> None:
    long = "processed_" + "a" * 60
    assert short_name("raw_taxi") == "raw_taxi"
    assert len(short_name(long)) == 63
    assert short_name(long).startswith("processed_aaaa")
    assert short_name(long) != short_name(long + "b")
