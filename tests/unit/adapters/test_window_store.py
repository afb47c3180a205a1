"""The same behaviour of watched windows and sketches in memory and in the database; what the journal holds of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert, text
from tests.servers import DATABASES

from steward.adapters.sql.database import Database
from steward.adapters.sql.journal import SqlJournal
from steward.adapters.sql.sketches import SqlSketchStore
from steward.adapters.sql.tables import windows
from steward.adapters.sql.windows import SqlWindowHistory
from steward.monitoring.history import ListedWindow, SketchStore, StoredSketch, WatchedWindow, WindowHistory
from steward.testing import FrozenClock, MemorySketchStore, MemoryWindowHistory


@pytest.fixture(params=["memory", *DATABASES])
def store(request: pytest.FixtureRequest, store_of: Callable[[str], Database]) -> WindowHistory:
    return MemoryWindowHistory() if request.param == "memory" else SqlWindowHistory(store_of(request.param), FrozenClock())


@pytest.fixture(params=["memory", *DATABASES])
def sketches(request: pytest.FixtureRequest, store_of: Callable[[str], Database]) -> SketchStore:
    return MemorySketchStore() if request.param == "memory" else SqlSketchStore(store_of(request.param))


def window(day: int, severity: float | None = 0.1, **about: Any) -> WatchedWindow:
    alarm = severity is not None and severity >= 0.5
    status = "alarm" if alarm else "ok" if severity is not None else "no data"
    span = {"start": f"2026-01-{day:02}T00:00:00+00:00", "end": f"2026-01-{day + 1:02}T00:00:00+00:00"}
    verdict = {"status": status, "drift": {"rows": 500}}
    made = WatchedWindow(f"w{day}", "taxi", 1, f"day {day}", severity, alarm, False, verdict, f"2026-02-{day:02}", **span)
    return replace(made, **about)


def listed(one: WatchedWindow) -> ListedWindow:
    said = (one.status, one.severity, one.alarm, one.answered, one.created_at, one.start, one.end, one.content)
    return ListedWindow(one.key, one.model, one.version, one.label, *said)


def test_a_window_is_kept_once_and_comes_back_as_it_was(store: WindowHistory) -> None:
    first, month = window(1, 1 / 3, content="3:0:"), window(2, None, start=None, end=None, label="2026-01")
    assert [store.add(one, actor="me") for one in (first, month)] == [first, month]
    assert store.add(replace(first, severity=0.9), actor="me") == first
    assert (store.find("w1"), store.find("w2"), store.find("w3")) == (first, month, None)
    assert store.windows("taxi", limit=9) == (month, first)
    assert store.windows("taxi", limit=1) == (month,)
    assert store.windows("uber", limit=9) == ()


def test_a_list_holds_everything_but_the_details(store: WindowHistory) -> None:
    known = [window(day, severity) for day, severity in ((2, 0.7), (1, 0.2), (3, None))]
    for one in (*known, window(4, start=None, end=None), window(5, version=2), window(6, model="uber")):
        store.add(one, actor="me")
    assert store.listed("taxi", limit=2) == (listed(window(4, start=None, end=None)), listed(window(5, version=2)))
    assert store.of_version("taxi", 1) == tuple(listed(known[place]) for place in (1, 0, 2))


def test_the_newest_window_is_the_one_that_ended_last_and_none_ends_after_it_was_judged(store: WindowHistory) -> None:
    log = window(20, created_at="2026-01-21T00:01:00+00:00")
    month = window(1, created_at="2026-01-10T00:00:00+00:00", end="2026-02-01T00:00:00+00:00")  # watched before it was over
    looked_back = [window(day, key=f"back{day}", created_at="2026-03-01T00:00:00+00:00") for day in range(2, 9)]
    for one in (log, month, *looked_back):
        store.add(one, actor="me")
    assert [one.key for one in store.windows("taxi", limit=3)] == ["w20", "w1", "back8"]
    assert [one.key for one in store.listed("taxi", limit=3)] == ["w20", "w1", "back8"]


def test_a_revised_window_keeps_its_place_and_an_answered_alarm_stays_answered(store: WindowHistory) -> None:
    early = window(1, 0.6, content="9:0:")
    store.add(early, actor="me")
    store.answer("w1")
    late = replace(early, severity=0.8, content="9:9:2026", created_at="2026-03-01", verdict={"status": "alarm", "new": 1})
    revised = store.revise(late, actor="me")
    assert revised == replace(late, answered=True, created_at=early.created_at) == store.find("w1")
    assert store.revise(replace(late, severity=0.1), actor="me") == revised  # of the same content it is the same verdict
    calm = store.revise(replace(late, severity=0.1, alarm=False, content="9:9:2027"), actor="me")
    assert (calm.alarm, calm.answered) == (False, True)


def test_the_journal_tells_every_verdict_and_each_alarm_once(store_of: Callable[[str], Database]) -> None:
    database = store_of("sqlite")
    store, memory = SqlWindowHistory(database, FrozenClock()), MemoryWindowHistory()
    for one in (store, memory):
        one.add(window(1, 0.1, content="9:0:"), actor="me")
        for severity, content in ((0.6, "9:5:a"), (0.6, "9:5:a"), (0.8, "9:9:b")):
            one.revise(window(1, severity, content=content), actor="me")
    told = [entry.kind for entry in SqlJournal(database, FrozenClock()).entries()]
    assert told == [kind for kind, _ in memory.journal] == ["window.watched", "window.revised", "alarm.raised", "window.revised"]


@pytest.mark.parametrize(
    ("severity", "alarm", "status"), [(0.1, False, "ok"), (None, False, "not enough data"), (0.9, True, "alarm")]
)
def test_windows_of_an_older_steward_have_the_status_that_follows_from_their_severity(
    store_of: Callable[[str], Database],
    severity: float | None,
    alarm: bool,  # noqa: FBT001 - pytest names it
    status: str,
) -> None:
    database = store_of("sqlite")
    old = {"id": "w", "model": "taxi", "version": 1, "label": "2026-01", "verdict": "{}", "created_at": "2026", "answered": False}
    with database.bulk() as connection:
        connection.execute(insert(windows).values(**old, severity=severity, alarm=alarm))
    (line,) = SqlWindowHistory(database, FrozenClock()).listed("taxi", limit=9)
    assert line.status == status


def test_a_list_of_thousands_reads_no_verdict(store_of: Callable[[str], Database]) -> None:
    database = store_of("sqlite")
    row = {"model": "taxi", "version": 1, "label": "l", "alarm": False, "answered": True, "verdict": "no JSON", "status": "ok"}
    with database.bulk() as connection:
        rows = [{**row, "id": f"w{n}", "created_at": f"2026-{n:05}", "severity": 0.1} for n in range(5000)]
        connection.execute(insert(windows), rows)
    found = SqlWindowHistory(database, FrozenClock()).listed("taxi", limit=5000)
    assert (len(found), found[0].key, found[-1].key) == (5000, "w4999", "w0")


def sketch(key: str, packed: bytes, content: str = "5") -> StoredSketch:
    return StoredSketch(key, "taxi", 1, "log", "2026-01-01T00:00:00+00:00", "2026-01-01T01:00:00+00:00", 5, content, packed)


def test_a_sketch_comes_back_to_the_byte_and_a_newer_one_takes_its_place(sketches: SketchStore) -> None:
    large = bytes(range(256)) * 400  # more than a small column of MariaDB holds
    sketches.keep([sketch("a", large), sketch("b", b"")])
    assert sketches.find(["a", "b", "c"]) == {"a": sketch("a", large), "b": sketch("b", b"")}
    sketches.keep([sketch("a", b"newer", content="6")])
    assert sketches.find(["a"]) == {"a": sketch("a", b"newer", content="6")}
    assert sketches.find([]) == {}


def test_many_sketches_are_kept_and_found_at_once(sketches: SketchStore) -> None:
    many = [sketch(f"k{number}", b"x") for number in range(1201)]
    sketches.keep([*many, many[0]])
    assert len(sketches.find([one.key for one in many])) == 1201


def test_a_database_of_before_gets_the_columns_and_keeps_its_windows(store_of: Callable[[str], Database]) -> None:
    with store_of("sqlite").read() as connection:
        names = {row[1] for row in connection.execute(text("PRAGMA table_info(windows)"))}
    assert {"start_at", "end_at", "status", "content"} <= names
