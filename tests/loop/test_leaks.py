"""Dishonest data is refused by the command line; honest data of all four projects passes, and its features are told."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from steward.flows.feature_report import read_dictionary
from steward.flows.run import RunOptions, run
from steward.project.read import blueprint_names
from tests.loop.conftest import Steward
from tests.small_project import open_workspace

pytestmark = pytest.mark.loop
FEW = {"taxi": 4000, "uber": 800, "heart": 303, "accidents": 600}


@pytest.fixture
def copied(tmp_path: Path, data: Path) -> Path:
    """Cleveland's 303 rows, drawn again and again until there are 1,025, as they are published elsewhere."""
    lines = (data / "heart" / "processed.cleveland.data").read_text().split()
    luck = np.random.default_rng(1)
    more = [lines[place] for place in luck.integers(0, len(lines), 1025 - len(lines))]
    file = tmp_path / "data" / "heart" / "processed.cleveland.data"
    file.parent.mkdir(parents=True)
    file.write_text("\n".join(luck.permutation([*lines, *more])) + "\n")
    return tmp_path / "data"


def test_the_heart_rows_copied_to_1025_are_refused_with_their_number(steward: Steward, copied: Path) -> None:
    told = steward("train", "heart", "--data", str(copied), "--set", "cleaning=[]", code=2).stderr
    assert "FEAT-030" in told
    assert "189 of 205 test rows (92.2%) stand among the rows to learn from as well" in told
    assert "drop_duplicates" in told
    assert "FEAT-030" in steward("crossval", "heart", "--data", str(copied), "--set", "cleaning=[]", code=2).stderr


def checked(home: Path, data: Path | None, name: str, *overrides: str) -> Any:
    made = run(RunOptions(name, overrides, until="features"), open_workspace(home, data)).result
    told = read_dictionary(home, made["feature_report"])
    assert told["suspicions"] == []
    assert {feature["name"] for feature in told["features"]} == set(made["features"])
    assert all(feature["meaning"] and feature["raw"] and feature["known_at"] == "request" for feature in told["features"])
    assert sum(feature["importance"]["gain"] for feature in told["features"]) == pytest.approx(1.0)
    assert len(told["correlations"]["values"]) == len(made["features"]) + 1
    page = (home / made["feature_report"]["html"]).read_text()
    assert all(f"<h3>{name}</h3>" in page for name in made["features"])
    return told


@pytest.mark.parametrize("name", blueprint_names())
def test_simulated_rows_of_every_project_pass_and_their_features_are_told(tmp_path: Path, name: str) -> None:
    told = checked(tmp_path, None, name, f"source.simulator.rows={FEW[name]}")
    assert told["origin"] == "simulated"


@pytest.mark.parametrize("name", blueprint_names())
def test_real_rows_of_every_project_pass_and_their_features_are_told(tmp_path: Path, data: Path, name: str) -> None:
    told = checked(tmp_path, data, name)
    assert told["origin"] == "folder"


def test_the_own_cleaning_of_heart_keeps_one_of_each_copy_and_features_are_told(steward: Steward, copied: Path) -> None:
    said = steward("features", "heart", "--data", str(copied)).stdout
    assert "refused" not in said
    assert "reports/heart/features/features.html" in said
    assert "Most important features" in said
    assert said.index("thallium") < said.index("next:")
    made = steward.json("features", "heart", "--data", str(copied))
    assert made["clean_rows"] == 303
    assert made["dictionary"]["features"][0]["name"] == made["feature_report"]["top"][0]["name"]
