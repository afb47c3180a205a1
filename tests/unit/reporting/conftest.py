from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from steward.deploy.gate import Verdict
from steward.reporting.contents import (
    CandidateLine,
    DataFacts,
    FindingLine,
    GateTerms,
    ModelReport,
    Plot,
    SourceFile,
    Standing,
    TestFigure,
    WindowLine,
)

FULL = ModelReport(
    model="rides",
    number=3,
    title="How long will it take?",
    target="minutes",
    unit="min",
    metric="rmse",
    origin="folder",
    tested_on=("2023-03",),
    written_at="2026-01-02T03:04:05+00:00",
    standing=Standing(3, "2026-01-01T10:00:00+00:00", was_champion=True),
    leaderboard=(
        CandidateLine("mean", "rmse", 9.2386, chosen=False, seconds=0.0),
        CandidateLine("lightgbm", "rmse", 4.9837, chosen=True, test=5.1487, seconds=2.81),
    ),
    gate=Verdict(
        passed=True,
        metric="rmse",
        candidate=5.1487,
        champion=9.5842,
        gain=0.4628,
        low=0.4569,
        high=0.4688,
        rows=69384,
        against="the mean baseline",
        reason="better, and surely so",
    ),
    terms=GateTerms(min_gain=0.02, confidence=0.95),
    figures=(TestFigure("mae", 3.37025, 3.3294, 3.41), TestFigure("rmse", 5.1487, 5.0671, 5.2265), TestFigure("r2", 0.7108)),
    replayed="Answered again: rmse 5.149 min, as recorded.",
    plots=(Plot("Predicted against actual", "A density; half within 2 min", "Half within 2 min.", b"\x89PNG\r\n\x1a\n1"),),
    data=DataFacts(
        sources=(SourceFile("2023-01", "green_2023-01.parquet", "ab" * 32),),
        counts=(("read", 140255), ("test", 69384)),
        quarantined=4928,
        findings=(FindingLine("quarantine", 4917, "minutes is below 1 or above 60"),),
        features=("hour", "zone"),
        left_out=(("centroid_km", "its lookup could not be had"),),
    ),
    windows=(
        WindowLine("2024-01", 0.71, alarm=True, status="alarm", text="all moved", alert=0.5, watched_at="2026-01-01T11:00:00Z"),
    ),
    windows_plot=Plot("Severity of each window", "2024-01 0.71; the alarm line is at 0.5", "1 window", b"\x89PNG\r\n\x1a\n2"),
    provenance=(("bundle", "cd" * 32), ("journal head", "entry 15, 2097")),
    missing=(),
)


@pytest.fixture
def report() -> Callable[..., ModelReport]:
    """A full report, with some of it changed."""

    def make(**changes: Any) -> ModelReport:
        return replace(FULL, **changes)

    return make
