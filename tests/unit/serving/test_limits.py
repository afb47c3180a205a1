import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.serving.limits import Buckets, Limits, SharedBuckets, source_of


@pytest.fixture(params=["memory", "file"])
def buckets(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Limits]:
    if request.param == "memory":
        yield Buckets()
        return
    shared = SharedBuckets(tmp_path / "limits")
    yield shared
    shared.close()


def test_a_bucket_gives_what_a_minute_allows_and_fills_evenly(buckets: Limits) -> None:
    assert [buckets.take("a", 3, 100.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert buckets.take("a", 3, 100.0) == pytest.approx(20.0)  # a token comes back every 20 s
    assert buckets.take("a", 3, 115.0) == pytest.approx(5.0)
    assert buckets.take("a", 3, 120.0) == 0.0
    assert buckets.take("b", 3, 120.0) == 0.0


def test_waiting_long_fills_a_bucket_and_no_more(buckets: Limits) -> None:
    buckets.take("a", 2, 0.0)
    assert [buckets.take("a", 2, 1e6) > 0 for _ in range(3)] == [False, False, True]


def test_past_its_size_the_name_that_was_quiet_longest_is_forgotten() -> None:
    buckets = Buckets(names=2)
    for name in ("a", "b", "a", "c"):
        buckets.take(name, 1, 0.0)
    assert len(buckets) == 2
    assert buckets.take("a", 1, 0.0) > 0  # asked after b, so it is still known
    assert buckets.take("b", 1, 0.0) == 0.0


@given(st.lists(st.floats(0, 30), max_size=60), st.integers(1, 20))
def test_never_more_pass_than_one_full_bucket_and_what_came_back(gaps: list[float], per_minute: int) -> None:
    buckets, now_s, passed = Buckets(), 0.0, 0
    for gap in gaps:
        now_s += gap
        passed += buckets.take("a", per_minute, now_s) == 0
    assert passed <= per_minute + now_s * per_minute / 60 + 1e-6


@given(st.lists(st.tuples(st.sampled_from(["a", "b", ("c", 1)]), st.floats(0, 30)), max_size=60), st.integers(1, 20))
def test_counting_in_a_file_is_counting_in_memory_whoever_counts(asked: list[tuple[object, float]], per_minute: int) -> None:
    with TemporaryDirectory() as folder:
        memory, shared = Buckets(), [SharedBuckets(Path(folder) / "limits") for _ in range(2)]
        now_s = 100.0
        for number, (name, gap) in enumerate(asked):
            now_s += gap
            expected = memory.take(name, per_minute, now_s)
            assert shared[number % 2].take(name, per_minute, now_s) == pytest.approx(expected)
        for one in shared:
            one.close()


def test_a_full_group_forgets_the_name_that_was_quiet_longest_and_the_file_does_not_grow(tmp_path: Path) -> None:
    shared = SharedBuckets(tmp_path / "limits")
    size = (tmp_path / "limits").stat().st_size
    for number in range(40_000):
        shared.take(number, 1, float(number))
    assert shared.take(39_999, 1, 40_000.0) > 0
    assert (tmp_path / "limits").stat().st_size == size == 2048 * 8 * 24
    shared.close()


COUNT = """
import sys
from pathlib import Path
from steward.serving.limits import SharedBuckets

shared = SharedBuckets(Path(sys.argv[1]))
print(sum(shared.take("key", 3000, 100.0) == 0 for _ in range(2000)))
"""


def test_processes_that_count_at_once_let_no_more_pass_than_there_is(tmp_path: Path) -> None:
    command = [sys.executable, "-c", COUNT, str(tmp_path / "limits")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    passed = [int(process.communicate()[0]) for process in processes]
    assert sum(passed) == 3000


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("testclient", "unknown"),
    ],
)
def test_a_source_is_an_address_or_the_network_one_customer_has(address: str, source: str) -> None:
    assert source_of(address) == source
