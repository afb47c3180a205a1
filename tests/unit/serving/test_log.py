import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.core.errors import EnvironmentFault
from steward.serving.log import Damage, PredictionLog, SegmentLog, lines_from, read_segments
from steward.testing import MemoryPredictionLog

KINDS: dict[str, Callable[[Path], PredictionLog]] = {
    "memory": lambda _: MemoryPredictionLog(),
    "segments": lambda folder: SegmentLog(folder / "log", "1"),
    "synced": lambda folder: SegmentLog(folder / "log", "1", sync=True),
}


@pytest.fixture(params=KINDS)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> PredictionLog:
    return KINDS[request.param](tmp_path)


def record(number: int) -> dict[str, Any]:
    return {"prediction_id": f"{number:032x}", "row": {"note": 'ü\n"x"', "zone": None}, "prediction": 0.1 + number}


def ids(log: PredictionLog) -> list[str]:
    return [found["prediction_id"] for found in log.records()]


# What every prediction log promises.


def test_a_log_nobody_wrote_to_is_empty(log: PredictionLog) -> None:
    assert list(log.records()) == []


def test_records_come_back_equal_and_in_order(log: PredictionLog) -> None:
    log.append([record(1), record(2)])
    log.append([record(3)])
    assert list(log.records()) == [record(1), record(2), record(3)]


def test_what_json_cannot_hold_is_refused_and_nothing_of_the_call_is_kept(log: PredictionLog) -> None:
    with pytest.raises(ValueError, match="JSON"):
        log.append([record(1), {"prediction_id": "x", "prediction": float("nan")}])
    assert list(log.records()) == []


def test_a_change_after_the_call_does_not_reach_what_was_kept(log: PredictionLog) -> None:
    mine = record(1)
    log.append([mine])
    mine["row"]["note"] = "changed"
    assert list(log.records()) == [record(1)]


def test_threads_may_append_at_once(log: PredictionLog) -> None:
    threads = [threading.Thread(target=lambda k=k: [log.append([record(k * 50 + i)]) for i in range(50)]) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(ids(log)) == Counter(record(number)["prediction_id"] for number in range(200))


def test_a_broken_log_says_so_and_works_again_once_mended(tmp_path: Path) -> None:
    memory = MemoryPredictionLog()
    (tmp_path / "log").write_text("a file where the folder should be")
    segments = SegmentLog(tmp_path / "log", "1")
    memory.broken = True
    for log in (memory, segments):
        with pytest.raises(EnvironmentFault, match="SERVE-011"):
            log.append([record(1)])
    memory.broken = False
    (tmp_path / "log").unlink()
    for log in (memory, segments):
        log.append([record(2)])
        assert ids(log) == [record(2)["prediction_id"]]


# What segments promise beside that.


def test_a_worker_that_comes_back_begins_another_segment(tmp_path: Path) -> None:
    for number in range(3):
        log = SegmentLog(tmp_path, "7")
        log.append([record(number)])
        log.close()
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["7-000001.segment", "7-000002.segment", "7-000003.segment"]
    assert ids(log) == [record(number)["prediction_id"] for number in range(3)]


def test_a_full_segment_is_followed_by_another(tmp_path: Path) -> None:
    log = SegmentLog(tmp_path, "1", segment_bytes=200)
    for number in range(6):
        log.append([record(number)])
    assert len(list(tmp_path.iterdir())) == 3  # two records of about 130 bytes fill one
    assert ids(log) == [record(number)["prediction_id"] for number in range(6)]


def test_segments_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    SegmentLog(tmp_path / "log", "1").append([record(1)])
    assert (tmp_path / "log" / "1-000001.segment").stat().st_mode & 0o077 == 0
    assert (tmp_path / "log").stat().st_mode & 0o077 == 0


def test_a_half_written_append_is_taken_back_and_the_next_one_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = SegmentLog(tmp_path, "1")
    log.append([record(1)])
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, content: write(file, content[:40]))  # as a full disk does
    with pytest.raises(EnvironmentFault, match="only 40 of"):
        log.append([record(2)])
    monkeypatch.undo()
    log.append([record(3)])
    damage: list[Damage] = []
    found = [r["prediction_id"] for r in read_segments(tmp_path, on_damage=damage.append)]
    assert found == [record(1)["prediction_id"], record(3)["prediction_id"]]
    assert damage == []


