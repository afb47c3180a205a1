"""The page on reliability: bounds worked out by hand, rows in order, the larger count kept."""

from pathlib import Path

import pytest
from tests.reliability import Trials, count_trials, most_harm, page, read_folder


def test_the_bound_after_n_trials_without_harm_is_about_three_in_n() -> None:
    # 1 - 0.05^(1/300) = 1 - exp(-2.995732/300) = 0.009936
    assert most_harm(300, 0) == pytest.approx(0.009936, abs=1e-6)
    assert most_harm(3, 3) == 1.0
    # one of two: P(at most one of two) = 1 - p^2 = 0.05, so p = sqrt(0.95)
    assert most_harm(2, 1) == pytest.approx(0.95**0.5)


def test_rows_stand_in_the_catalogues_order_with_what_was_seen() -> None:
    lines = page(
        [Trials(row, "killed", trials, 0, {"lost": "0"}, "2026-11-21") for row, trials in (("L10", 10), ("K3", 1000), ("L2", 5))]
    ).splitlines()[-3:]
    assert [line.split(" | ")[0] for line in lines] == ["| K3", "| L2", "| L10"]
    assert lines[0] == "| K3 | killed | 1,000 | 0 | 0.3 % | lost 0 | 2026-11-21 |"


def test_the_larger_count_of_a_row_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEWARD_RELIABILITY", str(tmp_path))
    for trials in (10, 100, 20):
        count_trials("K3", "kill -9 under load", trials=trials, failed=0)
    assert [one.trials for one in read_folder(tmp_path)] == [100]
    monkeypatch.delenv("STEWARD_RELIABILITY")
    count_trials("K4", "not kept without a folder", trials=1, failed=0)
    assert len(read_folder(tmp_path)) == 1
