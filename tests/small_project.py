"""A project of three columns whose months are written by hand, for tests of flows that need few rows and no model."""

from collections.abc import Sequence
from pathlib import Path

from steward.bootstrap import Settings, build_ports
from steward.core.progress import Silent
from steward.flows.ports import Ports

PROJECT = """\
name: trips
task: regression
target: minutes
time: at
source: {files: ["{period}.csv"]}
split: {train: [2023-01], test: [2023-02], validation_share: 0.2}
checks:
  - {kind: unique, columns: [id]}
  - {kind: range, column: minutes, min: 0, max: 60}
quarantine: {max_share: 0.9}
features: [zone]
candidates: [{kind: mean}, {kind: linear}]
"""
DICTIONARY = """\
columns:
  id: {type: integer, known_at: outcome, meaning: counts the trips}
  at: {type: datetime, known_at: request, meaning: when it began, format: "%Y-%m-%d %H:%M"}
  zone: {type: integer, known_at: request, meaning: where it began}
  minutes: {type: number, unit: min, known_at: outcome, meaning: how long it took}
"""
FEATURES = '"""No features of its own."""\n'


def write_project(folder: Path) -> Path:
    """Write the project and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {"project.yaml": PROJECT, "dictionary.yaml": DICTIONARY, "features.py": FEATURES}.items():
        (folder / name).write_text(text)
    return folder


def write_month(folder: Path, period: str, minutes: Sequence[float | None], *, first: int = 1) -> Path:
    """Write a month of one trip an hour; trips are numbered from `first`, their zones are 1, 2, 3 by turns; at most 28 days."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        f"{first + hour},{period}-{1 + hour // 24:02d} {hour % 24:02d}:00,{1 + hour % 3},{'' if value is None else value}"
        for hour, value in enumerate(minutes)
    ]
    path = folder / f"{period}.csv"
    path.write_text("\n".join(["id,at,zone,minutes", *lines]) + "\n")
    return path


def open_workspace(home: Path, data: Path | None) -> Ports:
    """Return real ports on a workspace folder, quiet and without a network."""
    return build_ports(Settings(home=home, data=data, offline=True, actor="tester"), Silent())
