"""A project is read as a whole, or everything that is wrong with it is said at once."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.core.errors import Fault, UsageError
from steward.project.document import read_yaml
from steward.project.overrides import apply_overrides
from steward.project.read import check_project, find_project, read_project
from steward.project.schema import SCHEMAS, schema, shipped

MINIMAL = """\
name: tiny
task: regression
target: y
source: {files: ["{period}.csv"]}
split: {train: ["2023-01"]}
features: [x]
candidates: [{kind: mean}]
"""
DICTIONARY = """\
columns:
  x: {type: number, meaning: something known, known_at: request}
  y: {type: number, meaning: what happens, known_at: outcome}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "project.yaml").write_text(MINIMAL)
    (tmp_path / "dictionary.yaml").write_text(DICTIONARY)
    (tmp_path / "features.py").write_text('"""Nothing to make."""\n')
    return tmp_path


def faults_of(folder: Path, project: str) -> list[Fault]:
    (folder / "project.yaml").write_text(project)
    return check_project(folder)


def test_a_minimal_project_has_at_most_ten_lines(folder: Path) -> None:
    assert len(MINIMAL.splitlines()) <= 10
    project = read_project(folder)
    assert project.spec.gate.confidence == 0.95
    assert project.simulator_path is None


def test_the_taxi_blueprint_is_right_and_found_by_name() -> None:
    assert check_project("taxi") == []
    assert read_project("taxi").spec.target == "duration_min"


def test_three_typos_are_three_faults_with_their_lines(folder: Path) -> None:
    text = (
        MINIMAL.replace("task: regression", "task: regresion").replace("target: y", "targte: y").replace("kind: mean", "kind: maen")
    )
    faults = faults_of(folder, text)
    assert [fault.where for fault in faults] == [("project.yaml:2",), ("project.yaml:3",), ("project.yaml:7",)]
    task, target, kind = faults
    assert task.fix == "did you mean 'regression'?"
    assert target.fix == "did you mean 'target'?"
    assert kind.fix == "did you mean 'mean'?"


def test_mistakes_of_different_sorts_do_not_hide_each_other(folder: Path) -> None:
    text = MINIMAL.replace("regression", "regresion").replace("[x]", "[xs]").replace("candidates:", "candidate:")
    faults = faults_of(folder, text)
    assert [(fault.code, fault.where[0]) for fault in faults] == [
        ("PROJ-006", "project.yaml:2"),
        ("PROJ-007", "project.yaml:6"),
        ("PROJ-003", "project.yaml:7"),
    ]


def test_a_feature_of_a_broken_lookup_is_not_a_second_mistake(folder: Path) -> None:
    text = MINIMAL.replace("[x]", "[p_lon]") + "lookups: {zones: {joins: {x: p}}}\n"
    assert faults_of(folder, text) == []
    assert [fault.code for fault in faults_of(folder, text.replace("joins", "jions"))] == ["PROJ-003"]
    assert [fault.code for fault in faults_of(folder, text.replace("lookups", "lokups"))] == ["PROJ-003"]


def test_features_and_targets_may_be_functions_columns_and_lookup_columns(folder: Path) -> None:
    (folder / "features.py").write_text('"""Two."""\ndef made(x): return x\ndef goal(y): return y\ndef _hidden(x): return x\n')
    text = MINIMAL.replace("[x]", "[x, made, p_lat]").replace("target: y", "target: goal")
    text += "lookups: {zones: {joins: {x: p}}}\nchecks: [{kind: range, column: goal, min: 1}]\n"
    assert faults_of(folder, text) == []
    (fault,) = faults_of(folder, text.replace("made", "_hidden"))
    assert fault.what == "features.1: nothing is called '_hidden'"
    (fault,) = faults_of(folder, text.replace("column: goal", "column: gaol"))
    assert (fault.where, fault.fix) == (("project.yaml:9",), "did you mean 'goal'?")


