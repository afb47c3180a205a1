from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from steward.project.candidates import CandidateSpec, LightGbmSpec, MeanSpec, misfit, names_of

READ = TypeAdapter[CandidateSpec](CandidateSpec)
KINDS = ["mean", "linear", "ridge", "lasso", "logistic", "random_forest", "lightgbm", "xgboost", "mlp"]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_needs_nothing_but_its_name_and_travels_as_json(kind: str) -> None:
    spec = READ.validate_python({"kind": kind, "name": "my own"})
    assert READ.validate_json(READ.dump_json(spec)) == spec
    assert (spec.name, spec.balance) == ("my own", False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "lightgbm", "loss": "quantile"},
        {"kind": "lightgbm", "level": 0.5},
        {"kind": "lightgbm", "loss": "quantile", "level": 1},
        {"kind": "random_forest", "max_features": 0},
        {"kind": "random_forest", "max_features": "half"},
        {"kind": "mlp", "hidden": []},
        {"kind": "mlp", "hidden": [0]},
        {"kind": "lasso", "alpha": 0},
        {"kind": "mean", "name": "../x"},
        {"kind": "svm"},
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        READ.validate_python(wrong)


def test_what_cannot_answer_a_task_says_so() -> None:
    logistic, balanced = READ.validate_python({"kind": "logistic"}), MeanSpec(kind="mean", balance=True)
    median = LightGbmSpec(kind="lightgbm", loss="quantile", level=0.5)
    assert [misfit(one, classes=True) is None for one in (logistic, balanced, median)] == [True, True, False]
    assert [misfit(one, classes=False) is None for one in (logistic, balanced, median)] == [False, False, True]


def test_a_project_with_such_a_candidate_is_refused_at_its_line(tmp_path: Path) -> None:
    from shutil import copytree

    from steward.project.read import _shipped, check_project

    copytree(_shipped() / "taxi", tmp_path / "taxi")
    path = tmp_path / "taxi" / "project.yaml"
    path.write_text(path.read_text().replace("  - {kind: linear}\n", "  - {kind: logistic}\n"))
    line = path.read_text().splitlines().index("  - {kind: logistic}") + 1
    (fault,) = check_project(tmp_path / "taxi")
    assert (fault.code, fault.what) == ("PROJ-045", "logistic tells classes apart, the target is a quantity")
    assert fault.where[0].endswith(f"project.yaml:{line}")


def test_each_candidate_has_a_name_of_its_own() -> None:
    kinds = [
        {"kind": "mean"},
        {"kind": "linear"},
        {"kind": "linear"},
        {"kind": "ridge", "name": "linear"},
        {"kind": "lasso", "name": "b"},
    ]
    assert names_of([READ.validate_python(kind) for kind in kinds]) == ["mean", "linear", "linear-2", "linear-3", "b"]
