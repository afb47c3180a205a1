"""What does one verdict cost, and what does it cost to open the windows that were watched before?

Each side in a process of its own; the clock starts with rows in memory. Ours reads the reference from a sketch, as it lies
in a bundle; the others need its rows as well. The floor is SciPy alone: `ks_2samp` for numbers, chi squared for categories,
and no word on what it means.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import polars as pl
from measure import Measured, measure, print_table, report_work

SHAPES = {"1,000,000 x 20": (1_000_000, 20), "100,000 x 1,000": (100_000, 1000)}
SMALL = {"20,000 x 20": (20_000, 20), "2,000 x 60": (2_000, 60)}
STORED = 5000


def costs(asked: argparse.Namespace, folder: Path) -> list[tuple[object, ...]]:
    """Measure every side on every shape and print seconds and memory."""
    from judged import installed, run_peer  # noqa: PLC0415 - the workers below must not pay for it

    rows: list[tuple[object, ...]] = []
    for name, (count, columns) in (SMALL if asked.small else SHAPES).items():
        place = folder / str(columns)
        categories = _write(place, count, columns)
        places = [place / "reference.parquet", place / "windows.parquet"]
        rows += [_row(name, measure(side, [sys.executable, __file__, side, place], times=3)) for side in ("ours", "floor")]
        # NannyML and Evidently take minutes; once is enough, and Evidently would need more than half an hour for 1,000 columns.
        if installed("nannyml"):
            rows.append(_row(name, run_peer("nannyml", ["drift", *places, *categories])))
        if installed("evidently") and columns < 1000:
            rows.append(_row(name, run_peer("evidently", [*places, *categories])))
    print_table(("rows", "side", "verdict s", "process s", "peak MB"), rows)
    return rows


def _row(name: str, side: Measured) -> tuple[object, ...]:
    row = name, side.name, float(str(side.facts["judge_s"])), side.process_s, round(side.peak_mb)
    print(*row, flush=True)  # before the table, which takes its time
    return row


def stored(asked: argparse.Namespace, folder: Path) -> list[tuple[object, ...]]:
    """Keep 5,000 verdicts in the workspace's SQLite and measure how long their list takes to open."""
    count = 500 if asked.small else STORED
    side = measure("listed", [sys.executable, __file__, "listed", folder, str(count)], times=1)
    rows = [(f"{count:,} windows", one, float(str(side.facts[one]))) for one in ("open_s", "list_s", "with details_s")]
    print_table(("stored", "what", "s"), rows)
    return rows


def _write(place: Path, count: int, columns: int) -> tuple[str, ...]:
    """Write reference, window and our sketch of the former; return the names of the categories."""
    from judged import learn  # noqa: PLC0415
    from monitored import SEED, made_up  # noqa: PLC0415

    world = made_up(columns, count)
    place.mkdir(parents=True)
    world.reference.write_parquet(place / "reference.parquet")
    world.window(SEED, count).with_columns(pl.lit(0).alias("_window")).write_parquet(place / "windows.parquet")
    (place / "reference.json").write_text(json.dumps(learn(world).as_dict()))
    (place / "importance.json").write_text(json.dumps(dict(world.importance)))
    (place / "categories.json").write_text(json.dumps(world.categories))
    made_up.cache_clear()
    return world.categories


def _ours(place: Path) -> Mapping[str, object]:
    from steward.monitoring.drift import judge_drift  # noqa: PLC0415
    from steward.monitoring.faults import judge_faults  # noqa: PLC0415
    from steward.monitoring.reference import Reference  # noqa: PLC0415
    from steward.monitoring.sketch import sketch_like  # noqa: PLC0415
    from steward.monitoring.watch import judge_window  # noqa: PLC0415

    frame, importance = pl.read_parquet(place / "windows.parquet"), json.loads((place / "importance.json").read_text())
    began = time.perf_counter()
    reference = Reference.from_dict(json.loads((place / "reference.json").read_text()))
    opened = time.perf_counter()
    seen = sketch_like(frame, reference.sketch)
    sketched = time.perf_counter()
    drift = judge_drift(reference, seen, importance, chance=0.001, min_rows=200)
    faults = judge_faults(reference.sketch, seen, importance, chance=0.001, min_rows=200, drift=drift)
    verdict = judge_window(drift, None, 0.5, faults=faults)
    judged = time.perf_counter()
    parts = {"open_s": opened - began, "sketch_s": sketched - opened, "severity": verdict.severity}
    return {"judge_s": judged - began, **parts, "frame_mb": round(frame.estimated_size("mb"))}


def _floor(place: Path) -> Mapping[str, object]:
    import numpy as np  # noqa: PLC0415
    from scipy.stats import chi2_contingency, ks_2samp  # noqa: PLC0415

    then, now = pl.read_parquet(place / "reference.parquet"), pl.read_parquet(place / "windows.parquet")
    codes = json.loads((place / "categories.json").read_text())
    began = time.perf_counter()
    for name in then.columns:
        if name in codes:
            counts = [frame[name].value_counts() for frame in (then, now)]
            table = counts[0].join(counts[1], on=name, how="full", suffix="_now").select("count", "count_now").fill_null(0)
            chi2_contingency(table.to_numpy() + 1e-9)
        else:
            numbers = [frame[name].drop_nulls().to_numpy() for frame in (then, now)]
            ks_2samp(*(one.astype(np.float64) for one in numbers), method="asymp")
    return {"judge_s": time.perf_counter() - began}


def _listed(place: Path, count: int) -> Mapping[str, object]:
    from judged import learn, verdict_on  # noqa: PLC0415
    from monitored import made_up  # noqa: PLC0415

    from steward.bootstrap import Settings, build_ports  # noqa: PLC0415
    from steward.core.progress import Silent  # noqa: PLC0415
    from steward.monitoring.history import WatchedWindow  # noqa: PLC0415

    world = made_up(30)
    verdict = verdict_on(world, learn(world), world.window(0, 500)).as_dict()
    settings = Settings(home=place / f"workspace-{time.time_ns()}", offline=True, actor="benchmark")
    ports = build_ports(settings, Silent())
    for number in range(count):
        at = f"2026-01-01T00:00:00.{number:06d}+00:00"
        said = {"severity": 0.0, "alarm": False, "answered": False, "verdict": verdict, "created_at": at}
        ports.windows.add(WatchedWindow(f"{number}", "made-up", 1, f"window {number}", **said), actor="benchmark")
    began = time.perf_counter()
    again = build_ports(settings, Silent())
    took = {"open_s": time.perf_counter() - began}
    for name, asked in (("list_s", again.windows.listed), ("with details_s", again.windows.windows)):
        began = time.perf_counter()
        found = asked("made-up", limit=count)
        took[name] = time.perf_counter() - began
        assert len(found) == count
    return took


if __name__ == "__main__":
    work, place, *more = sys.argv[1:]
    if work == "listed":
        report_work(lambda: _listed(Path(place), int(more[0])))
    else:
        report_work(lambda: {"ours": _ours, "floor": _floor}[work](Path(place)))