def test_a_misspelt_key_deep_inside_is_found(folder: Path) -> None:
    (fault,) = faults_of(folder, MINIMAL + "gate:\n  min_gian: 0.1\n")
    assert (fault.code, fault.where, fault.fix) == ("PROJ-003", ("project.yaml:9",), "did you mean 'min_gain'?")


def test_a_misspelt_key_of_a_candidate_is_found(folder: Path) -> None:
    (fault,) = faults_of(folder, MINIMAL.replace("{kind: mean}", "{kind: lightgbm, num_leafs: 3}"))
    assert fault.fix == "did you mean 'num_leaves'?"


def test_names_that_lead_nowhere_are_found(folder: Path) -> None:
    (fault,) = faults_of(folder, MINIMAL.replace("features: [x]", "features: [xx]"))
    assert (fault.code, fault.where) == ("PROJ-007", ("project.yaml:6",))
    assert fault.fix == "did you mean 'x'?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('split: {train: ["2023-13"]}', "neither a month nor a year"),
        ('split: {train: ["2023-01"], test: ["2023-01"]}', "both a training and a test period"),
        ('split: {train: ["2023-02"], test: ["2023-01"]}', "before a training period"),
        ('split: {train: ["2023-01"], test_share: 1.5}', "less than 1"),
        ("split: {train: []}", "at least 1"),
    ],
)
def test_a_split_that_makes_no_sense_is_refused(folder: Path, text: str, message: str) -> None:
    (fault,) = faults_of(folder, MINIMAL.replace('split: {train: ["2023-01"]}', text))
    assert message in fault.why
    assert fault.where == ("project.yaml:5",)


def test_bands_out_of_order_are_refused(folder: Path) -> None:
    (fault,) = faults_of(folder, MINIMAL + "policy: {retrain_from: 0.8, ask_from: 0.7}\n")
    assert "out of order" in fault.why


def test_faults_of_both_files_come_together(folder: Path) -> None:
    (folder / "dictionary.yaml").write_text(DICTIONARY.replace("type: number", "type: numbr", 1))
    faults = faults_of(folder, MINIMAL.replace("regression", "regresion"))
    assert [fault.where[0].split(":")[0] for fault in faults] == ["project.yaml", "dictionary.yaml"]


def test_a_key_that_stands_twice_is_named_with_both_lines(folder: Path) -> None:
    (fault,) = faults_of(folder, MINIMAL + "name: again\n")
    assert fault.where == ("project.yaml:1", "project.yaml:8")


@pytest.mark.parametrize("text", ["name: [unclosed", "", "- a\n- b\n", "a: b: c", "!!python/object/apply:os.system [ls]"])
def test_what_is_not_a_mapping_in_yaml_is_one_coded_fault(folder: Path, text: str) -> None:
    faults = faults_of(folder, text)
    assert [fault.code for fault in faults] == ["PROJ-001"]


def test_values_that_a_loader_would_turn_into_dates_or_truths_stay_text(folder: Path) -> None:
    (folder / "dictionary.yaml").write_text(
        DICTIONARY + "  t: {type: integer, meaning: m, known_at: outcome, codes: {1: a, no: b}}\n"
    )
    text = MINIMAL + "cleaning: [{kind: fill_missing, column: x, value: 2023-13-45}]\n"
    assert faults_of(folder, text) == []
    project = read_project(folder)
    assert project.part("cleaning")[0]["value"] == "2023-13-45"
    assert project.dictionary.columns["t"].codes == {"1": "a", "no": "b"}


@pytest.mark.parametrize(
    "more",
    [
        "a: &a [*a]\n",
        "z: " + "[" * 3000 + "]" * 3000 + "\n",
        "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)),
        "z: !!int word\n",
        "z: !!timestamp 2023-13-45\n",
        "z: !!python/name:os.system\n",
        "? [a]\n: b\n",
    ],
    ids=["itself", "deep", "bomb", "not-int", "not-a-day", "code", "list-as-key"],
)
def test_yaml_made_to_break_its_reader_is_one_coded_fault(folder: Path, more: str) -> None:
    (fault,) = faults_of(folder, MINIMAL + more)
    assert fault.code == "PROJ-001"


