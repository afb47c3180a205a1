import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.serving.limits import Buckets, source_of


def test_a_bucket_gives_what_a_minute_allows_and_fills_evenly() -> None:
    buckets = Buckets()
    assert [buckets.take("a", 3, 100.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert buckets.take("a", 3, 100.0) == pytest.approx(20.0)  # a token comes back every 20 s
    assert buckets.take("a", 3, 115.0) == pytest.approx(5.0)
    assert buckets.take("a", 3, 120.0) == 0.0
    assert buckets.take("b", 3, 120.0) == 0.0


def test_waiting_long_fills_a_bucket_and_no_more() -> None:
    buckets = Buckets()
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
