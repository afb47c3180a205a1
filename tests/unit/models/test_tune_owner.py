import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from steward.core.errors import EnvironmentFault, Fault
from steward.models.tune_owner import SILENT_S, Watch, beating, own_name
from steward.models.tune_trials import FREE, Trial


def running(owner: str, beat: int = 0) -> Trial:
    return Trial(3, {}, "running", owner, 0.0, beat=beat)


def test_our_own_trials_have_an_owner() -> None:
    assert own_name() == own_name()
    assert len(own_name()) <= 128
    assert not Watch().is_orphan(running(own_name()))


def test_what_was_given_back_has_none() -> None:
    assert Watch().is_orphan(running(FREE))


def test_a_process_of_this_machine_is_known_to_be_dead_at_once() -> None:
    script = "import sys; from steward.models.tune_owner import own_name; print(own_name(), flush=True); sys.stdin.read()"
    other = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    name = other.stdout.readline().strip()
    assert not Watch().is_orphan(running(name))
    other.kill()
    # A process that nobody has waited for yet is as dead as one that is gone.
    give_up = time.monotonic() + 30
    while not Watch().is_orphan(running(name)):
        assert time.monotonic() < give_up
    other.communicate()
    assert Watch().is_orphan(running(name))


def test_another_process_of_the_same_number_is_another_one() -> None:
    machine, pid, started = own_name().split(":")
    assert pid == str(os.getpid())
    if Path("/proc/self/stat").exists():
        assert Watch().is_orphan(running(f"{machine}:{pid}:{int(started) - 1}"))


@pytest.mark.parametrize("odd", ["", ":", "x:y"])
def test_an_owner_that_is_no_process_is_dead(odd: str) -> None:
    assert Watch().is_orphan(running(f"{own_name().split(':')[0]}:{odd}"))


def test_elsewhere_a_heartbeat_that_stands_still_is_what_tells() -> None:
    now = [0.0]
    watch = Watch(lambda: now[0])
    assert not watch.is_orphan(running("elsewhere:7:1"))
    now[0] = SILENT_S - 1
    assert not watch.is_orphan(running("elsewhere:7:1"))
    assert not watch.is_orphan(running("elsewhere:7:1", beat=1))
    now[0] += SILENT_S
    assert not watch.is_orphan(running("elsewhere:7:1", beat=1))
    now[0] += 1
    assert watch.is_orphan(running("elsewhere:7:1", beat=1))
    assert not watch.is_orphan(running("elsewhere:8:1", beat=1))


def test_a_heart_beats_until_the_work_is_over_and_outlives_a_lost_database() -> None:
    beats: list[int] = []

    def beat(number: int) -> None:
        beats.append(number)
        if number == 1:
            raise EnvironmentFault(Fault("DB-003", "the database server does not answer"))

    with beating(beat, every_s=0.001):
        while len(beats) < 3:
            time.sleep(0.001)
    count = len(beats)
    assert beats == list(range(1, count + 1))
    time.sleep(0.01)
    assert len(beats) == count
