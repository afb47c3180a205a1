"""How good are the models on problems with known numbers, and what does Steward add to the bare fits?

`make bench-models` prints all of it; names behind the script measure these problems alone.

Every figure comes from a run of the product's own command on the real files; the seed is the projects' own, 7.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from platform import python_version
from typing import Any

import numpy as np
import polars as pl
import recipes
from lightgbm import LGBMRegressor, early_stopping
from measure import cpu_seconds, data_folder, keep, print_table
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Lasso, LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBRegressor

STEWARD = Path(sys.executable).with_name("steward")
GREEN = {"train": ["2023-01"], "test": ["2023-03"], "validation_share": 0.15}
YELLOW_LEARN = [f"2018-{month:02d}" for month in range(1, 13) if month != 7] + ["2019-01", "2019-02", "2019-03"]
YELLOW_TESTS = ("2019-04", "2019-05", "2019-06")
FARES = [str(year) for year in range(2009, 2015)]
BOOSTED = {"kind": "xgboost", "num_trees": 2000, "learning_rate": 0.03, "max_depth": 7, "subsample": 0.7, "colsample": 0.6}
TREES = {
    **recipes.BOOSTED,
    "num_trees": 800,
    "learning_rate": 0.04,
    "num_leaves": 63,
    "min_rows_in_leaf": 30,
    "subsample": 0.7,
    "colsample": 0.5,
    "l2": 5.0,
    "transform": "sqrt",
}
ZOO = [
    {"kind": "mean"},
    {"kind": "linear"},
    {"kind": "ridge"},
    {"kind": "lasso"},
    {"kind": "random_forest", "num_trees": 100},
    {"kind": "xgboost"},
    {"kind": "lightgbm"},
]

Row = tuple[str, str, str, str, str]


def main() -> None:
    """Measure what was asked for, or all of it, and print one table."""
    data = data_folder()
    if data is None:
        return
    wanted = sys.argv[1:] or list(PROBLEMS)
    rows: list[Row] = []
    for name in wanted:
        with tempfile.TemporaryDirectory() as folder:
            rows += PROBLEMS[name](Path(folder), data)
        print_table(("problem", "protocol", "reach", "got", "known"), rows[-1:])
    print(f"\n{datetime.now(UTC):%Y-%m-%d}, Python {python_version()}, seed 7")
    print_table(("problem", "protocol", "reach", "got", "known"), rows)
    keep("models", rows)


def _green(folder: Path, data: Path) -> list[Row]:
    project = recipes.taxi(folder, data, "trip_type", split=GREEN, candidates=[TREES])
    rmse = _run(project, folder, data)["metrics"]["rmse"]
    return [("taxi green", "2023-01 -> 2023-03, no metered distance", "RMSE <= 5.10", _with_interval(rmse), "5.18 plain LightGBM")]


def _green_metered(folder: Path, data: Path) -> list[Row]:
    project = recipes.taxi(folder, data, "trip_type", metered=True, split=GREEN, candidates=[TREES])
    rmse = _run(project, folder, data)["metrics"]["rmse"]
    return [("taxi green, metered", "the same, analysis only", "<= 4.05", _with_interval(rmse), "4.12")]


def _yellow(folder: Path, data: Path) -> list[Row]:
    rows: list[Row] = []
    for test, known in zip(YELLOW_TESTS, ("4.85", "4.82", "5.06"), strict=True):
        place = folder / test
        place.mkdir()
        source = {"fleet": "yellow"}
        project = recipes.taxi(
            place, data, "month_of_year", split={**GREEN, "train": YELLOW_LEARN, "test": [test]}, candidates=[TREES]
        )
        rmse = _run(project, folder, data, "--set", f"source.variables={json.dumps(source)}")["metrics"]["rmse"]
        rows.append(("taxi yellow", f"2018-01..2019-03 -> {test}", "<= 4.80", _with_interval(rmse), known))
    return rows


def _uber(folder: Path, data: Path) -> list[Row]:
    split = {"train": FARES, "test": [], "test_share": 0.2, "validation_share": 0.15}
    project = recipes.uber(
        folder, split=split, candidates=[{**TREES, "min_rows_in_leaf": 20, "colsample": 0.8, "l2": 1.0}, BOOSTED]
    )
    rmse = _run(project, folder, data)["metrics"]["rmse"]
    _steward("export", project, "--rows", "--into", folder / "out", env=_env(folder, data))
    peers = _defaults(next((folder / "out").rglob("features/uber.parquet")), "fare_usd", "pickup_at")
    best = min(peers, key=lambda name: peers[name])
    return [("uber", "time split, last 20 %", f"< {peers[best]:.3f} ({best} defaults)", _with_interval(rmse), "-")]


def _defaults(path: Path, target: str, time_column: str) -> dict[str, float]:
    """Return the error of libraries left as they are, on the same columns and rows."""
    frame = pl.read_parquet(path).sort(time_column)
    cut = frame.height - round(frame.height * 0.2)
    columns = [name for name in frame.columns if name not in ("_row", "period", target, time_column)]
    matrix, truth = frame.select(columns).to_numpy(), frame[target].to_numpy()

    def error(model: Any) -> float:
        predicted = model.fit(matrix[:cut], truth[:cut]).predict(matrix[cut:])
        return float(np.sqrt(np.mean((predicted - truth[cut:]) ** 2)))

    return {"LightGBM": error(LGBMRegressor(verbose=-1, random_state=7)), "XGBoost": error(XGBRegressor(random_state=7))}


def _accidents(folder: Path, data: Path) -> list[Row]:
    project, files = recipes.template2021(folder, data)
    contest = _json(
        _steward("crossval", project, "--folds", "5", "--repeats", "1", "--all-rows", "--json", env=_env(folder, files))
    )
    best = next(one for one in contest["candidates"] if one["candidate"] == contest["best"])["metrics"]
    auc = ("accidents 2021 template", "5-fold", "AUC >= 0.846", _with_interval(best["roc_auc"], 4), "LightGBM 0.844")
    f1 = ("accidents 2021 template", "5-fold, threshold from inner rows", "F1 >= 0.67", _with_interval(best["f1"]), "0.662")
    return [auc, f1]


def _heart(folder: Path, data: Path) -> list[Row]:
    command = ("crossval", "heart", "--folds", "10", "--repeats", "5", "--all-rows", "--json", "--set", "gate.metric=roc_auc")
    contest = _json(_steward(*command, env=_env(folder, data)))
    chosen = next(one for one in contest["candidates"] if one["candidate"] == contest["chosen"])
    got = f"{_with_interval(chosen['metrics']['roc_auc'])} ({contest['chosen']})"
    return [("heart Cleveland", "10-fold x 5", "AUC >= 0.911", got, "logistic 0.911")]


def _overhead(folder: Path, data: Path) -> list[Row]:
    """Measure what training a zoo costs beside its bare fits, and one answer in process."""
    project = recipes.changed("taxi", folder, split=GREEN, candidates=ZOO)
    env = _env(folder, data)
    _steward("features", project, env=env)
    began = time.perf_counter()
    _steward("features", project, env=env)
    idle = time.perf_counter() - began
    board = json.loads(_steward("train", project, "--json", env=env))
    ours = time.perf_counter() - began - 2 * idle
    bare = sum(_bare_fits(folder, env, project).values())
    refit = max(line["seconds"] for line in board["leaderboard"] if line["chosen"])
    note = f"{(ours - refit) / bare:.2f} ({ours:.1f} s, of which {refit:.1f} s fit the winner again; bare {bare:.1f} s)"
    return [("training a zoo", "7 kinds on 2023-01, validation rows included", "<= 1.5 x the bare fits", note, "-")]


def _bare_fits(folder: Path, env: dict[str, str], project: Path) -> dict[str, float]:
    """Return the seconds of each library's own `fit` with the same settings on the same rows."""
    _steward("export", project, "--rows", "--into", folder / "out", env=env)
    frame = pl.read_parquet(next((folder / "out").rglob("features/taxi.parquet"))).filter(pl.col("period") == "2023-01")
    beside = ("_row", "period", "duration_min", "pickup_at")
    frame = frame.sort("pickup_at")
    cut = frame.height - round(frame.height * GREEN["validation_share"])
    matrix, truth = frame.drop(beside).to_numpy().astype(np.float64), frame["duration_min"].to_numpy()
    learn, check = (matrix[:cut], truth[:cut]), (matrix[cut:], truth[cut:])
    return {name: _seconds(lambda fit=fit: fit(learn, check)) for name, fit in BARE.items()}


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _bare_linear(learn: Any, _: Any, *, kind: str) -> None:
    model = {"linear": LinearRegression(), "ridge": Ridge(), "lasso": Lasso(alpha=0.01)}[kind]
    make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), model).fit(*learn)


