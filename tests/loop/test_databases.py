"""The same project on the three databases: every table holds the same, row by row."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import pytest
from sqlalchemy import Double, MetaData, create_engine, inspect, select

from steward.adapters.sql.address import read_address
from steward.bootstrap import Settings, build_ports
from steward.core.progress import Silent
from steward.flows.ports import Ports
from steward.flows.respond import respond
from steward.flows.run import RunOptions, run
from steward.flows.watch_rows import watch_period
from steward.project.read import read_project
from steward.testing import MemoryTracker
from tests.servers import DATABASES

pytestmark = pytest.mark.loop

OPTIONS = (
    "source.simulator.rows=1500",
    "watch.min_rows=100",
    "database.tables=[raw, processed, features]",
    "database.indexes=[[pickup_zone]]",
    "database.views={trips_by_hour_and_zone: {hour_of: pickup_at, by: [pickup_zone], mean: [duration_min]}}",
)
RECORDS = 16  # tables of Steward's own
Tables = dict[str, list[tuple[Any, ...]]]


class TickingClock:
    """Goes on by a second at every look."""

    def __init__(self) -> None:
        self._ticks = itertools.count()

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(self._ticks))


@pytest.fixture(autouse=True)
def no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep real months out of it, wherever they are found: these projects make their rows up."""
    monkeypatch.delenv("STEWARD_DATA", raising=False)


@pytest.fixture
def same_every_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let ids count and stop watches stand still, so that two runs differ in nothing but their database."""

    def begin() -> None:
        numbers: Iterator[int] = itertools.count(1)
        for module in ("steward.flows.run", "steward.adapters.sql.incidents"):
            monkeypatch.setattr(f"{module}.uuid4", lambda: UUID(int=next(numbers) << 64))
        for module in ("steward.models.train", "steward.models.cost", "steward.flows.judge"):
            monkeypatch.setattr(f"{module}.perf_counter", lambda: 0.0)

    return begin


def live(url: str, home: Path) -> None:
    """Train, promote, watch a slow city, and ask a person."""
    ports: Ports = build_ports(Settings(home=home, database_url=url, offline=True, actor="tester"), Silent(), TickingClock())
    ports = replace(ports, tracker=MemoryTracker())
    finished = run(RunOptions("taxi", OPTIONS), ports)
    assert finished.result["promoted"]
    slow = read_project("taxi", (*OPTIONS, "source.simulator.scenario=slow_city"))
    watched = watch_period(slow, "2023-04", ports)
    assert watched.window.alarm
    assert respond(slow, "taxi", [watched], ports) is not None


def tables(url: str) -> Tables:
    """Every table and view, its rows as plain values in a fixed order."""
    engine = create_engine(read_address(url))
    found: Tables = {}
    with engine.connect() as connection:
        meta = MetaData()
        meta.reflect(connection, views=True)
        for name, table in meta.tables.items():
            for column in table.columns:
                if getattr(column.type, "asdecimal", False):
                    column.type = Double()  # a reflected one would come as a decimal of ten digits
            if name != "alembic_version":
                rows = connection.execute(select(*sorted(table.columns, key=lambda column: column.name)))
                found[name] = sorted((tuple(_plain(value) for value in row) for row in rows), key=repr)
        assert inspect(connection).get_table_names()
    engine.dispose()
    return found


def _plain(value: Any) -> Any:
    """A value as every database means it: a boolean is 0 or 1, a time is text, JSON is read."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="microseconds")
    if isinstance(value, str) and value.startswith(("{", "[")):
        return json.dumps(json.loads(value), sort_keys=True)
    if isinstance(value, str) and len(value) in (19, 26) and value[4:5] == "-" and value[10:11] == " ":
        return value.ljust(26, "0") if len(value) == 26 else f"{value}.000000"
    return float(value) if type(value).__name__ == "Decimal" else value


def test_a_project_leaves_the_same_rows_on_every_database(
    new_database: Callable[[str], str], tmp_path: Path, same_every_time: Callable[[], None]
) -> None:
    left: dict[str, Tables] = {}
    for kind in DATABASES:
        same_every_time()
        url = new_database(kind)
        live(url, tmp_path / kind)
        left[kind] = tables(url)
    reference = left["sqlite"]
    assert len(reference["raw_taxi"]) >= 2900
    assert len(reference["processed_taxi"]) == len(reference["features_taxi"]) > 2500
    assert len(reference["trips_by_hour_and_zone_taxi"]) > 50
    assert sum(1 for name in reference if not name.endswith("_taxi")) >= RECORDS
    # Nobody asked, nothing was tuned, nobody challenged.
    unused = {
        "api_keys",
        "challenges",
        "outcome_history",
        "outcomes",
        "predictions",
        "shadow_answers",
        "sketches",
        "studies",
        "trials",
    }
    assert {name for name, rows in reference.items() if not rows} <= unused
    for kind in ("postgresql", "mariadb"):
        assert left[kind].keys() == reference.keys()
        for name, rows in reference.items():
            assert left[kind][name] == rows, (kind, name)


def test_reading_back_a_null_is_a_null_and_a_whole_number_is_whole(new_database: Callable[[str], str], tmp_path: Path) -> None:
    url = new_database("sqlite")
    ports = build_ports(Settings(home=tmp_path / "home", database_url=url, offline=True), Silent())
    frame = pl.DataFrame({"n": [1, None, 2**53 + 1], "period": ["a", "a", "b"]})
    ports.tables.load("p", "raw_p", frame)
    assert ports.tables.ask("SELECT n FROM raw_p ORDER BY n", limit=5).rows == ((None,), (1,), (2**53 + 1,))
