"""How many rows a second does `steward score` answer, beside the library's bare `predict` on a finished matrix?

A LightGBM of 200 trees on taxi trips; the rows to score are a real month, as many times over as it takes. The library is given
its matrix ready in memory and writes nothing; Steward reads Parquet, cleans types, makes features, predicts, names each answer and
writes Parquet. Both take turns in one process, on the same cores; the fastest of several turns counts, once their answers were
found to be the same. The second part of `make bench-serving`: score.py [ROWS [TURNS]].
"""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import polars as pl
from measure import data_folder, keep, print_table

from steward.bootstrap import Settings, build_ports
from steward.core.progress import Silent
from steward.data.portions import read_portions
from steward.flows.champion import load_champion
from steward.flows.ports import Ports
from steward.flows.run import RunOptions, run
from steward.flows.score import ScoreOptions, score
from steward.flows.score_input import matching_files
from steward.project.read import read_project

CANDIDATE = "candidates=[{kind: lightgbm, num_trees: 200, learning_rate: 0.1, num_leaves: 31}]"
ALIKE = 1e-6
MONTH = "green_tripdata_2023-03.parquet"


def main(rows: int, turns: int) -> None:
    """Train once, then let both answer the same rows and print their speeds."""
    data = data_folder()
    if data is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        ports = build_ports(Settings(home=Path(folder) / "workspace", data=data, offline=True), Silent())
        run(RunOptions("taxi", (CANDIDATE,)), ports)
        trips = _many(data / "taxi" / "green" / MONTH, rows, Path(folder) / "trips.parquet")
        sides = {
            "bare LightGBM predict, matrix in memory": _bare(ports, trips),
            "steward score, Parquet to Parquet": lambda: _score(ports, trips, Path(folder) / "out.parquet"),
            "steward score, Parquet to CSV": lambda: _score(ports, trips, Path(folder) / "out.csv"),
        }
        best = _fastest(sides, turns)
        _same(sides["bare LightGBM predict, matrix in memory"](), Path(folder) / "out.parquet")
        print(f"\n{rows:,} trips, {os.cpu_count()} cores, fastest of {turns}")
        bare = best[next(iter(sides))][0]
        table = [[name, rows / wall, 1e6 * cpu / rows, bare / wall] for name, (wall, cpu) in best.items()]
        print_table(("side", "rows/s", "CPU us/row", "of bare"), table)
        print("aim: 500,000 rows/s, or 0.8 of bare")
        keep("score", {name: {"rows_per_s": rows / wall, "cpu_s": cpu} for name, (wall, cpu) in best.items()})


def _fastest(sides: dict[str, Callable[[], object]], turns: int) -> dict[str, tuple[float, float]]:
    """Return the least wall and CPU seconds of each side; the sides take turns, so that a busy machine meets all of them."""
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(turns):
        for name, side in sides.items():
            wall, cpu = perf_counter(), process_time()
            side()
            took[name].append((perf_counter() - wall, process_time() - cpu))
    return {name: min(times) for name, times in took.items()}


def _same(bare: Any, written: Path) -> None:
    """End where Steward did not write the library's answers."""
    away = np.abs(np.asarray(bare) - pl.read_parquet(written)["prediction"].to_numpy())
    if not away.max() <= ALIKE:
        sys.exit(f"the answers differ by up to {away.max()}: nothing was measured")


def _many(month: Path, rows: int, path: Path) -> Path:
    one = pl.read_parquet(month)
    pl.concat([one] * (rows // one.height + 1)).head(rows).write_parquet(path)
    return path


def _bare(ports: Ports, trips: Path) -> Callable[[], object]:
    bundle = load_champion(ports, "taxi").bundle
    model: Any = bundle.model
    parts = [bundle.features(one.frame).to_numpy(order="c") for one in read_portions(trips, bundle.dictionary, bundle.inputs)]
    matrix = np.concatenate(parts)
    return lambda: model.booster.predict(matrix)


def _score(ports: Ports, trips: Path, output: Path) -> int:
    project = read_project("taxi")
    return score(project, matching_files(project, str(trips)).files, ScoreOptions(output), ports).rows


if __name__ == "__main__":
    given = sys.argv[1:3]
    main(*(int(text) for text in (*given, *("1000000", "3")[len(given) :])))