@settings(max_examples=150, deadline=None)
@given(start=st.integers(0, len(MINIMAL)), length=st.integers(0, 30), put=st.text(max_size=12))
def test_whatever_is_typed_there_are_faults_or_a_project_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int, put: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "typed"
    folder.mkdir(exist_ok=True)
    (folder / "dictionary.yaml").write_text(DICTIONARY)
    (folder / "features.py").write_text('"""Nothing to make."""\n')
    (folder / "project.yaml").write_bytes((MINIMAL[:start] + put + MINIMAL[start + length :]).encode("utf-8", "replace"))
    for fault in check_project(folder):
        assert fault.code.startswith("PROJ-0")
        assert fault.what
        assert fault.where


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("timezone: Amerca/New_York", "did you mean 'America/New_York'?"),
        ("checks: [{kind: range, column: x, min: .nan}]", "finite"),
        ("checks: [{kind: range, column: x}]", "needs min, max or both"),
        ("checks: {kind: unique, columns: [x]}", "a list belongs here"),
        ("cleaning: [{kind: clip, column: x, min: 3, max: 1}]", "min 3 is above max 1"),
        ("gate:", "it is empty"),
    ],
)
def test_a_value_that_makes_no_sense_says_why(folder: Path, more: str, why: str) -> None:
    (fault,) = faults_of(folder, MINIMAL + more + "\n")
    assert why in fault.why
    assert fault.where == ("project.yaml:8",)


def test_a_value_of_no_possible_type_is_one_mistake(folder: Path) -> None:
    (fault,) = faults_of(folder, MINIMAL + "cleaning: [{kind: fill_missing, column: x, value: [1]}]\n")
    assert fault.what == "cleaning.0.value: [1] is not right here"


@pytest.mark.parametrize(
    ("pattern", "what", "fix"),
    [
        ("{flet}/{period}.csv", "names 'flet'", "known: period"),
        ("{perod}.csv", "names 'perod'", "did you mean 'period'?"),
        ("{period.csv", "brace", "write a variable as  {period}"),
    ],
)
def test_a_pattern_that_cannot_be_filled_is_refused(folder: Path, pattern: str, what: str, fix: str) -> None:
    (fault,) = faults_of(folder, MINIMAL.replace("{period}.csv", pattern))
    assert what in fault.what
    assert (fault.code, fault.where, fault.fix) == ("PROJ-009", ("project.yaml:4",), fix)


def test_a_project_with_nothing_to_read_is_refused_unless_it_simulates(folder: Path) -> None:
    text = MINIMAL.replace('{files: ["{period}.csv"]}', "{}")
    (fault,) = faults_of(folder, text)
    assert (fault.code, fault.where) == ("PROJ-008", ("project.yaml:4",))
    (folder / "simulator.py").write_text('"""Makes rows up."""\n')
    assert faults_of(folder, text) == []


def test_an_unknown_project_names_the_blueprints() -> None:
    with pytest.raises(UsageError, match="did you mean 'taxi'"):
        find_project("taxo")


def test_an_override_changes_one_run_and_not_the_file(folder: Path) -> None:
    project = read_project(folder, ["split.train=[2020-03]", "candidates.0.kind=linear", "gate.min_gain=0.02"])
    assert project.spec.split.train == ("2020-03",)
    assert project.spec.candidates[0].kind == "linear"
    assert project.spec.gate.min_gain == 0.02
    assert read_project(folder).spec.split.train == ("2023-01",)


@pytest.mark.parametrize("override", ["split.train", "=3", "candidates.7.kind=mean", "name.x=1", "a=[unclosed"])
def test_an_override_that_cannot_be_put_in_is_refused(override: str) -> None:
    with pytest.raises(UsageError, match="PROJ-010"):
        apply_overrides({"name": "tiny", "candidates": [{"kind": "mean"}]}, [override])


