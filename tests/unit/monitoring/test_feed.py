from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.monitoring.feed import alike, cap_clients, judge_feed

QUIET = [980, 1020, 1000, 950, 1050, 1000, 990, 1010]


def test_a_feed_that_stopped_is_a_fault_by_what_is_usual() -> None:
    fault = judge_feed(0, QUIET, chance=0.001)
    assert fault is not None
    assert (fault.kind, fault.column, fault.share, fault.severity) == ("stopped", None, 1.0, 1.0)
    assert fault.text == "the feed stopped: 0 rows came, 1,000 are usual"
    few = judge_feed(50, QUIET, chance=0.001)
    assert few is not None
    assert few.severity == pytest.approx(0.95**2, abs=0.001)


def test_fewer_rows_than_ever_are_told_and_are_serious_once_71_percent_are_missing() -> None:
    fewer = {rows: judge_feed(rows, QUIET, chance=0.001) for rows in (96, 170, 290, 300, 500, 900)}
    assert {fault.kind for fault in fewer.values() if fault} == {"fewer"}
    assert [round(fault.severity, 3) for fault in fewer.values() if fault] == [0.817, 0.689, 0.504, 0.49, 0.25, 0.01]
    assert fewer[500] is not None
    assert fewer[500].text == "only 500 rows came, 1,000 are usual: a source was lost, or the world changed"
    assert [judge_feed(rows, QUIET, chance=0.001) for rows in (940, 950, 1000, 5000)] == [None] * 4


def test_what_stood_still_before_or_is_hardly_known_is_never_called_stopped() -> None:
    assert judge_feed(0, QUIET[:7], chance=0.001) is None
    assert judge_feed(0, [*QUIET, 0], chance=0.001) is None
    assert judge_feed(0, [0, 0, *QUIET], chance=0.001) is not None  # nobody had begun to ask then
    assert judge_feed(0, [1, 1, 2, 1, 3, 1, 1, 2], chance=0.001) is None  # a window without rows is nothing strange there
    assert judge_feed(3, [20, 2000, 100, 500, 40, 1000, 60, 9000], chance=0.001) is None


def test_a_window_is_like_those_of_its_weekday_once_eight_of_them_are_known() -> None:
    monday, day = datetime(2026, 1, 5, tzinfo=UTC), timedelta(days=1)
    quiet = {monday + number * day: 0 if number % 7 >= 5 else 1000 + number for number in range(17 * 7)}
    week, hour = 7 * day, timedelta(hours=1)
    assert alike(quiet, monday + 8 * week) == [1000 + 7 * number for number in range(8)]
    assert alike(quiet, monday + 8 * week + 5 * day) == [0] * 8
    assert alike(quiet, monday + 7 * week) == [quiet[monday + number * day] for number in range(7 * 7)]
    assert alike(quiet, monday + 17 * week) == [1000 + 7 * number for number in range(1, 17)]  # the last 16
    assert alike(quiet, monday + 17 * week + hour) == []


@given(st.lists(st.integers(50, 5000), min_size=8, max_size=40))
def test_a_window_like_the_quiet_ones_never_stopped(quiet: list[int]) -> None:
    assert all(judge_feed(rows, quiet, chance=0.001) is None for rows in quiet)


def test_one_client_that_floods_a_window_counts_as_much_as_all_others() -> None:
    callers = pl.Series([["flood"] * 9 + [name] for name in "abcdefghij" * 10]).explode()
    counted, fault = cap_clients(callers, share=0.5, fewest=10)
    assert fault is not None
    assert (fault.kind, fault.share, fault.severity) == ("one client", 0.9, 0.0)
    assert fault.text == "one client asked for 90% of the rows; 100 of its 900 count"
    kept = callers.filter(counted)
    assert (kept == "flood").sum() == 100
    assert kept.len() == 200
    places = counted.to_numpy().nonzero()[0]
    assert np.diff(places).max() <= 10  # evenly over the window


def test_two_clients_that_flood_a_window_count_each_for_their_share_of_what_is_left() -> None:
    # Others have 100 rows; two with x each are 20 % of what is left: x = 0.2 (2 x + 100), so x = 33.
    callers = pl.Series(["flood", "deluge"] * 1000 + list("abcdefghij") * 10)
    counted, fault = cap_clients(callers, share=0.2, fewest=10)
    assert fault is not None
    assert fault.text == "2 clients asked for 95% of the rows; 33 of the rows of each count"
    assert fault.share == pytest.approx(2000 / 2100)
    kept = callers.filter(counted).value_counts()
    assert {name: rows for name, rows in kept.rows() if rows > 10} == {"flood": 33, "deluge": 33}
    assert kept["count"].sum() == 166


def test_where_each_of_few_clients_asks_for_more_than_its_share_none_of_them_floods() -> None:
    counted, fault = cap_clients(pl.Series(["a", "b", "c"] * 1000), share=0.2, fewest=10)
    assert fault is None
    assert counted.all()


def test_a_few_rows_of_the_only_busy_client_always_count() -> None:
    callers = pl.Series(["flood"] * 5000 + ["a", "b"])
    counted, fault = cap_clients(callers, share=0.5, fewest=200)
    assert fault is not None
    assert counted.sum() == 202


@pytest.mark.parametrize(
    "callers", [["a"] * 500, ["a"] * 500 + ["b"], [None] * 500, ["a", "b", "c"] * 100, ["a"] * 100 + [None] * 400 + ["b", "c"], []]
)
def test_where_nobody_stands_out_every_row_counts(callers: list[str | None]) -> None:
    counted, fault = cap_clients(pl.Series(callers, dtype=pl.String), share=0.5, fewest=50)
    assert fault is None
    assert counted.all()


@given(st.lists(st.sampled_from(["a", "b", "c", "d", None]), max_size=300), st.floats(0.2, 0.8), st.integers(1, 50))
def test_no_client_counts_for_more_than_its_share_and_no_other_row_is_lost(
    callers: list[str | None], share: float, fewest: int
) -> None:
    series = pl.Series(callers, dtype=pl.String)
    counted, fault = cap_clients(series, share=share, fewest=fewest)
    assert len(counted) == len(series)
    if fault is None:
        assert counted.all()
        return
    counts = series.drop_nulls().value_counts()
    names = [name for name, rows in counts.rows() if rows > share * len(series)]
    assert counted.filter(~series.is_in(names).fill_null(value=False)).all()
    for name in names:
        kept = int(counted.filter((series == name).fill_null(value=False)).sum())
        assert kept <= max(fewest, share * int(counted.sum()) + 1)
