"""What does MLflow find in the folder of a registered model? The bundle, and a description of it that is data only.

No pickle, no skops, no code of MLflow's to run: boosted trees are their libraries' own files, so that
`mlflow.lightgbm.load_model("models:/taxi@champion")` gives the plain booster. It answers features; whoever has raw
columns asks Steward, which makes the features - there is no pyfunc flavour that would skip them.
"""

import json
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from steward.adapters.mlflow.entries import colspec
from steward.registry.tracking import Experiment, Signature

FOLDER = "model"

# A kind of model, as bundles call it, and the class that MLflow's flavour of the same name loads from its file.
_NATIVE: Mapping[str, tuple[str, str]] = {
    "lightgbm": ("model.txt", "lightgbm.basic.Booster"),
    "xgboost": ("model.ubj", "xgboost.core.Booster"),
}


def write_model(folder: Path, experiment: Experiment, run_id: str) -> None:
    """Write the folder anew: the bundle as it is, the description `MLmodel`, and the example of a question."""
    shutil.copytree(experiment.artifacts, folder / "bundle", dirs_exist_ok=True)
    described: dict[str, Any] = {
        "artifact_path": FOLDER,
        "flavors": _flavours(experiment),
        "mlflow_version": version("mlflow-skinny"),
        "model_uuid": experiment.key[:32],
        "run_id": run_id,
        "utc_time_created": experiment.finished_at[:26].replace("T", " "),
    }
    if experiment.signature is not None:
        described |= _signature(experiment.signature)
        columns, row = zip(*experiment.signature.example.items(), strict=True)
        (folder / "input_example.json").write_text(json.dumps({"columns": columns, "data": [row]}), encoding="utf-8")
    (folder / "MLmodel").write_text(yaml.safe_dump(described), encoding="utf-8")


def _flavours(experiment: Experiment) -> dict[str, dict[str, str]]:
    own = {"kind": experiment.kind, "bundle": "bundle", "digest": experiment.key, "version": f"{experiment.version}"}
    file, loaded = _NATIVE.get(experiment.kind, ("", ""))
    if not (experiment.artifacts / file).is_file():
        return {"steward": own}
    return {"steward": own, experiment.kind: {"data": f"bundle/{file}", "model_class": loaded}}


def _signature(signature: Signature) -> dict[str, Any]:
    inputs, outputs = colspec(signature.inputs, signature.optional), colspec(signature.outputs)
    return {
        "signature": {"inputs": inputs, "outputs": outputs, "params": None},
        "saved_input_example_info": {"artifact_path": "input_example.json", "type": "dataframe", "pandas_orient": "split"},
    }
