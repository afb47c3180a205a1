"""Runs listed and compared, from what they recorded."""

from pathlib import Path
from typing import Any

import pytest
from tests.small_project import open_workspace

from steward.core.errors import UsageError
from steward.core.runs import Run, RunStatus, Step
from steward.flows.experiment_comparison import compare_experiments, write_comparison_page
from steward.flows.experiments import list_experiments, write_experiments_page
from steward.flows.ports import Ports
from steward.models.history import Tried
from steward.registry.versions import Draft, Promotion
from steward.reporting.contents import TestFigure
from steward.reporting.experiment_pages import comparison_answer

SPLIT = {"train": ["2023-01"], "test": ["2023-02"]}


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    return open_workspace(tmp_path / "home", None)


def declared(**changed: Any) -> dict[str, Any]:
    project = {"name": "trips", "task": "regression", "split": SPLIT, "candidates": [{"kind": "linear", "alpha": 1.0}], **changed}
    return {"project": project, "dictionary": {}}


def trained(value: float, **changed: Any) -> dict[str, Any]:
    board = [
        {"kind": "mean", "metric": "rmse", "validation": 9.0, "chosen": False, "test": None, "unit": "min"},
        {"kind": "linear", "metric": "rmse", "validation": value + 0.5, "chosen": True, "test": value, "unit": "min"},
    ]
    metrics = {"rmse": {"value": value, "low": value - 0.25, "high": value + 0.25}, "mae": {"value": 3.0, "low": 2.5, "high": 3.5}}
    return {"leaderboard": board, "chosen": "linear", "metrics": metrics, "origin": "folder", **changed}


def remember(
    ports: Ports,
    run: str,
    result: dict[str, Any],
    *,
    at: str = "10:00",
    clean: str = "c" * 64,
    status: RunStatus = "finished",
    project: str = "trips",
    frozen: dict[str, Any] | None = None,
    until: str = "promote",
) -> None:
    """Keep a run as the loop would."""
    started = f"2026-01-01T{at}:00+00:00"
    kept = Run(run, project, "running", "command", {"until": until}, frozen or declared(), {}, started, None)
    ports.runs.start(kept, actor="me")
    for name, digest in (("ingest", "a" * 64), ("clean", clean)):
        ports.runs.begin_step(run, name, f"{run}{name}")
        step = Step(run, name, f"{run}{name}", "finished", reused=False, output={"snapshot": digest})
        ports.runs.finish_step(step, kind="data.ingested", detail={}, actor="me")
    board = result.get("leaderboard", [])
    ports.experiments.keep(
        project, run, [Tried(e["kind"], "validation", e["metric"], e["validation"], chosen=e["chosen"]) for e in board]
    )
    ports.runs.finish(run, status, result, actor="me")


def register(ports: Ports, run: str, number: int, *, champion: bool = False) -> None:
    facts = {"verdict": {"passed": True}, "mlflow_run": f"mlflow-{number}", "parameters": {"candidate": "linear", "alpha": number}}
    ports.registry.register(Draft("trips", run, run, f"digest-{number}", {"features.py": "f" * 64}, facts), actor="me")
    if champion:
        ports.registry.swap_champion(Promotion("trips", number, None, "me", "test"))


def test_runs_are_listed_newest_first_with_all_that_is_known(ports: Ports) -> None:
    remember(ports, "aaa1", trained(5.0, version=1))
    register(ports, "aaa1", 1, champion=True)
    remember(ports, "bbb2", {"faults": [{"code": "MODEL-010", "what": "every candidate failed"}]}, at="11:00", status="failed")
    remember(ports, "ccc3", {"origin": "folder"}, at="12:00", until="ingest")
    failed, first = list_experiments("trips", ports, limit=10)
    assert (first.run, first.name, first.trigger, first.origin, first.chosen) == ("aaa1", "v1", "command", "folder", "linear")
    assert first.figure == TestFigure("rmse", 5.0, 4.75, 5.25)
    assert (first.unit, first.version, first.champion, first.mlflow_run) == ("min", 1, True, "mlflow-1")
    assert first.seconds is not None
    assert (failed.run, failed.name, failed.status, failed.fault) == (
        "bbb2",
        "bbb2",
        "failed",
        "every candidate failed (MODEL-010)",
    )
    assert (failed.figure, failed.chosen, failed.champion) == (None, None, False)
    assert list_experiments("trips", ports, limit=1) == (failed,)


def test_the_page_of_all_runs_has_a_picture_and_every_candidate(ports: Ports) -> None:
    for number, (run, value) in enumerate((("aaa1", 5.0), ("bbb2", 4.0)), 1):
        remember(ports, run, trained(value, version=number), at=f"1{number}:00")
        register(ports, run, number, champion=number == 1)
    written = write_experiments_page("trips", ports, limit=10)
    page = written.html.read_text()
    assert "2 runs of trips; v1 (linear) is champion with rmse 5.000 min [4.750, 5.250]." in page
    assert page.index("bbb2") < page.index("aaa1")
    assert "Best: v2 with 4.000 [3.750, 4.250] min." in page
    for said in ("5.500", "4.500", "9.000", "mlflow-1"):
        assert said in page
    assert "http" not in page.replace("http-equiv", "")
    assert written.png is not None
    assert written.png.read_bytes().startswith(b"\x89PNG")


