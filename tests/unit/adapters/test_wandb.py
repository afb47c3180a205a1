"""What Weights & Biases is told, offline: everything stays in one folder, and nothing is left running."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.adapters.tracked import PNG, experiment

from steward.adapters.wandb import WandbTracker
from steward.core.errors import EnvironmentFault


def services() -> list[str]:
    """The command lines of wandb's service processes that belong to this process."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rsplit(")", 1)[1].split()[1])
            line = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, ValueError):
            continue
        if parent == os.getpid() and "wandb" in line:
            found.append(line)
    return found


def test_an_offline_run_holds_settings_metrics_pictures_leaderboard_and_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    folder = tmp_path / "wandb"
    tracked = WandbTracker(folder, offline=True).log(experiment(tmp_path))
    assert tracked.run_id == f"trips-{'a' * 16}"
    (run,) = folder.glob("wandb/offline-run-*")
    record = (run / f"run-{tracked.run_id}.wandb").read_bytes()
    for told in (
        b"rmse_low",
        b"split.train",
        b"trips v1",
        b"steward report trips --version 1",
        b"gate/verdict.json",
        b"bundle/manifest.json",
    ):
        assert told in record, told
    (picture,) = run.rglob("*.png")
    assert picture.read_bytes() == PNG
    (board,) = run.rglob("leaderboard*.table.json")
    table = json.loads(board.read_text())
    assert table["columns"] == ["candidate", "chosen", "mae", "rmse", "fit_seconds", "failure"]
    assert table["data"] == [
        ["mean", False, None, 9.0, 0.25, ""],
        ["linear", True, 4.0, 5.25, 2.0, ""],
        ["forest", False, None, None, None, "MemoryError: out of memory"],
    ]
    assert list(home.rglob("*")) == []
    assert services() == []


def test_a_run_that_was_broken_off_is_written_anew(tmp_path: Path) -> None:
    folder = tmp_path / "wandb"
    broken = folder / "wandb" / f"offline-run-20260101_000000-trips-{'a' * 16}"
    broken.mkdir(parents=True)
    tracked = WandbTracker(folder, offline=True).log(experiment(tmp_path))
    (run,) = folder.glob(f"wandb/offline-run-*-{tracked.run_id}")
    assert run != broken
    told = experiment(tmp_path)
    assert WandbTracker(folder, offline=True).log(replace(told, metrics={"rmse": 1.0})) == tracked
    assert list(folder.glob("wandb/offline-run-*")) == [run]


def test_without_the_extra_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(EnvironmentFault) as caught:
        WandbTracker(tmp_path / "wandb", offline=True).log(experiment(tmp_path))
    assert "TRACK-002" in str(caught.value)
    assert "pip install 'steward[wandb]'" in str(caught.value)


def test_nobody_is_asked_for_a_key_in_the_middle_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "WANDB_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(EnvironmentFault) as caught:
        WandbTracker(tmp_path / "wandb", offline=False).log(experiment(tmp_path))
    assert "it has no key here" in str(caught.value)
    assert "export WANDB_MODE=offline" in str(caught.value)
    assert services() == []


def test_a_folder_that_cannot_be_written_is_a_fault_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / "wandb").write_text("a file where the folder should be")
    with pytest.raises(EnvironmentFault, match="TRACK-002"):
        WandbTracker(tmp_path / "wandb", offline=True).log(experiment(tmp_path))
