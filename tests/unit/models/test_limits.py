import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from steward.core.errors import AnswerIsNo, UsageError
from steward.models import limits as limits_module
from steward.models.limits import fit_limited, limits_of, used_mb
from steward.models.train import Lesson, choose, train_candidates
from steward.models.zoo import fit
from steward.project.candidates import CandidateSpec, LightGbmSpec, LinearSpec, MeanSpec, RandomForestSpec, RidgeSpec
from steward.project.tuning import LimitsSpec

NAMES = ("distance_km", "hour", "noise")
TREES = LightGbmSpec(kind="lightgbm", num_trees=30, num_leaves=15, min_rows_in_leaf=10)
ENDLESS = LightGbmSpec(kind="lightgbm", num_trees=10_000, num_leaves=4096, min_rows_in_leaf=1)
ROOMY = LimitsSpec(seconds=120, memory_mb=4000)
Make = Callable[[int, int], tuple[np.ndarray, np.ndarray]]


@pytest.mark.parametrize("spec", [MeanSpec(kind="mean"), LinearSpec(kind="linear"), TREES])
def test_a_limited_fit_is_the_fit_to_the_last_byte(spec: CandidateSpec, sample: Make) -> None:
    matrix, truth = sample(400, 1)
    matrix[3, 2] = np.nan
    inside = fit(spec, matrix, truth, names=NAMES, validation=sample(100, 2))
    limited = fit_limited(spec, matrix, truth, names=NAMES, validation=sample(100, 2), limits=ROOMY)
    assert limited.content() == inside.content()


def test_classes_and_codes_go_along(sample: Make) -> None:
    matrix, truth = sample(400, 1)
    codes = (truth > np.median(truth)).astype(np.float64)
    spec = LinearSpec(kind="linear", alpha=1)
    limited = fit_limited(spec, matrix, codes, names=NAMES, classes=2, categories={"hour"}, limits=ROOMY)
    assert limited.content() == fit(spec, matrix, codes, names=NAMES, classes=2, categories={"hour"}).content()


def test_weights_go_along(sample: Make) -> None:
    (matrix, truth), weights = sample(400, 1), np.linspace(0, 2, 400)
    limited = fit_limited(TREES, matrix, truth, names=NAMES, weights=weights, limits=ROOMY)
    assert limited.content() == fit(TREES, matrix, truth, names=NAMES, weights=weights).content()
    assert limited.content() != fit(TREES, matrix, truth, names=NAMES).content()


def test_an_endless_fit_is_ended(sample: Make) -> None:
    began = time.monotonic()
    with pytest.raises(AnswerIsNo, match="ran out of time: asked for at most 3 s") as refused:
        fit_limited(ENDLESS, *sample(60_000, 1), names=NAMES, limits=LimitsSpec(seconds=3))
    assert refused.value.faults[0].code == "MODEL-042"
    assert "limits.seconds" in refused.value.faults[0].fix
    assert time.monotonic() - began < 60
    assert _workers() == []


def test_a_forest_that_eats_memory_is_ended(sample: Make) -> None:
    forest = RandomForestSpec(kind="random_forest", num_trees=5000, min_rows_in_leaf=1)
    with pytest.raises(AnswerIsNo, match="ran out of memory: asked for at most 350 MB") as refused:
        fit_limited(forest, *sample(60_000, 1), names=NAMES, limits=LimitsSpec(memory_mb=350, seconds=200))
    assert refused.value.faults[0].code == "MODEL-041"
    assert _workers() == []


def test_the_board_says_why_and_the_others_go_on(sample: Make) -> None:
    lesson = Lesson("regression", NAMES, limits=LimitsSpec(seconds=60))
    hasty = ENDLESS.model_copy(update={"limits": LimitsSpec(seconds=1)})
    greedy = ENDLESS.model_copy(update={"limits": LimitsSpec(memory_mb=100)})
    wrong = RidgeSpec.model_construct(kind="ridge", alpha=float("nan"), limits=None, balance=False)
    specs = [hasty, greedy, wrong, LinearSpec(kind="linear"), MeanSpec(kind="mean")]
    trained = train_candidates(specs, sample(60_000, 1), sample(500, 2), lesson=lesson)
    assert [one.error for one in trained[:2]] == [
        "ran out of time: asked for at most 1 s",
        "ran out of memory: asked for at most 100 MB",
    ]
    assert trained[2].error
    assert [one.error for one in trained[3:]] == ["", ""]
    assert choose(trained, "rmse").name == "linear"