def _bare_forest(learn: Any, _: Any) -> None:
    RandomForestRegressor(100, min_samples_leaf=5, max_features=1 / 3, n_jobs=-1, random_state=7).fit(*learn)


def _bare_xgboost(learn: Any, check: Any) -> None:
    settings = {"n_estimators": 1000, "learning_rate": 0.05, "max_depth": 6, "min_child_weight": 5, "subsample": 0.8}
    XGBRegressor(**settings, colsample_bytree=0.8, early_stopping_rounds=30).fit(*learn, eval_set=[check], verbose=False)


def _bare_lightgbm(learn: Any, check: Any) -> None:
    settings = {"n_estimators": 1000, "learning_rate": 0.05, "num_leaves": 63, "min_child_samples": 40, "subsample": 0.8}
    model = LGBMRegressor(**settings, subsample_freq=1, colsample_bytree=0.8, verbose=-1, n_jobs=1)
    model.fit(*learn, eval_X=check[0], eval_y=check[1], callbacks=[early_stopping(30, verbose=False)])


BARE: dict[str, Callable[[Any, Any], None]] = {
    "linear": lambda learn, check: _bare_linear(learn, check, kind="linear"),
    "ridge": lambda learn, check: _bare_linear(learn, check, kind="ridge"),
    "lasso": lambda learn, check: _bare_linear(learn, check, kind="lasso"),
    "random_forest": _bare_forest,
    "xgboost": _bare_xgboost,
    "lightgbm": _bare_lightgbm,
}


