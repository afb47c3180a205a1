"""What BentoML is given to read: a service that names its seal, and a build file with the versions of the training."""

import ast

import yaml

from steward.adapters.bentoml import BUILD_FILE, SERVICE_FILE, bentoml_files, is_installed
from steward.serving.carried import Described

LIBRARIES = {"python": "3.12.7", "lightgbm": "4.6.0", "numpy": "2.1.0", "steward": "0.1.0"}
TAXI = Described("taxi", 3, "duration_min", "min", "b" * 64, "5" * 64, LIBRARIES)


def test_the_build_file_pins_what_the_model_was_made_with() -> None:
    built = yaml.safe_load(bentoml_files(TAXI)[BUILD_FILE])
    assert built["service"] == "service:Model"
    assert built["python"]["packages"] == ["steward[bentoml]==0.1.0", "lightgbm==4.6.0", "numpy==2.1.0"]
    assert built["docker"] == {"python_version": "3.12"}
    assert built["labels"] == {"steward-model": "taxi", "steward-version": "3", "bundle": "b" * 12}
    assert built["include"] == ["service.py", "version.json", "model/**"]
    assert built["envs"] == [{"name": "BENTOML_DO_NOT_TRACK", "value": "True"}]


def test_the_service_is_python_that_names_its_seal_and_nothing_of_this_machine() -> None:
    source = bentoml_files(TAXI)[SERVICE_FILE]
    names = {node.id: ast.literal_eval(value) for node, value in _constants(ast.parse(source))}
    assert names == {"SEALED": "5" * 64}
    assert '@bentoml.service(name="taxi")' in source
    assert "Predicts duration_min in min, version 3." in source
    assert "pickle" not in source
    assert "in ," not in bentoml_files(Described("heart", 1, "disease", "", "b", "5", LIBRARIES))[SERVICE_FILE]
    assert isinstance(is_installed(), bool)


def _constants(tree: ast.Module) -> list[tuple[ast.Name, ast.Constant]]:
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    return [(node.targets[0], node.value) for node in assigned if isinstance(node.value, ast.Constant)]  # type: ignore[misc]
