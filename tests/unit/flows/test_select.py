import math
from pathlib import Path

import pytest
from tests.small_project import open_workspace, write_month, write_project

from steward.flows.select import WEIGHTS, rank
from steward.project.read import read_project


def test_more_rows_and_visible_drift_rank_first_and_the_reasons_say_so(tmp_path: Path) -> None:
    project = read_project(write_project(tmp_path / "project"))
    small, large = tmp_path / "small", tmp_path / "large"
    for folder, hours in ((small, 40), (large, 600)):
        write_month(folder, "2023-01", [10.0] * hours)
        write_month(folder, "2023-02", [10.0] * hours if folder is small else [40.0] * hours, first=1000)
    [poor] = rank([project], open_workspace(tmp_path / "a", small))
    [rich] = rank([project], open_workspace(tmp_path / "b", large))
    assert poor.figures["rows"] == 0.0  # 40 rows are below the 500 that count
    assert rich.figures["rows"] == pytest.approx(math.log(600 / 500) / math.log(100), abs=1e-3)
    assert (poor.figures["drift"], rich.figures["drift"]) == (0.0, 1.0)
    assert "minutes moves in 2023-02" in rich.reasons[3]
    assert rich.score > poor.score
    assert rich.score == pytest.approx(sum(WEIGHTS[name] * value for name, value in rich.figures.items()), abs=2e-3)


def test_what_cannot_be_had_comes_last_and_says_why(tmp_path: Path) -> None:
    project = read_project(write_project(tmp_path / "project"))
    (tmp_path / "empty").mkdir()
    [lost] = rank([project], open_workspace(tmp_path / "a", tmp_path / "empty"))
    assert (lost.score, lost.reasons) == (0.0, ("no data for 2023-01",))
