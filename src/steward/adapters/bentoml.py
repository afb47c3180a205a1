"""How does BentoML serve a version? The text of its bentofile.yaml and service.py; BentoML itself is not needed to write them."""

from collections.abc import Mapping
from importlib.util import find_spec

import yaml

from steward.serving.carried import Described

BUILD_FILE = "bentofile.yaml"
SERVICE_FILE = "service.py"

_INCLUDED = (SERVICE_FILE, "version.json", "model/**")

_SERVICE = '''"""{model} v{version} under BentoML: POST /predict answers as `steward serve {model}` does.

Written by  steward export {model} --to bentoml ; start it here with  BENTOML_DO_NOT_TRACK=True bentoml serve
"""

import os
from pathlib import Path
from typing import Any

import bentoml

from steward.apps.api.bento import open_model

# The SHA-256 of version.json, which holds that of every file below model/: nothing is loaded before all of them matched.
SEALED = "{sealed}"

# Where STEWARD_HOME names a workspace, an answer is in its prediction log before it is given.
MODEL = open_model(Path(__file__).parent, SEALED, workspace=os.environ.get("STEWARD_HOME"))


@bentoml.service(name="{model}")
class Model:
    """Predicts {target}{unit}, version {version}."""

    @bentoml.api(input_spec=MODEL.asked, output_spec=MODEL.answered)
    def predict(self, asked: Any, /) -> Any:
        """Predict for one row, or for up to 1,000 under `rows`."""
        return MODEL.predict(asked)
'''


def bentoml_files(described: Described) -> Mapping[str, str]:
    """Return the files by name: what `bentoml serve`, `build` and `containerize` read."""
    unit = f" in {described.unit}" if described.unit else ""
    about = {"model": described.model, "version": described.version, "target": described.target, "unit": unit}
    return {BUILD_FILE: bentofile(described), SERVICE_FILE: _SERVICE.format(**about, sealed=described.sealed)}


def bentofile(described: Described) -> str:
    """Return the build file: the libraries of the training, to the version, and nothing of this machine."""
    pins = [f"{name}=={number}" for name, number in sorted(described.libraries.items()) if name not in {"python", "steward"}]
    steward = described.libraries["steward"]
    built = {
        "service": f"{SERVICE_FILE.removesuffix('.py')}:Model",
        "description": f"{described.model} v{described.version}: POST /predict answers as `steward serve {described.model}` does.",
        "labels": {"steward-model": described.model, "steward-version": f"{described.version}", "bundle": described.bundle[:12]},
        "include": list(_INCLUDED),
        "python": {"packages": [f"steward[bentoml]=={steward}", *pins], "lock_packages": False},
        "docker": {"python_version": described.libraries["python"].rpartition(".")[0]},
        "envs": [{"name": "BENTOML_DO_NOT_TRACK", "value": "True"}],
    }
    return (
        f"# {described.model} v{described.version}, written by  steward export {described.model} --to bentoml\n"
        + yaml.safe_dump(built, sort_keys=False, width=120)
    )


def is_installed() -> bool:
    """Tell whether BentoML is in this environment."""
    return find_spec("bentoml") is not None
