"""The parameter file: what it holds, and what a changed one asks for."""

from pathlib import Path

import pytest
import yaml
from tests.small_project import write_project

from steward.core.errors import UsageError
from steward.project.params import KEYS, params_of, params_overrides, params_text
from steward.project.read import read_project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_project(tmp_path / "trips")


def changed(folder: Path, **keys: object) -> tuple[str, ...]:
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump({**params_of(read_project(folder).spec), **keys}))
    return params_overrides(folder, path)


def test_the_file_holds_the_projects_own_keys(folder: Path) -> None:
    text = params_text(read_project(folder).spec)
    held = yaml.safe_load(text)
    assert tuple(held) == KEYS
    assert held["split"] == {"train": ["2023-01"], "test": ["2023-02"], "validation_share": 0.2, "test_share": 0.2, "seed": 7}
    assert held["candidates"] == [{"kind": "mean"}, {"kind": "linear"}]
    assert held["gate"]["metric"] is None


def test_an_untouched_file_changes_nothing(folder: Path) -> None:
    assert changed(folder) == ()
    taxi = read_project("taxi")
    (folder / "params.yaml").write_text(params_text(taxi.spec))
    assert params_overrides("taxi", folder / "params.yaml") == ()


def test_what_was_changed_becomes_the_smallest_override(folder: Path) -> None:
    gate = {**params_of(read_project(folder).spec)["gate"], "min_gain": 0.01, "metric": "mae"}
    overrides = changed(folder, gate=gate, features=["zone", "id"])
    assert sorted(overrides) == ["features=[zone, id]", "gate.metric=mae", "gate.min_gain=0.01"]
    wanted = read_project(folder, overrides).spec
    assert (wanted.gate.metric, wanted.gate.min_gain, wanted.features) == ("mae", 0.01, ("zone", "id"))


def test_a_value_of_any_form_comes_back_as_it_was_written(folder: Path) -> None:
    odd = {"files": ["{period}.csv"], "sha256": {"2023-01.csv": "ab: #c"}, "simulator": {"rows": 7, "scenario": "a 'b' \"c\"\n"}}
    spec = read_project(folder, changed(folder, source=odd)).spec
    assert spec.source.sha256 == {"2023-01.csv": "ab: #c"}  # a key with a dot is no path
    assert (spec.source.simulator.rows, spec.source.simulator.scenario) == (7, "a 'b' \"c\"\n")


def test_a_key_left_out_is_the_projects_own(folder: Path) -> None:
    (folder / "params.yaml").write_text("split: {train: [2022-12]}\n")
    assert params_overrides(folder, folder / "params.yaml") == ("split.train=[2022-12]",)


def test_a_key_that_is_no_parameter_is_named_with_its_line(folder: Path) -> None:
    (folder / "params.yaml").write_text("split: {train: [2022-12]}\nfeature: [zone]\n")
    with pytest.raises(UsageError) as caught:
        params_overrides(folder, folder / "params.yaml")
    (fault,) = caught.value.faults
    assert (fault.code, fault.where, fault.fix) == ("PROJ-030", ("params.yaml:2",), "did you mean 'features'?")