def test_one_greedy_request_is_refused_by_the_kernel(tmp_path: Path) -> None:
    script = (
        "import numpy as np; from steward.models.worker import _limit_addresses; _limit_addresses(100)\n"
        "try: np.ones(10**10)\nexcept MemoryError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout.strip() == ("refused" if Path("/proc/self/statm").exists() else "")


def test_a_worker_that_is_killed_is_told_apart(sample: Make) -> None:
    killer = Thread(target=_kill_worker)
    killer.start()
    with pytest.raises(AnswerIsNo, match=r"its process ended by signal SIGKILL[\s\S]*no memory left") as refused:
        fit_limited(ENDLESS, *sample(60_000, 1), names=NAMES, limits=LimitsSpec(seconds=100))
    killer.join()
    assert refused.value.faults[0].code == "MODEL-043"


def test_a_crash_says_by_which_signal() -> None:
    assert "SIGSEGV" in str(limits_module._died(-signal.SIGSEGV, ""))
    assert "exit code 3: no such library" in str(limits_module._died(3, "a\nno such library")).replace("\n  why: a ", ": ")
    assert limits_module.says_out_of_memory("terminate called after throwing an instance of 'std::bad_alloc'")


def test_what_the_fit_refuses_is_refused_alike(sample: Make) -> None:
    matrix, truth = sample(100, 1)
    matrix[0, 0] = np.inf
    with pytest.raises(AnswerIsNo, match="ValueError") as refused:
        fit_limited(LinearSpec(kind="linear"), matrix, truth, names=NAMES, limits=ROOMY)
    assert refused.value.faults[0].code == "MODEL-044"


def test_a_worker_ends_with_its_parent(tmp_path: Path) -> None:
    script = """
import sys, numpy as np
from steward.models.limits import fit_limited
from steward.project.candidates import LightGbmSpec
from steward.project.tuning import LimitsSpec
matrix = np.random.default_rng(1).normal(size=(60_000, 3))
spec = LightGbmSpec(kind="lightgbm", num_trees=10_000, num_leaves=4096, min_rows_in_leaf=1)
fit_limited(spec, matrix, matrix[:, 0], names=("a", "b", "c"), limits=LimitsSpec(seconds=200))
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    parent = subprocess.Popen([sys.executable, "-c", script], env=environment)
    worker = _wait_for(lambda: _workers(parent.pid))
    parent.kill()
    parent.wait()
    _wait_for(lambda: [1] if not _alive(worker[0]) else [])
    _wait_for(lambda: [1] if not list(tmp_path.iterdir()) else [])
    assert list(tmp_path.iterdir()) == []


def test_own_limits_win_and_the_project_fills_in() -> None:
    own = LinearSpec(kind="linear", limits=LimitsSpec(seconds=5))
    assert limits_of(own, LimitsSpec(seconds=60, memory_mb=500)) == LimitsSpec(seconds=5, memory_mb=500)
    assert limits_of(LinearSpec(kind="linear"), None) is None
    assert limits_of(MeanSpec(kind="mean"), LimitsSpec(seconds=60)) == LimitsSpec(seconds=60)


def test_memory_is_read_in_megabytes() -> None:
    assert 10 < used_mb(os.getpid()) < 100_000
    assert used_mb(99_999_999) == 0


def test_a_fault_of_ours_comes_back_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "failed.json").write_text(
        '{"kind": "UsageError", "faults": [{"code": "X-1", "what": "w", "where": ["here"], "why": "", "fix": "f"}]}'
    )
    (tmp_path / "stderr").write_text("")
    with pytest.raises(UsageError) as refused:
        limits_module._answer(tmp_path, 1, ROOMY)
    assert refused.value.faults[0].where == ("here",)


def _workers(parent: int | None = None) -> list[int]:
    children = Path(f"/proc/{parent or os.getpid()}/task/{parent or os.getpid()}/children")
    found = [int(child) for child in children.read_text().split()] if children.exists() else []
    return [child for child in found if b"steward.models.worker" in _words(child)]


def _words(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _alive(pid: int) -> bool:
    return bool(_words(pid))


def _kill_worker() -> None:
    # Only one that has begun to work: its rows are read, its parent watches.
    (worker,) = _wait_for(lambda: [pid for pid in _workers() if used_mb(pid) > 50])
    os.kill(worker, signal.SIGKILL)


def _wait_for(look: Callable[[], list[int]]) -> list[int]:
    give_up = time.monotonic() + 60
    while not (found := look()):
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.05)
    return found
