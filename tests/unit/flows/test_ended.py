"""A run that had no memory says so; one that died without a word is told of by whoever comes next."""

import fcntl
from pathlib import Path

import pytest
from tests.champion_world import World

from steward.core.errors import AnswerIsNo, EnvironmentFault, Fault, UsageError
from steward.core.runs import Run
from steward.flows.ended import mark_if_dead, memory_named, note_process
from steward.flows.status import collect_status, first_fault, next_step

NEW = Run("abc", "trips", "running", "command", {}, {}, {}, "2099-01-01T00:00:00+00:00", None)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.ports.runs.start(NEW, actor="tester")
    world.ports.runs.begin_step(NEW.id, "train", "key")
    return world


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        MemoryError("Unable to allocate 3.5 GiB"),
        RuntimeError("std::bad_alloc"),
        UsageError(Fault("DATA-002", "the Parquet file is cut or corrupt", why="Cannot allocate memory (os error 12)")),
    ],
)
def test_missing_memory_is_called_so_whatever_a_library_took_it_for(error: Exception) -> None:
    with pytest.raises(EnvironmentFault) as found, memory_named():
        raise error
    (fault,) = found.value.faults
    assert (fault.code, fault.what) == ("RUN-003", "the run ran out of memory")
    assert fault.why
    assert "training: {limits: {memory_mb: 2000}}" in fault.fix


@pytest.mark.parametrize(
    "error", [ValueError("no"), AnswerIsNo(Fault("MODEL-041", "ran out of memory: cannot allocate")), KeyboardInterrupt()]
)
def test_all_else_stays_what_it_is(error: BaseException) -> None:
    with pytest.raises(type(error)) as found, memory_named():
        raise error
    assert found.value is error


def test_a_run_whose_process_is_gone_is_marked_as_failed_with_the_step_and_what_to_do(world: World) -> None:
    note_process(NEW, world.ports)
    mark_if_dead("trips", world.ports)
    last = world.ports.runs.latest("trips")
    assert last is not None
    fault = first_fault(last)
    assert (last.id, last.status) == ("abc", "failed")
    assert fault is not None
    assert fault["what"] == "the process of run abc ended without a word in the step 'train'"
    assert fault["fix"].endswith("steward resume trips")
    assert next_step(collect_status("trips", world.ports), "trips") == "steward resume trips"
    assert [entry.kind for entry in world.ports.journal.entries()][-1] == "run.failed"


def test_a_run_that_goes_on_is_left_alone(world: World) -> None:
    note_process(NEW, world.ports)
    with (world.ports.workspace.locks / "trips.lock").open("a+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        mark_if_dead("trips", world.ports)
    last = world.ports.runs.latest("trips")
    assert last is not None
    assert last.status == "running"


def test_nobody_here_knows_of_a_run_elsewhere_nor_of_one_that_ended(world: World) -> None:
    mark_if_dead("trips", world.ports)  # the same database, but another workspace carried it through
    last = world.ports.runs.latest("trips")
    assert last is not None
    assert (last.status, first_fault(last)) == ("running", None)
    note_process(NEW, world.ports)
    world.ports.runs.finish(NEW.id, "finished", {}, actor="tester")
    mark_if_dead("trips", world.ports)
    last = world.ports.runs.latest("trips")
    assert last is not None
    assert last.status == "finished"
