"""A version to tell trackers of, small and whole."""

import json
from pathlib import Path

from steward.registry.tracking import Experiment, RowsUsed, Signature, Trial
from steward.reporting.plots import importance_bars

PNG = importance_bars(["hour"], [1.0])
AT = "2026-01-02T03:04:05+00:00"


def experiment(folder: Path, *, model: str = "trips", version: int = 1, key: str = "a" * 64) -> Experiment:
    """Return a version whose second candidate won and whose third failed."""
    bundle = folder / f"bundle-{key[:4]}"
    bundle.mkdir(parents=True, exist_ok=True)
    (bundle / "manifest.json").write_text(json.dumps({"kind": "linear"}))
    return Experiment(
        model=model,
        version=version,
        key=key,
        parameters={"split.train": "2023-01", "seed": "7"},
        metrics={"rmse": 5.0, "rmse_low": 4.5, "rmse_high": 5.5},
        tags={"data": "simulated", "steward.version": str(version), "gate": "passed"},
        artifacts=bundle,
        started_at=AT,
        finished_at="2026-01-02T03:05:05+00:00",
        kind="linear",
        description=f"**{model} v{version}**: `steward report {model} --version {version}`",
        trials=(
            Trial("mean", {}, {"rmse": 9.0}, 0.25, chosen=False),
            Trial("linear", {"alpha": "1.0"}, {"rmse": 5.25, "mae": 4.0}, 2.0, chosen=True),
            Trial("forest", {"trees": "10"}, {}, None, chosen=False, failure="MemoryError: out of memory"),
        ),
        rows=(RowsUsed("raw rows", "ingest", "b" * 64, 1000, {"at": "datetime", "zone": "integer"}),),
        signature=Signature(
            {"at": "datetime", "zone": "integer"},
            {"prediction": "number"},
            frozenset({"zone"}),
            {"at": "2026-01-01T00:00:00", "zone": 3},
        ),
        pictures={"What it relies on": PNG},
        documents={"gate/verdict.json": b'{"passed": true}'},
    )
