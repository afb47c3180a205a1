"""Facts of any age are read; what is absent or of another shape is not invented."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.monitoring.history import WatchedWindow
from steward.reporting.recorded import data_facts, figures, gate, leaderboard, terms, window_lines

json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(["verdict", "metrics", "leaderboard", "findings", "sources", "rows", "left_out", "features", "gate"])


def _window(label: str, version: int = 1, at: str = "2026-01-01", **verdict: Any) -> WatchedWindow:
    return WatchedWindow(label + at, "rides", version, label, 0.2, alarm=False, answered=False, verdict=verdict, created_at=at)


@settings(max_examples=40)
@given(st.dictionaries(names, json), st.dictionaries(names, json))
def test_facts_of_any_shape_never_stop_a_report(facts: dict[str, Any], result: dict[str, Any]) -> None:
    read = (gate(facts), terms(facts), leaderboard(result), figures(facts, result), data_facts(facts, result, {}))
    assert len(read) == 5  # whatever they found, none of them raised


def test_intervals_come_from_the_run_and_bare_values_do_without_it() -> None:
    facts = {"metrics": {"rmse": 5.0}}
    (full,) = figures(facts, {"metrics": {"rmse": {"value": 5.0, "low": 4.9, "high": 5.1}}})
    (bare,) = figures(facts, {})
    assert (full.value, full.low, full.high) == (5.0, 4.9, 5.1)
    assert (bare.name, bare.value, bare.low, bare.high) == ("rmse", 5.0, None, None)


def test_rows_are_counted_by_use_and_reasons_stand_beside_what_was_left_out() -> None:
    facts = {"rows": {"train": 6, "test": 3}, "quarantined": 1, "features": ["hour"], "left_out": ["km", "fare"]}
    result = {"rows": 10, "clean_rows": 9, "findings": [{"action": "warn", "rows": 2, "text": "two alike"}]}
    data = data_facts(facts, result, {"km": "no lookup"})
    assert data is not None
    assert data.counts == (("read", 10), ("kept", 9), ("train", 6), ("test", 3))
    assert data.left_out == (("km", "no lookup"), ("fare", "the reason was not recorded"))
    assert data.findings is not None
    assert [(found.rows, found.text) for found in data.findings] == [(2, "two alike")]
    unknown = data_facts(facts, {}, {})
    assert unknown is not None
    assert unknown.findings is None
    assert data_facts({}, {}, {}) is None


@pytest.mark.parametrize("verdict", [None, {}, {"passed": True}, "passed"])
def test_a_verdict_that_is_not_whole_is_none(verdict: object) -> None:
    assert gate({"verdict": verdict}) is None


def test_windows_of_the_version_come_by_month_then_by_time_and_only_the_newest() -> None:
    newest_first = [
        _window("2 logged predictions", at="2026-01-05", alert=0.4, status="ok", text="all well"),
        _window("2023-05", at="2026-01-04"),
        _window("2024-01", version=2, at="2026-01-03"),
        _window("2023-06", at="2026-01-02"),
        _window("2023-04", at="2026-01-01"),
    ]
    assert [line.label for line in window_lines(newest_first, 1, limit=3)] == ["2023-05", "2023-06", "2 logged predictions"]
    last = window_lines(newest_first, 1, limit=3)[-1]
    assert (last.alert, last.status, last.text) == (0.4, "ok", "all well")