def test_a_page_of_nothing_but_failures_has_no_picture(ports: Ports) -> None:
    remember(ports, "aaa1", {"faults": [{"code": "X-001", "what": "<b>broken</b>"}]}, status="failed")
    written = write_experiments_page("trips", ports, limit=10)
    assert written.png is None
    assert "&lt;b&gt;broken&lt;/b&gt; (X-001)" in written.html.read_text()


def test_runs_are_compared_by_settings_metrics_and_hashes(ports: Ports) -> None:
    remember(ports, "aaa1", trained(5.0, version=1))
    remember(ports, "bbb2", trained(4.0, version=2), at="11:00", frozen=declared(candidates=[{"kind": "linear", "alpha": 2.0}]))
    for number, run in enumerate(("aaa1", "bbb2"), 1):
        register(ports, run, number)
    compared = compare_experiments(["v1", "bb"], ports)
    assert [line.run for line in compared.lines] == ["aaa1", "bbb2"]
    assert {row.name: row.values for row in compared.settings} == {
        "chosen.alpha": ("1", "2"),
        "candidates.linear.alpha": ("1.0", "2.0"),
    }
    assert {row.name: row.differences for row in compared.figures} == {"rmse": (0.0, -1.0), "mae": (0.0, 0.0)}
    equal = {row.name: row.equal for row in compared.hashes}
    assert equal == {"raw rows": True, "clean rows": True, "declaration": False, "features.py": True, "bundle": False}
    assert compared.same_rows
    assert comparison_answer(compared) == (
        "v2 has a better rmse than v1 (4.000 and 5.000) on the same rows, with intervals that do not overlap."
    )
    written = write_comparison_page(compared, ports)
    assert written.html.name == "trips-compare-v1-v2.html"
    page = written.html.read_text()
    for said in ("candidates.linear.alpha", "✓ equal", "✗ differs", "-1.000"):
        assert said in page


def test_other_test_rows_make_differences_say_little(ports: Ports) -> None:
    remember(ports, "aaa1", trained(5.0))
    remember(ports, "bbb2", trained(4.0), at="11:00", clean="d" * 64)
    remember(ports, "ccc3", trained(4.0), at="12:00", frozen=declared(split={**SPLIT, "test": ["2023-03"]}))
    for other in ("bbb2", "ccc3"):
        compared = compare_experiments(["aaa1", other], ports)
        assert not compared.same_rows
        assert comparison_answer(compared) == (
            f"{other} and aaa1 were judged on different rows: the difference of their rmse says little."
        )


OVERLAP = "with intervals that overlap: only the gate, which compares row by row, can tell."


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (5.0, "bbb2 reaches the same rmse as aaa1: rmse 5.000 min [4.750, 5.250]."),
        (5.25, f"bbb2 has a worse rmse than aaa1 (5.250 and 5.000) on the same rows, {OVERLAP}"),
    ],
)
def test_a_comparison_says_what_can_be_told(ports: Ports, value: float, said: str) -> None:
    remember(ports, "aaa1", trained(5.0))
    remember(ports, "bbb2", trained(value), at="11:00")
    assert comparison_answer(compare_experiments(["aaa1", "bbb2"], ports)) == said


@pytest.mark.parametrize(
    ("references", "code", "told"),
    [
        (["zzz", "aaa1"], "TRACK-004", "no run begins with 'zzz'"),
        (["aaa", "bbb2"], "TRACK-004", "2 runs begin with 'aaa'"),
        (["v1", "bbb2"], "TRACK-004", "whose v1? this workspace has 2 projects"),
        (["aaa1", "ddd4"], "TRACK-005", "run ddd4 trained nothing to the end"),
        (["aaa1", "eee5"], "TRACK-005", "runs of several projects answer different questions: aaa1 is of trips, eee5 is of rides"),
        (["aaa1", "aaa1"], "TRACK-005", "at least two different runs"),
        (["aaa1"], "TRACK-005", "at least two different runs"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_reason(ports: Ports, references: list[str], code: str, told: str) -> None:
    for number, run in enumerate(("aaa1", "aaa2", "bbb2")):
        remember(ports, run, trained(5.0), at=f"1{number}:00")
    remember(ports, "ddd4", {"faults": []}, at="14:00", status="failed")
    remember(ports, "eee5", trained(5.0), at="15:00", project="rides")
    with pytest.raises(UsageError) as caught:
        compare_experiments(references, ports)
    assert code in str(caught.value)
    assert told in str(caught.value)


def test_the_project_says_whose_version_is_meant(ports: Ports) -> None:
    remember(ports, "aaa1", trained(5.0, version=1))
    remember(ports, "bbb2", trained(4.0, version=2), at="11:00")
    remember(ports, "eee5", trained(5.0), at="15:00", project="rides")
    for number, run in enumerate(("aaa1", "bbb2"), 1):
        register(ports, run, number)
    assert [line.run for line in compare_experiments(["v2", "v1"], ports, project="trips").lines] == ["bbb2", "aaa1"]