def test_an_override_of_an_unknown_key_says_the_right_one(folder: Path) -> None:
    (fault,) = check_project(folder, ["splt.train=[2020-03]"])
    assert fault.fix == "did you mean 'split'?"


@pytest.mark.parametrize(
    ("override", "code", "fix"),
    [
        ("gate.min_gian=0.1", "PROJ-010", "did you mean 'min_gain'?"),
        ("task=regresion", "PROJ-006", "did you mean 'regression'?"),
        ("features=[xx]", "PROJ-007", "did you mean 'x'?"),
        ("policy.ask_from=0.95", "PROJ-006", ""),
    ],
)
def test_a_mistake_in_an_override_is_not_blamed_on_the_file(folder: Path, override: str, code: str, fix: str) -> None:
    (fault,) = check_project(folder, ["name=other", override])
    assert (fault.code, fault.where, fault.fix) == (code, (f"--set {override}",), fix)


def test_overrides_leave_the_given_value_alone() -> None:
    value = {"split": {"train": ["2023-01"]}}
    apply_overrides(value, ["split.train=[2020-03]"])
    assert value == {"split": {"train": ["2023-01"]}}


def test_two_columns_cannot_share_a_name(folder: Path) -> None:
    (folder / "dictionary.yaml").write_text(DICTIONARY.replace("type: number,", "type: number, aliases: [z],"))
    (fault,) = check_project(folder)
    assert "names both" in fault.why


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_the_shipped_schema_is_the_generated_one(name: str) -> None:
    assert json.loads(shipped(name).read_text()) == json.loads(json.dumps(schema(name)))


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_the_schema_accepts_the_taxi_files_and_refuses_a_typo(name: str) -> None:
    value = yaml.safe_load((find_project("taxi") / f"{name}.yaml").read_text())
    jsonschema.validate(value, schema(name))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**value, "tpyo": 1}, schema(name))


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_key_is_described(name: str) -> None:
    made = schema(name)
    parts = [made, *made["$defs"].values()]
    bare = [
        (part["title"], key)
        for part in parts
        for key, field in part.get("properties", {}).items()
        if "description" not in field and key != "kind"
    ]
    assert bare == []


def test_a_broken_features_file_is_named_by_line(folder: Path) -> None:
    (folder / "features.py").write_text("def broken(:\n")
    (fault,) = check_project(folder)
    assert (fault.code, fault.where) == ("PROJ-021", ("features.py:1",))


def test_a_project_file_given_by_path_is_its_folder(folder: Path) -> None:
    copy = folder / "copy"
    copy.mkdir()
    for name in ("project.yaml", "dictionary.yaml", "features.py"):
        shutil.copy(folder / name, copy)
    assert read_project(copy / "project.yaml").folder == copy


def test_lines_are_those_of_the_file(folder: Path) -> None:
    document = read_yaml(folder / "project.yaml")
    assert document.lines[("split", "train", 0)] == 5
    assert document.where(("split", "nothing")) == "project.yaml:5"


def test_importing_the_room_is_light() -> None:
    code = "import sys, steward.project.read, steward.project.schema; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert {"pydantic", "yaml"} <= loaded
    assert not loaded & {"polars", "numpy", "pyarrow", "sklearn", "sqlalchemy", "httpx", "typer", "rich", "mlflow"}


@pytest.mark.parametrize(
    ("task", "metric", "nearest"),
    [("regression", "rmsee", "rmse"), ("multiclass", "f1", "macro_f1"), ("binary", "avg_precision", "average_precision")],
)
def test_a_metric_the_task_does_not_know_is_found_before_any_row(folder: Path, task: str, metric: str, nearest: str) -> None:
    (fault,) = faults_of(folder, MINIMAL.replace("regression", task) + f"gate: {{metric: {metric}}}\n")
    assert (fault.code, fault.where) == ("PROJ-007", ("project.yaml:8",))
    assert fault.what == f"gate.metric: nothing is called {metric!r}"
    assert nearest in fault.fix
    assert faults_of(folder, MINIMAL.replace("regression", task) + f"gate: {{metric: {nearest}}}\n") == []