def _one_row(folder: Path, data: Path) -> list[Row]:
    """Measure one answer in process: features and model, median of 500 after warming up."""
    _steward("run", "taxi", "--set", "candidates=[{kind: lightgbm}]", env=_env(folder, data))
    script = Path(__file__).with_name("one_row.py")
    took = json.loads(cpu_seconds([sys.executable, script, folder / "workspace"], _env(folder, data))[2].splitlines()[-1])
    got = f"{took['median_ms']:.2f} ms, 99th percentile {took['p99_ms']:.2f}"
    return [("one row", "taxi, features + LightGBM in process", "<= 0.5 ms median", got, "-")]


PROBLEMS: dict[str, Callable[[Path, Path], list[Row]]] = {
    "green": _green,
    "metered": _green_metered,
    "yellow": _yellow,
    "uber": _uber,
    "accidents": _accidents,
    "heart": _heart,
    "overhead": _overhead,
    "one-row": _one_row,
}


def _run(project: Path, folder: Path, data: Path, *more: str) -> dict[str, Any]:
    return _json(_steward("train", project, "--json", *more, env=_env(folder, data)))


def _steward(*command: str | Path, env: dict[str, str]) -> str:
    return cpu_seconds([STEWARD, *command], env)[2]


def _env(folder: Path, data: Path) -> dict[str, str]:
    return {"STEWARD_HOME": f"{folder}/workspace", "STEWARD_DATA": str(data), "STEWARD_OFFLINE": "true"}


def _json(text: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(text)
    return value


def _with_interval(figure: dict[str, float], digits: int = 3) -> str:
    parts: Sequence[float] = (figure["value"], figure["low"], figure["high"])
    value, low, high = (f"{part:.{digits}f}" for part in parts)
    return f"{value} [{low}, {high}]"


if __name__ == "__main__":
    main()
