from pathlib import Path
from typing import get_args

import pytest
from tests.small_project import write_project

from steward.core.errors import Fault
from steward.project.candidates import CandidateSpec, LightGbmSpec, LinearSpec, MeanSpec
from steward.project.read import check_project
from steward.project.tuning import SPACES, Choice, Range, TuneSpec, is_whole, space_of

KINDS = get_args(get_args(CandidateSpec)[0])


def faults(tmp_path: Path, *lines: str) -> list[Fault]:
    """What is wrong with a project whose last candidate is LightGBM with these lines below it."""
    folder = write_project(tmp_path / "trips")
    path = folder / "project.yaml"
    text = path.read_text().replace("candidates: [{kind: mean}, {kind: linear}]", "candidates:\n  - kind: mean\n  - kind: lightgbm")
    path.write_text(text + "".join(f"    {line}\n" for line in lines))
    return check_project(folder)


def line_of(tmp_path: Path, text: str) -> str:
    lines = (tmp_path / "trips" / "project.yaml").read_text().splitlines()
    return f"project.yaml:{next(number for number, line in enumerate(lines, 1) if text in line)}"


def test_a_candidate_may_ask_to_be_tuned(tmp_path: Path) -> None:
    asked = ["tune:", "  trials: 10", "  space:", "    num_leaves: {low: 4, high: 64, log: true}", "    subsample: [0.5, 1]"]
    assert faults(tmp_path, *asked, "limits: {seconds: 60, memory_mb: 2000}") == []


@pytest.mark.parametrize(
    ("lines", "code", "at", "told"),
    [
        (["tune:", "  trails: 3"], "PROJ-003", "trails", "trials"),
        (["tune:", "  trials: 0"], "PROJ-006", "trials: 0", "greater than or equal to 1"),
        (["tune:", "  metric: accuracy"], "PROJ-007", "metric: accuracy", "rmse"),
        (["tune:", "  space:", "    num_leafs: [3]"], "PROJ-040", "num_leafs", "num_leaves"),
        (["tune:", "  space:", "    seed: [3]"], "PROJ-040", "seed: [3]", "no parameter 'seed' to tune"),
        (["tune:", "  space:", "    num_leaves: {low: 9, high: 3}"], "PROJ-006", "num_leaves: {", "low is not below high"),
        (["tune:", "  space:", "    l2: {low: 0, high: 3, log: true}"], "PROJ-006", "l2: {", "begins above 0"),
        (["tune:", "  space:", "    l2: {low: 0, hihg: 3}"], "PROJ-003", "hihg", "high"),
        (["tune:", "  space:", "    l2: []"], "PROJ-006", "l2: []", "at least 1"),
        (
            ["tune:", "  space:", "    learning_rate:", "      low: 0.1", "      high: 2"],
            "PROJ-041",
            "high: 2",
            "less than or equal to 1",
        ),
        (["tune:", "  space:", "    num_leaves: {low: 2.5, high: 8}"], "PROJ-041", "num_leaves: {", "valid integer"),
        (["tune:", "  space:", "    loss: [squared, huge]"], "PROJ-041", "loss: [", "huge"),
        (["limits: {memory_mb: 1}"], "PROJ-006", "limits", "greater than or equal to 64"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_line(tmp_path: Path, lines: list[str], code: str, at: str, told: str) -> None:
    (fault,) = faults(tmp_path, *lines)
    assert fault.code == code
    assert fault.where == (line_of(tmp_path, at),)
    assert told in str(fault)


def test_what_has_nothing_to_tune_says_so(tmp_path: Path) -> None:
    folder = write_project(tmp_path / "trips")
    path = folder / "project.yaml"
    path.write_text(path.read_text().replace("{kind: mean}", "{kind: mean, tune: {}}"))
    (fault,) = check_project(folder)
    assert fault.code == "PROJ-003"


@pytest.mark.parametrize("kind", SPACES)
def test_every_default_space_is_of_parameters_that_the_kind_has(kind: str) -> None:
    spec = next(one for one in KINDS if get_args(one.model_fields["kind"].annotation) == (kind,))
    declared = spec(kind=kind)
    assert set(space_of(declared)) == set(SPACES[kind])
    for name, axis in SPACES[kind].items():
        for value in axis.among if isinstance(axis, Choice) else (axis.low, axis.high):
            assert getattr(spec(kind=kind, **{name: value}), name) == value


def test_a_default_range_is_widened_to_what_is_declared_and_an_own_one_takes_its_place() -> None:
    own = TuneSpec(space={"num_leaves": Choice(among=(31,))})
    space = space_of(LightGbmSpec(kind="lightgbm", learning_rate=0.005, num_leaves=500, tune=own))
    assert space["learning_rate"] == Range(low=0.005, high=0.3, log=True)
    assert space["num_leaves"] == Choice(among=(31,))
    # 0 has no place on a logarithmic scale.
    assert space_of(LinearSpec(kind="linear"))["alpha"] == Range(low=1e-3, high=1e3, log=True)
    assert space_of(MeanSpec(kind="mean")) == {}


def test_whole_numbers_are_known_from_others() -> None:
    spec = LightGbmSpec(kind="lightgbm")
    assert [is_whole(spec, name) for name in ("num_leaves", "learning_rate", "l2")] == [True, False, False]
