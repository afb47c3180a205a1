"""Which rows a query gives, in which types, and what it may not do: on SQLite, PostgreSQL and MariaDB."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
from tests.servers import PASSWORD, Server

from steward.adapters import sql_source
from steward.adapters.environment import expand_secret
from steward.adapters.sql.address import read_address
from steward.adapters.sql_source import fetch_query, fetch_table
from steward.core.errors import EnvironmentFault, StewardError, UsageError
from steward.core.progress import Silent
from steward.data.read import read_table
from steward.data.unavailable import NotPublished
from steward.project.dictionary import DictionarySpec

BIG = 2**53 + 1  # no float holds it
OCTOBER = {"period": "2020-10", "start": datetime(2020, 10, 1), "end": datetime(2020, 11, 1)}  # noqa: DTZ001 - as the rows


def run(url: str, *statements: str) -> None:
    engine = create_engine(read_address(url), poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def rows(url: str, query: str, into: Path, parameters: dict[str, object] | None = None, **more: int) -> pl.DataFrame:
    return pl.read_parquet(fetch_query(url, query, parameters or {}, into, **more))


@pytest.fixture
def trips(database_url: str) -> str:
    """Five trips, one before and one after October, with nulls beside integers that no float holds."""
    run(
        database_url,
        """CREATE TABLE trips
            (id BIGINT, zone INTEGER, fare NUMERIC(10, 2), miles DOUBLE PRECISION, at TIMESTAMP NULL, note VARCHAR(20))""",
        f"""INSERT INTO trips VALUES
            (1, 7, 10.50, 1.5, '2020-09-30 23:59:59', 'early'), (2, NULL, 2.25, 0.5, '2020-10-01 00:00:00', NULL),
            ({BIG}, 9, NULL, NULL, '2020-10-31 23:59:59', 'é%\\:x'), (4, 9, 7, 2, '2020-11-01 00:00:00', ''),
            (5, NULL, 0.01, 1e-3, NULL, 'n')""",
    )
    return database_url


def test_a_period_is_half_open_and_integers_beside_nulls_stay_exact(trips: str, tmp_path: Path) -> None:
    query = "SELECT id, zone, note FROM trips WHERE at >= :start AND at < :end ORDER BY id"
    found = rows(trips, query, tmp_path, OCTOBER)
    expected = {"id": [2, BIG], "zone": [None, 9], "note": [None, "é%:x"]}
    assert_frame_equal(found, pl.DataFrame(expected, schema={"id": pl.Int64, "zone": pl.Int64, "note": pl.String}))


def test_a_table_has_all_its_rows_and_columns(trips: str, tmp_path: Path) -> None:
    found = pl.read_parquet(fetch_table(trips, "trips", tmp_path)).sort("id")
    assert found.columns == ["id", "zone", "fare", "miles", "at", "note"]
    assert found["id"].to_list() == [1, 2, 4, 5, BIG]
    assert found["miles"].to_list() == [1.5, 0.5, 2.0, 0.001, None]
    assert [float(fare) if fare is not None else None for fare in found["fare"]] == [10.5, 2.25, 7.0, 0.01, None]


def test_a_servers_decimals_times_and_booleans_keep_their_types(trips: str, tmp_path: Path) -> None:
    found = pl.read_parquet(fetch_table(trips, "trips", tmp_path)).sort("id")
    if trips.startswith("sqlite"):  # it has no such types: what was written is what comes
        assert found.schema["fare"] == pl.Float64
        assert found.schema["at"] == pl.String
    else:
        assert found.schema["fare"] == pl.Decimal(4, 2)
        assert found["fare"].to_list()[:2] == [Decimal("10.50"), Decimal("2.25")]
        assert found.schema["at"] == pl.Datetime("us")
        assert found["at"].to_list()[1] == datetime(2020, 10, 1)  # noqa: DTZ001


def test_sums_and_counts_are_integers(trips: str, tmp_path: Path) -> None:
    found = rows(trips, "SELECT SUM(zone) AS total, COUNT(*) AS n FROM trips", tmp_path)
    assert found.schema == {"total": pl.Int64, "n": pl.Int64}
    assert found.row(0) == (25, 5)


def test_what_comes_is_read_by_the_dictionary(trips: str, tmp_path: Path) -> None:
    types = {"id": "integer", "zone": "integer", "fare": "number", "miles": "number", "at": "datetime", "note": "text"}
    columns = {name: {"type": kind, "meaning": "-", "known_at": "request"} for name, kind in types.items()}
    path = fetch_table(trips, "trips", tmp_path)
    frame = read_table(path, DictionarySpec.model_validate({"columns": columns})).frame.sort("id")
    assert frame.schema == {
        "id": pl.Int64,
        "zone": pl.Int64,
        "fare": pl.Float64,
        "miles": pl.Float64,
        "at": pl.Datetime("us"),
        "note": pl.String,
    }
    assert frame["fare"].to_list() == [10.5, 2.25, 7.0, 0.01, None]
    assert frame["at"].null_count() == 1


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_the_types_do_not_depend_on_how_the_rows_arrive(
    trips: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    whole = rows(trips, "SELECT * FROM trips ORDER BY id", tmp_path / "whole")
    monkeypatch.setattr(sql_source, "_BATCH_ROWS", batch)
    assert_frame_equal(rows(trips, "SELECT * FROM trips ORDER BY id", tmp_path / "batches"), whole)


def test_asked_again_the_database_is_read_again_and_nothing_else_is_left(trips: str, tmp_path: Path) -> None:
    first = fetch_query(trips, "SELECT id FROM trips ORDER BY id", {}, tmp_path)
    before = first.read_bytes()
    assert fetch_query(trips, "SELECT id FROM trips ORDER BY id", {}, tmp_path).read_bytes() == before
    run(trips, "DELETE FROM trips WHERE id = 1")
    assert fetch_query(trips, "SELECT id FROM trips ORDER BY id", {}, tmp_path) == first
    assert pl.read_parquet(first).height == 4
    assert left(tmp_path) == ["rows.parquet"]


def left(into: Path) -> list[str]:
    return [path.name for path in into.rglob("*") if path.is_file() and not path.name.endswith((".lock", ".db"))]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM trips",
        "DROP TABLE trips",
        "UPDATE trips SET id = 0",
        "INSERT INTO trips (id) VALUES (0)",
        "CREATE TABLE other (x INTEGER)",
        "SELECT 1 AS a; DELETE FROM trips",
    ],
)
def test_nothing_is_ever_written(trips: str, tmp_path: Path, statement: str) -> None:
    with pytest.raises(UsageError) as caught:
        fetch_query(trips, statement, {}, tmp_path)
    assert caught.value.faults[0].code == "DATA-094"
    assert rows(trips, "SELECT COUNT(*) AS n, MIN(id) AS first FROM trips", tmp_path).row(0) == (5, 1)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("SELECT nothing FROM trips", "nothing"),
        ("SELECT id FROM nowhere", "nowhere"),
        ("SELEC id FROM trips", "SELEC"),
        ("", "DATA-094"),
    ],
)
def test_a_query_the_database_refuses_comes_with_its_own_words(trips: str, tmp_path: Path, query: str, names: str) -> None:
    with pytest.raises(UsageError, match=names) as caught:
        fetch_query(trips, query, {}, tmp_path)
    assert caught.value.faults[0].code == "DATA-094"
    assert PASSWORD not in str(caught.value)
    assert left(tmp_path) == []


def test_a_value_is_bound_and_never_becomes_sql(trips: str, tmp_path: Path) -> None:
    query = "SELECT id FROM trips WHERE note = :period"
    with pytest.raises(NotPublished, match="gives no rows") as caught:
        fetch_query(trips, query, {"period": "x' OR '1' = '1"}, tmp_path)
    assert caught.value.faults[0].code == "DATA-095"
    assert rows(trips, query, tmp_path, {"period": "é%:x"})["id"].to_list() == [BIG]
    assert rows(trips, "SELECT id FROM trips WHERE note LIKE '%\\:%'", tmp_path)["id"].to_list() == [BIG]


def test_a_parameter_nobody_gives_is_named_with_the_nearest(trips: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names :periode, which is no parameter") as caught:
        fetch_query(trips, "SELECT id FROM trips WHERE note = :periode", OCTOBER, tmp_path)
    assert "did you mean 'period'?" in str(caught.value)


def test_a_table_that_is_not_there_is_named_with_the_nearest(trips: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no table is called 'trip'") as caught:
        fetch_table(trips, "trip", tmp_path)
    assert "did you mean 'trips'?" in str(caught.value)


def test_more_rows_than_allowed_are_refused_and_nothing_is_left(trips: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="more than 4 rows") as caught:
        rows(trips, "SELECT id FROM trips", tmp_path, max_rows=4)
    assert caught.value.faults[0].code == "DATA-097"
    assert left(tmp_path) == []


def test_two_columns_of_one_name_are_refused(trips: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two columns called 'a'") as caught:
        rows(trips, "SELECT id AS a, zone AS a FROM trips", tmp_path)
    assert caught.value.faults[0].code == "DATA-096"


# --- each database's own


def test_postgresql_types_arrive_as_they_are(new_database: Callable[[str], str], tmp_path: Path) -> None:
    url = new_database("postgresql")
    query = """SELECT true AS flag, NULL::boolean AS empty, 12345678901234567890.12::numeric AS price, DATE '2020-10-25' AS day,
        TIMESTAMPTZ '2020-10-25 02:30:00+02' AS at, 'a'::bytea AS raw, '00000000-0000-0000-0000-000000000001'::uuid AS key,
        '10.0.0.1'::inet AS host, 1::smallint AS small, 2.5::real AS short"""
    found = rows(url, query, tmp_path)
    assert found.schema["flag"] == pl.Boolean
    assert found.schema["empty"] == pl.Null
    assert found["price"][0] == Decimal("12345678901234567890.12")
    assert found["day"][0] == date(2020, 10, 25)
    assert found.schema["at"] == pl.Datetime("us", "UTC")
    assert found["at"].dt.to_string("%H:%M")[0] == "00:30"
    assert found.select("key", "host", "small", "short").row(0) == ("00000000-0000-0000-0000-000000000001", "10.0.0.1", 1, 2.5)


@pytest.mark.parametrize("value", ["'{\"a\": 1}'::json", "ARRAY[1, 2]", "'NaN'::numeric", f"{10**40}::numeric"])
def test_what_no_table_holds_is_refused_with_the_columns_name(
    new_database: Callable[[str], str], tmp_path: Path, value: str
) -> None:
    with pytest.raises(UsageError, match="the column 'odd'") as caught:
        rows(new_database("postgresql"), f"SELECT {value} AS odd", tmp_path)
    assert caught.value.faults[0].code == "DATA-096"


def test_a_time_that_no_calendar_here_holds_is_the_querys_fault(new_database: Callable[[str], str], tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        rows(new_database("postgresql"), "SELECT 'infinity'::timestamp AS at", tmp_path)
    assert caught.value.faults[0].code == "DATA-094"


def test_mariadbs_unsigned_integers_are_exact(new_database: Callable[[str], str], tmp_path: Path) -> None:
    url = new_database("mariadb")
    run(url, "CREATE TABLE t (u BIGINT UNSIGNED, b BOOLEAN)", f"INSERT INTO t VALUES ({2**64 - 1}, TRUE), (1, NULL)")
    found = pl.read_parquet(fetch_table(url, "t", tmp_path))
    assert [int(value) for value in found["u"]] == [2**64 - 1, 1]
    assert found["b"].to_list() == [1, None]


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_wrong_password_or_database_is_said_without_the_password(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    server: Server = request.getfixturevalue(kind)
    for url in (server.url("nowhere"), server.url("nowhere", password="geheim")):
        with pytest.raises(EnvironmentFault, match="cannot be opened") as caught:
            fetch_query(url, "SELECT 1 AS a", {}, tmp_path)
        assert caught.value.faults[0].code == "DB-001"
        assert PASSWORD not in str(caught.value)
        assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_server_that_is_away_is_the_environments_fault(tmp_path: Path, scheme: str) -> None:
    with pytest.raises(EnvironmentFault, match="cannot be opened") as caught:
        fetch_query(f"{scheme}://me:geheim@127.0.0.1:9/x", "SELECT 1 AS a", {}, tmp_path)
    assert caught.value.exit_code == 3
    assert "geheim" not in str(caught.value)


def test_a_server_that_goes_away_meanwhile_leaves_nothing_and_the_same_again_works(
    new_database: Callable[[str], str], request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, server = new_database("postgresql"), request.getfixturevalue("postgresql")
    query = "SELECT i, repeat('x', 500) AS t FROM generate_series(1, 20000) AS i"
    monkeypatch.setattr(sql_source, "_BATCH_ROWS", 1000)

    class Ends(Silent):
        def advanced(self, *_: object) -> None:
            name = url.rpartition("/")[2]
            server.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    with pytest.raises(EnvironmentFault, match="does not answer") as caught:
        fetch_query(url, query, {}, tmp_path, progress=Ends())
    assert caught.value.faults[0].code == "DB-003"
    assert left(tmp_path) == []
    assert rows(url, query, tmp_path).height == 20_000


# --- SQLite's own: any value in any column


def sqlite_with(folder: Path, values: Sequence[object]) -> str:
    connection = sqlite3.connect(folder / "any.db")
    connection.execute("CREATE TABLE t (x)")
    connection.executemany("INSERT INTO t VALUES (?)", [(value,) for value in values])
    connection.commit()
    connection.close()
    return f"sqlite:///{folder / 'any.db'}"


@pytest.mark.parametrize("values", [[1, "a"], ["a", 1], [None, 1.5, "a"], [b"a", "a"], [BIG, 0.5]])
@pytest.mark.parametrize("batch", [1, 100])
def test_a_column_that_mixes_kinds_is_refused_in_any_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[object], batch: int
) -> None:
    monkeypatch.setattr(sql_source, "_BATCH_ROWS", batch)
    with pytest.raises(UsageError, match="the column 'x'") as caught:
        rows(sqlite_with(tmp_path, values), "SELECT x FROM t", tmp_path / "cache")
    assert caught.value.faults[0].code == "DATA-096"
    assert left(tmp_path / "cache") == []


@given(
    st.one_of(
        st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1),
        st.lists(st.none() | st.floats(allow_nan=False), min_size=1),
        st.lists(st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1),
        st.lists(st.none() | st.binary(), min_size=1),
    )
)
def test_every_value_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, values: list[object]) -> None:
    folder = tmp_path_factory.mktemp("values")
    assert rows(sqlite_with(folder, values), "SELECT x FROM t ORDER BY rowid", folder)["x"].to_list() == values


def test_a_database_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="there is no file") as caught:
        fetch_table(f"sqlite:///{tmp_path / 'none.db'}", "t", tmp_path)
    assert caught.value.faults[0].code == "DB-001"
    assert not (tmp_path / "none.db").exists()


def test_reading_leaves_somebodys_database_as_it_is(tmp_path: Path) -> None:
    url = sqlite_with(tmp_path, [1])
    before = (tmp_path / "any.db").read_bytes()
    rows(url, "SELECT x FROM t", tmp_path / "cache")
    assert (tmp_path / "any.db").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["any.db", "cache"]


def test_an_address_nobody_can_read_is_said_without_repeating_it(tmp_path: Path) -> None:
    with pytest.raises(StewardError) as caught:
        fetch_query("oracle://me:geheim@host/x", "SELECT 1", {}, tmp_path)
    assert "geheim" not in str(caught.value)
    assert "source.sql.connection" in str(caught.value)


# --- where the address comes from


def test_an_address_is_taken_from_the_environment() -> None:
    assert expand_secret("${TAXI_DB}", {"TAXI_DB": "sqlite:///x"}, key="source.sql.connection") == "sqlite:///x"


def test_a_name_the_environment_does_not_have_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no TAXI_DB, which") as caught:
        expand_secret("${TAXI_DB}", {"TAXI_BD": "sqlite:///geheim"}, key="source.sql.connection")
    assert "did you mean ${TAXI_BD}?" in str(caught.value)
    assert "geheim" not in str(caught.value)
    with pytest.raises(UsageError, match=r"export TAXI_DB=\.\.\."):
        expand_secret("${TAXI_DB}", {"PATH": ""}, key="source.sql.connection")


@pytest.mark.parametrize("literal", ["postgresql://me:geheim@host/x", "$TAXI_DB", "${TAXI_DB}/geheim", ""])
def test_a_password_in_a_project_file_is_refused_with_a_hint_and_not_repeated(literal: str) -> None:
    with pytest.raises(UsageError, match="must name a variable of the environment") as caught:
        expand_secret(literal, {"TAXI_DB": "x"}, key="source.sql.connection")
    assert caught.value.faults[0].code == "DATA-099"
    assert "export DATABASE_URL=" in str(caught.value)
    assert "geheim" not in str(caught.value)
