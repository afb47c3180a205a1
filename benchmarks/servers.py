"""Which servers of the same model are measured, how is each started, and how is it asked?

Steward as `make serve` starts it; the barest server there can be; and what users of FastAPI and scikit-learn, MLflow, BentoML and
MLServer would write, each in an environment of its own (benchmarks/serving/). All have one worker and their own defaults; all but
the barest write down every prediction.
"""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from running import CannotStart, Row, Server, environment

HERE = Path(__file__).parent
PEERS = HERE / "serving"
BARE = "bare booster, features ready, no log"
STEWARD = Path(sys.executable).with_name("steward")


def steward(env: Mapping[str, str]) -> Server:
    """Return Steward's own server of the taxi's champion."""
    return Server(
        "Steward",
        [STEWARD, "serve", "taxi", "--port", "{port}"],
        "/health/ready",
        ("/predict", "/predict"),
        lambda rows: rows[0] if len(rows) == 1 else {"rows": rows},
        lambda told: [one["prediction"] for one in told.get("predictions", [told])],
        env,
    )


def bare(model: Path, features: Callable[[Sequence[Row]], Sequence[Sequence[float]]]) -> Server:
    """Return the barest server; what it is asked are the rows' finished features."""
    return Server(
        BARE,
        [sys.executable, HERE / "bare_server.py", model, "--port", "{port}"],
        "/health/ready",
        ("/predict", "/predict"),
        lambda rows: {"values": features(rows)},
        lambda told: told["predictions"],
    )


def fastapi(env: Mapping[str, str]) -> Server:
    """Return a FastAPI application around a scikit-learn pipeline."""
    return Server(
        "FastAPI + scikit-learn",
        [_python("fastapi"), PEERS / "fastapi" / "server.py", "--port", "{port}"],
        "/ready",
        ("/predict", "/predict_many"),
        lambda rows: rows[0] if len(rows) == 1 else {"rows": rows},
        lambda told: told["predictions"] if "predictions" in told else [told["prediction"]],
        env,
    )


def mlflow(env: Mapping[str, str], folder: Path) -> Server:
    """Return MLflow's own server of a pyfunc, saved first into a folder.

    Raises:
        CannotStart: it could not be saved.
    """
    python = _python("mlflow")
    save = [str(python), str(PEERS / "mlflow" / "model.py"), str(folder)]
    try:
        subprocess.run(save, env=environment(env), check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotStart((getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1]) from error
    serve = ["models", "serve", "-m", folder, "-h", "127.0.0.1", "-p", "{port}", "--workers", "1", "--env-manager", "local"]
    return Server(
        "MLflow models serve",
        [python.with_name("mlflow"), *serve],
        "/ping",
        ("/invocations", "/invocations"),
        lambda rows: {"dataframe_split": {"columns": list(rows[0]), "data": [list(row.values()) for row in rows]}},
        lambda told: told["predictions"],
        env,
    )


def bentoml(env: Mapping[str, str]) -> Server:
    """Return a BentoML service."""
    return Server(
        "BentoML",
        [_python("bentoml").with_name("bentoml"), "serve", "service:Minutes", "--host", "127.0.0.1", "--port", "{port}"],
        "/readyz",
        ("/predict", "/predict_many"),
        lambda rows: {"trip": rows[0]} if len(rows) == 1 else {"rows": rows},
        lambda told: told if isinstance(told, list) else [told],
        env,
        PEERS / "bentoml",
    )


def mlserver(env: Mapping[str, str]) -> Server:
    """Return MLServer with a runtime of its user's."""
    ports = {"MLSERVER_HTTP_PORT": "{port}", "MLSERVER_GRPC_PORT": "{other}", "MLSERVER_METRICS_PORT": "{third}"}
    return Server(
        "MLServer",
        [_python("mlserver").with_name("mlserver"), "start", "."],
        "/v2/models/trips/ready",
        ("/v2/models/trips/infer", "/v2/models/trips/infer"),
        _tensors,
        lambda told: told["outputs"][0]["data"],
        {**env, **ports, "MLSERVER_HOST": "127.0.0.1"},
        PEERS / "mlserver",
    )


def _tensors(rows: Sequence[Row]) -> object:
    """Return the body of the Open Inference Protocol (V2): a tensor a column."""
    inputs = [
        {"name": name, "shape": [len(rows)], "data": [row[name] for row in rows], **kind}
        for name, kind in (
            ("pickup_at", {"datatype": "BYTES", "parameters": {"content_type": "str"}}),
            ("pickup_zone", {"datatype": "INT64"}),
            ("dropoff_zone", {"datatype": "INT64"}),
        )
    ]
    return {"parameters": {"content_type": "pd"}, "inputs": inputs}


def _python(peer: str) -> Path:
    return PEERS / peer / ".venv" / "bin" / "python"
