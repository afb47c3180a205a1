"""What does Steward reach in five minutes, beside FLAML and AutoGluon on the same rows and columns?

The last part of `make bench-models`. Each side has the same seconds and cores: Steward's are those of the whole command, from the
feature table on, the others' those of their `fit`. The test month is seen once by each.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
import recipes
from measure import cpu_seconds, data_folder, keep, print_table

STEWARD = Path(sys.executable).with_name("steward")
HERE = Path(__file__).parent / "automl"
SECONDS = 300
STARTING_S = 60
"""Of ours, for reading, the last fit, the evaluation and the gate."""
GREEN = {"train": ["2023-01"], "test": ["2023-03"], "validation_share": 0.15}
BESIDE = ("_row", "pickup_at", "period")


def main() -> None:
    """Measure the three sides and print one table."""
    data = data_folder()
    if data is None:
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tune = {"seconds": SECONDS - STARTING_S, "trials": 10_000, "workers": 2}
        candidates = [{"kind": "lightgbm", "num_trees": 1500, "tune": tune}]
        project = recipes.taxi(folder, data, "trip_type", split=GREEN, candidates=candidates)
        env = {"STEWARD_HOME": f"{folder}/workspace", "STEWARD_DATA": str(data), "STEWARD_OFFLINE": "true"}
        cpu_seconds([STEWARD, "features", project], env)
        began = time.perf_counter()
        told = json.loads(cpu_seconds([STEWARD, "train", project, "--json"], env)[2])
        ours = {"rmse": told["metrics"]["rmse"]["value"], "seconds": time.perf_counter() - began, "best": "lightgbm"}
        cpu_seconds([STEWARD, "export", project, "--rows", "--into", folder / "out"], env)
        rows = pl.read_parquet(next((folder / "out").rglob("features/taxi.parquet"))).sort("pickup_at")
        for part, month in (("train", "2023-01"), ("test", "2023-03")):
            rows.filter(pl.col("period") == month).drop(BESIDE).write_parquet(folder / f"{part}.parquet")
        python = HERE / ".venv" / "bin" / "python"
        sides = {"Steward": ours, **{library: _peer(python, library, folder) for library in ("flaml", "autogluon")}}
    best = min(side["rmse"] for name, side in sides.items() if name != "Steward")
    table = [(name, f"{side['rmse']:.3f}", f"{side['seconds']:.0f}", side["best"]) for name, side in sides.items()]
    print_table(("side", "RMSE min", "seconds", "best of it"), table)
    print(f"ours / the better of the others: {ours['rmse'] / best:.4f} (aim <= 1.01)")
    keep("automl", sides)


def _peer(python: Path, library: str, folder: Path) -> dict[str, float | str]:
    command = [python, HERE / "peer.py", library, str(SECONDS), "duration_min", folder / "train.parquet", folder / "test.parquet"]
    side: dict[str, float | str] = json.loads(cpu_seconds(command)[2].splitlines()[-1])
    return side


if __name__ == "__main__":
    main()