def test_a_full_disk_is_not_filled_with_empty_segments_and_no_name_comes_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = SegmentLog(tmp_path, "1")
    log.prove_writable()
    assert list(tmp_path.iterdir()) == []
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, content: write(file, content[:40]))
    for number in range(5):
        with pytest.raises(EnvironmentFault, match="SERVE-011"):
            log.append([record(number)])
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    log.append([record(6)])
    assert [path.name for path in tmp_path.iterdir()] == ["1-000007.segment"]
    assert ids(log) == [record(6)["prediction_id"]]


def test_where_nothing_can_be_written_is_told_before_the_first_append(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a file where the folder should be")
    with pytest.raises(EnvironmentFault, match="SERVE-013") as refused:
        SegmentLog(tmp_path / "log", "1").prove_writable()
    assert str(tmp_path / "log") in refused.value.faults[0].where


def test_a_segment_that_has_gone_has_no_lines(tmp_path: Path) -> None:
    assert list(lines_from(tmp_path / "gone.segment", 0)) == []


@given(st.integers(0, 399), st.integers(0, 255))
def test_any_changed_byte_costs_its_own_record_only_and_is_told(
    tmp_path_factory: pytest.TempPathFactory, at: int, value: int
) -> None:
    folder = tmp_path_factory.mktemp("log")
    SegmentLog(folder, "1").append([record(number) for number in range(3)])
    segment = folder / "1-000001.segment"
    content = bytearray(segment.read_bytes())
    at %= len(content)
    changed = content[at] != value
    joins = content[at] == ord("\n") and changed  # two lines become one: both are lost
    content[at] = value
    segment.write_bytes(content)
    damage: list[Damage] = []
    found = list(read_segments(folder, on_damage=damage.append))
    assert len(found) == 3 - (2 if joins and at < len(content) - 1 else int(changed))
    assert all(r in [record(number) for number in range(3)] for r in found)
    assert bool(damage) == changed


@given(st.integers(1, 400))
def test_a_cut_tail_costs_only_the_records_it_reaches(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("log")
    SegmentLog(folder, "1").append([record(number) for number in range(3)])
    segment = folder / "1-000001.segment"
    content = segment.read_bytes()
    kept = content[: max(0, len(content) - cut)]
    segment.write_bytes(kept)
    damage: list[Damage] = []
    found = list(read_segments(folder, on_damage=damage.append))
    assert found == [record(number) for number in range(kept.count(b"\n"))]
    assert [(d.offset, d.length) for d in damage] == (
        [] if not kept or kept.endswith(b"\n") else [(kept.rfind(b"\n") + 1, len(kept) - kept.rfind(b"\n") - 1)]
    )


WORKER = """
import sys
from pathlib import Path
from steward.serving.log import SegmentLog

log = SegmentLog(Path(sys.argv[1]), sys.argv[2], segment_bytes=20_000)
number = 0
while True:
    ids = [f"{sys.argv[3]}-{number + k}" for k in range(1 + number % 3)]
    log.append([{"prediction_id": i, "row": {"note": "x" * (number % 997)}, "prediction": 1.0} for i in ids])
    sys.stdout.write("".join(f"{i}\\n" for i in ids))
    sys.stdout.flush()
    number += len(ids)
"""


def test_every_acknowledged_record_survives_kill_9_exactly_once(tmp_path: Path) -> None:
    seed = random.Random(20240131)
    acknowledged: list[str] = []
    for life in range(4):
        # The same worker name each time: process ids come back.
        command = [sys.executable, "-c", WORKER, str(tmp_path / "log"), "w", str(life)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            acknowledged.append(process.stdout.readline().rstrip("\n"))
            time.sleep(seed.uniform(0.0, 0.1))
            process.kill()
            acknowledged += [line.rstrip("\n") for line in process.stdout if line.endswith("\n")]
    found = Counter(str(r["prediction_id"]) for r in read_segments(tmp_path / "log"))
    assert len(acknowledged) >= 4
    assert {i: found[i] for i in acknowledged if found[i] != 1} == {}
    assert max(found.values()) == 1
