"""How does DVC run the same flow? The text of a dvc.yaml; DVC itself is not needed to write it."""

import shlex
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import yaml

from steward.project.stages import PARAMS_FILE, Stage

PIPELINE_FILE = "dvc.yaml"

_HEAD = f"""# Steward's flow as DVC stages, written by  steward export PROJECT --dvc
# Change {PARAMS_FILE} or a file of the project, then:  dvc repro
"""


def dvc_yaml(stages: Sequence[Stage]) -> str:
    """Return the pipeline: one DVC stage a stage, figures kept in git instead of DVC's cache."""
    return _HEAD + yaml.safe_dump({"stages": {stage.name: _stage(stage) for stage in stages}}, sort_keys=False, width=120)


def is_installed() -> bool:
    """Tell whether DVC is in this environment."""
    return find_spec("dvc") is not None


def _stage(stage: Stage) -> dict[str, Any]:
    # DVC fills ${...} in from params.yaml; a path that holds it must come through as it is.
    command = shlex.join(stage.command).replace("${", r"\${")
    described: dict[str, Any] = {
        "cmd": command,
        "deps": list(stage.reads),
        "params": list(stage.decides),
        "outs": list(stage.makes),
    }
    if stage.measures:
        described["metrics"] = [{path: {"cache": False}} for path in stage.measures]
    return described
