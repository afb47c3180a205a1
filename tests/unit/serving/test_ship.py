"""What of a log was not kept yet, and how much of it there is."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.serving.log import SegmentLog, forget_line, is_being_written, lines_from, read_segments, record_of, segments_in
from steward.serving.ship import (
    Backlog,
    Waiting,
    alone,
    among_unshipped,
    is_shipped,
    read_cursor,
    unshipped,
    write_cursor,
)


def record(number: int) -> dict[str, Any]:
    return {"prediction_id": f"p{number}", "at": f"2026-01-01T00:00:{number:02}+00:00", "row": {"note": "ü"}}


def ids(folder: Path, cursor: dict[str, int], size: int = 1000) -> list[str]:
    return [found["prediction_id"] for batch in unshipped(folder, cursor, size=size) for found in batch.records]


def test_a_pass_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    log = SegmentLog(tmp_path, "a")
    log.append([record(1), record(2), record(3)])
    first, second = unshipped(tmp_path, {}, size=2)
    assert [found["prediction_id"] for found in first.records] == ["p1", "p2"]
    assert ids(tmp_path, dict(first.cursor)) == ["p3"]
    log.append([record(4)])
    SegmentLog(tmp_path, "b").append([record(5)])
    (third, fourth) = unshipped(tmp_path, second.cursor)
    assert [found["prediction_id"] for found in (*third.records, *fourth.records)] == ["p4", "p5"]
    assert list(unshipped(tmp_path, fourth.cursor)) == []
    assert is_shipped(tmp_path / "a-000001.segment", fourth.cursor)
    assert not is_shipped(tmp_path / "a-000001.segment", second.cursor)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.integers(1, 5), st.integers(0, 20))
def test_whatever_the_sizes_and_wherever_it_stops_nothing_is_skipped_or_brought_twice(
    tmp_path_factory: pytest.TempPathFactory, appends: list[int], size: int, stop: int
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log, number = SegmentLog(folder, "a", segment_bytes=200), 0
    for count in appends:
        log.append([record(number + k) for k in range(count)])
        number += count
    cursor: dict[str, int] = {}
    brought: list[str] = []
    for passed, batch in enumerate(unshipped(folder, {}, size=size)):
        if passed == stop:
            break
        brought += [found["prediction_id"] for found in batch.records]
        cursor = dict(batch.cursor)
    assert brought + ids(folder, cursor) == [f"p{k}" for k in range(number)]


def test_a_line_that_is_being_written_waits_and_a_damaged_one_is_passed_over(tmp_path: Path) -> None:
    SegmentLog(tmp_path, "a").append([record(1), record(2), record(3)])
    segment = tmp_path / "a-000001.segment"
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(lines[0] + lines[1].replace(b"p2", b"p9") + lines[2][:-5])
    (batch,) = unshipped(tmp_path, {})
    assert [found["prediction_id"] for found in batch.records] == ["p1"]
    assert batch.cursor == {segment.name: len(lines[0]) + len(lines[1])}
    segment.write_bytes(segment.read_bytes() + lines[2][-5:])
    assert ids(tmp_path, dict(batch.cursor)) == ["p3"]


def test_a_segment_that_is_shorter_than_it_was_is_another_one(tmp_path: Path) -> None:
    SegmentLog(tmp_path, "a").append([record(1)])
    assert ids(tmp_path, {"a-000001.segment": 10_000, "gone-000001.segment": 5}) == ["p1"]
    (batch,) = unshipped(tmp_path, {"gone-000001.segment": 5})
    assert list(batch.cursor) == ["a-000001.segment"]


def test_a_cursor_comes_back_and_a_spoilt_one_is_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "cursor.json"
    assert read_cursor(path) == {}
    write_cursor(path, {"a": 12})
    assert read_cursor(path) == {"a": 12}
    for content in (b"", b"{", b"[1]", b'{"a": "x"}', b"\xff"):
        path.write_bytes(content)
        assert read_cursor(path) == {}


def test_what_waits_is_counted_with_the_time_of_the_oldest(tmp_path: Path) -> None:
    backlog = Backlog(tmp_path)
    assert backlog.look({}) == Waiting(0, None)
    log = SegmentLog(tmp_path, "a")
    log.append([record(2), record(3)])
    SegmentLog(tmp_path, "b").append([record(1)])
    assert backlog.look({}) == Waiting(3, record(1)["at"])
    log.append([record(4)])
    assert backlog.look({}) == Waiting(4, record(1)["at"])
    *_, last = unshipped(tmp_path, {}, size=1)
    assert backlog.look(last.cursor) == Waiting(0, None)
    log.append([record(5)])
    assert backlog.look(last.cursor) == Waiting(1, record(5)["at"])
    log.close()
    for segment in segments_in(tmp_path):
        segment.unlink()
    assert backlog.look(last.cursor) == Waiting(0, None)


def test_ids_are_found_in_what_waits_as_far_as_it_is_looked_through(tmp_path: Path) -> None:
    SegmentLog(tmp_path, "a").append([record(1), record(2), record(3)])
    (first, *_) = unshipped(tmp_path, {}, size=1)
    one, three = {"p1": record(1)}, {"p3": record(3)}
    assert among_unshipped(tmp_path, {}, {"p1", "p3", "x"}, max_bytes=10_000) == (one | three, True)
    assert among_unshipped(tmp_path, first.cursor, {"p1", "p3"}, max_bytes=10_000) == (three, True)
    assert among_unshipped(tmp_path, {}, {"p1", "p3"}, max_bytes=150) == (one, False)
    assert among_unshipped(tmp_path, {}, {"p1"}, max_bytes=150) == (one, True)  # more need not be looked at


def test_only_lines_with_a_wanted_id_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nested = {"prediction_id": "n8", "row": {"prediction_id": "n9", "note": '"prediction_id":"n7"'}}
    SegmentLog(tmp_path, "a").append([record(number) for number in range(50)] + [nested])
    read: list[bytes] = []

    def noting(line: bytes) -> Any:
        read.append(line)
        return record_of(line)

    monkeypatch.setattr("steward.serving.ship.record_of", noting)
    assert among_unshipped(tmp_path, {}, {"p30", "x"}, max_bytes=100_000) == ({"p30": record(30)}, True)
    assert len(read) == 1
    assert among_unshipped(tmp_path, {}, {"n8", "x"}, max_bytes=100_000) == ({"n8": nested}, True)
    assert among_unshipped(tmp_path, {}, {"n7", "n9", "n\ud800"}, max_bytes=100_000) == ({}, True)  # what a row says is no id


def test_one_ships_at_a_time(tmp_path: Path) -> None:
    with alone(tmp_path / "log") as first, alone(tmp_path / "log") as second:
        assert (first, second) == (True, False)
    with alone(tmp_path / "log") as again:
        assert again


def test_a_forgotten_record_leaves_no_trace_and_moves_nothing(tmp_path: Path) -> None:
    log = SegmentLog(tmp_path, "a")
    log.append([record(1), record(2), record(3)])
    segment = tmp_path / "a-000001.segment"
    size, changed = segment.stat().st_size, segment.stat().st_mtime_ns
    _, (at, line), _ = lines_from(segment, 0)
    forget_line(segment, at, len(line))
    log.append([record(4)])
    damage: list[object] = []
    assert [found["prediction_id"] for found in read_segments(tmp_path, on_damage=damage.append)] == ["p1", "p3", "p4"]
    assert damage == []
    assert b"p2" not in segment.read_bytes()
    assert json.loads(segment.read_bytes().splitlines()[1][18:]) == {"forgotten": True}
    assert (segment.stat().st_size, segment.stat().st_mtime_ns > changed) == (size * 4 // 3, True)
    log.close()
    changed = segment.stat().st_mtime_ns
    forget_line(segment, 0, len(line))
    assert segment.stat().st_mtime_ns == changed  # it is as old as its newest record
    assert Backlog(tmp_path).look({}).count == 4


def test_a_segment_knows_whether_somebody_writes_to_it(tmp_path: Path) -> None:
    log = SegmentLog(tmp_path, "a")
    log.append([record(1)])
    assert is_being_written(tmp_path / "a-000001.segment")
    log.close()
    assert not is_being_written(tmp_path / "a-000001.segment")
