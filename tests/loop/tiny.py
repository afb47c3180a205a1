"""A project small enough to write into a test: calls of customers, some of whom leave, and how satisfied the others are."""

from pathlib import Path

import yaml

FEATURES = '''"""What is known of a call before it ends."""

from steward.features.column import Column


def hour(asked_at: Column) -> Column:
    """Local hour of the call, 0 to 23."""
    return asked_at.dt.hour()


def left(outcome: Column) -> Column:
    """The target: whether the customer left; null where that is not known yet."""
    return outcome == "left"
'''

SIMULATOR = '''"""Made-up calls: who waits long on a cheap plan leaves; few are angry."""

import numpy as np
import polars as pl

SCENARIOS = {"none": "an ordinary month", "reversed": "who waits long now stays", "bankrupt": "the third plan ends in a new way"}


def simulate(period, rows, seed, scenario):
    draw = np.random.default_rng([seed, period.year, period.month])
    minutes = draw.integers(0, 28 * 24 * 60, rows)
    wait, plan = draw.exponential(5, rows), draw.integers(1, 4, rows)
    slope, habit = (-0.5 if scenario == "reversed" else 0.5), np.array([0.0, 2.0, -1.0, -1.0])[plan]
    score = (wait - 5) * slope + habit + draw.normal(0, 1, rows)
    outcome = np.where(score > 1.5, "left", np.where(score > 0.5, "angry", "content"))
    if scenario == "bankrupt":
        outcome = np.where(plan == 3, "bankrupt", outcome)
    return pl.DataFrame({
        "asked_at": pl.select(pl.lit(period.start) + pl.duration(minutes=pl.Series(minutes))).to_series(),
        "wait": pl.Series(wait).set(pl.Series(draw.random(rows) < 0.2), None),
        "plan": plan,
        "outcome": outcome,
    }).sort("asked_at")
'''

ASKED = {"known_at": "request"}
CODES = {"1": "cheap", "2": "dear", "3": "old"}
DICTIONARY = {
    "columns": {
        "asked_at": {"type": "datetime", "meaning": "start of the call", "example": "2024-02-05T10:30:00", **ASKED},
        "wait": {
            "type": "number",
            "unit": "min",
            "meaning": "until answered",
            "required": False,
            "example": 12.5,
            **ASKED,
        },
        "plan": {"type": "integer", "meaning": "what was bought", "example": 1, "codes": CODES, **ASKED},
        "outcome": {"type": "text", "meaning": "how it ended", "known_at": "outcome"},
    }
}

PROJECT = {
    "name": "calls",
    "time": "asked_at",
    "source": {"simulator": {"rows": 3000}},
    "split": {"train": ["2024-01"], "test": ["2024-02"]},
    "checks": [{"kind": "not_null", "columns": ["outcome"]}],
    "features": ["hour", "wait", "plan"],
    "candidates": [{"kind": "mean"}, {"kind": "linear"}, {"kind": "lightgbm", "num_trees": 60, "num_leaves": 7}],
    "gate": {"resamples": 500},
    "leaks": {"allow": [{"rule": "single_feature", "columns": ["plan"], "because": "in one world a plan ends its own way"}]},
}


def write_project(folder: Path, *, task: str, target: str) -> Path:
    """Write a project that asks one of both questions."""
    folder.mkdir()
    (folder / "project.yaml").write_text(yaml.safe_dump({**PROJECT, "task": task, "target": target}))
    (folder / "dictionary.yaml").write_text(yaml.safe_dump(DICTIONARY))
    (folder / "features.py").write_text(FEATURES)
    (folder / "simulator.py").write_text(SIMULATOR)
    return folder
