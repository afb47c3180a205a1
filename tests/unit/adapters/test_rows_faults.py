"""A load that is stopped in its middle leaves whole parts only, and the next one completes it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlalchemy import func, select, text
from tests.servers import DATABASES, Server, start_mariadb, start_postgresql

from steward.adapters.sql import bulk, rows
from steward.adapters.sql.database import Database, open_database
from steward.adapters.sql.rows import load_rows
from steward.adapters.sql.tables import row_tables
from steward.core.errors import EnvironmentFault

FRAME = pl.DataFrame({"period": ["a"] * 4000 + ["b"] * 5000 + ["c"] * 3000}).with_row_index("n")
SERVERS = {"postgresql": start_postgresql, "mariadb": start_mariadb}


@pytest.fixture(params=list(SERVERS))
def own_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of this test's own: it is going to be killed."""
    with SERVERS[request.param]() as server:
        server.sql("CREATE DATABASE victim")
        yield server


def parts(database: Database) -> dict[str, int]:
    """What is really in the table, and whether the registry says the same."""
    with database.read() as connection:
        found = connection.execute(text("SELECT period, count(*) FROM raw_trips GROUP BY period")).all()
        told = connection.execute(select(row_tables.c.part, row_tables.c.row_count)).all()
    assert sorted(map(tuple, told)) == sorted(map(tuple, found))
    return {str(row[0]): int(row[1]) for row in found}


def all_rows(database: Database) -> pl.DataFrame:
    with database.read() as connection:
        found = connection.execute(text("SELECT n, period FROM raw_trips ORDER BY n")).all()
    return pl.DataFrame([tuple(row) for row in found], schema=FRAME.schema, orient="row")


@pytest.mark.parametrize("moment", ["within the rows", "before the commit"])
def test_a_server_killed_in_the_middle_of_a_load_leaves_whole_parts(
    own_server: Server, moment: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    database = open_database(own_server.url("victim"))
    kill_at(moment, own_server, monkeypatch)
    with pytest.raises(EnvironmentFault, match="DB-003") as caught:
        load_rows(database, "raw_trips", FRAME)
    assert "s3cret" not in str(caught.value)
    monkeypatch.undo()
    with pytest.raises(EnvironmentFault, match="DB-003"):
        load_rows(database, "raw_trips", FRAME)
    own_server.start()
    assert parts(database) == {"a": 4000}
    assert load_rows(database, "raw_trips", FRAME).loaded == ("b", "c")
    assert parts(database) == {"a": 4000, "b": 5000, "c": 3000}
    assert_frame_equal(all_rows(database), FRAME)
    database.close()
    assert "Traceback" not in capfd.readouterr().err


def kill_at(moment: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kill the server while the second part is on its way, or when it has arrived and is not committed."""
    insert, one_ahead, armed = rows.insert_rows, bulk._one_ahead, False

    def insert_and_kill(connection: Any, table: Any, frame: pl.DataFrame) -> None:
        nonlocal armed
        second = frame["period"][0] == "b"
        armed = second and moment == "within the rows"
        insert(connection, table, frame)
        if second:
            server.kill()

    def ahead_and_kill(make: Any, slices: Any) -> Iterator[Any]:
        for number, made in enumerate(one_ahead(make, slices)):
            if armed and number == 2:
                server.kill()
            yield made

    monkeypatch.setattr(rows, "insert_rows", insert_and_kill)
    monkeypatch.setattr(bulk, "_one_ahead", ahead_and_kill)
    monkeypatch.setattr(bulk, "_SLICE", 1000)
    monkeypatch.setattr(bulk, "_FILE_SLICE", 1000)


LOAD_AND_WAIT = """
import sys, time
import polars as pl
from steward.adapters.sql import rows
from steward.adapters.sql.database import open_database
FRAME = pl.DataFrame({"period": ["a"] * 4000 + ["b"] * 5000 + ["c"] * 3000}).with_row_index("n")
insert = rows.insert_rows

def insert_and_wait(connection, table, frame):
    insert(connection, table, frame)
    if frame["period"][0] == "b":
        print("in the middle", flush=True)
        time.sleep(600)

rows.insert_rows = insert_and_wait
rows.load_rows(open_database(sys.argv[1]), "raw_trips", FRAME)
"""


@pytest.mark.parametrize("kind", DATABASES)
def test_a_loader_killed_in_the_middle_leaves_whole_parts(new_database: Callable[[str], str], kind: str) -> None:
    url = new_database(kind)
    database = open_database(url)
    loader = subprocess.Popen([sys.executable, "-c", LOAD_AND_WAIT, url], stdout=subprocess.PIPE, text=True)
    assert loader.stdout is not None
    assert loader.stdout.readline() == "in the middle\n"
    loader.kill()
    loader.communicate()
    assert parts(database) == {"a": 4000}
    assert load_rows(database, "raw_trips", FRAME).loaded == ("b", "c")
    assert_frame_equal(all_rows(database), FRAME)
    database.close()


@pytest.mark.parametrize("kind", DATABASES)
def test_four_who_load_the_same_at_once_load_it_once(new_database: Callable[[str], str], kind: str) -> None:
    url = new_database(kind)
    database = open_database(url)
    loaders = [open_database(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda loader: load_rows(loader, "raw_trips", FRAME), loaders))
    assert sum(one.rows for one in told) == FRAME.height
    assert parts(database) == {"a": 4000, "b": 5000, "c": 3000}
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(row_tables)).scalar_one() == 3
    assert_frame_equal(all_rows(database), FRAME)
    database.close()
