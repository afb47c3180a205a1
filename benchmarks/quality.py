"""What does it cost to check ten real months, clean them and report on their quality?

From the raw files on, each side in a process of its own:
ours      `steward run taxi --until process` with the checks below in an empty workspace: raw and clean snapshots, rows set
          apart, findings, and the quality report as HTML and Markdown
gx        pandas reads the files, Great Expectations runs the suite that Steward writes from the same checks, with Data Docs
minimal   pandas reads the files, ydata-profiling writes its smallest report
full      the report that it writes unasked, with correlations and interactions; only with the argument `full`: it takes minutes
The others run in benchmarks/peers/.venv and clean nothing.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from measure import OUT, Measured, data_folder, keep, measure, print_table, report_work

HERE = Path(__file__).parent
PYTHON = HERE / "peers" / ".venv" / "bin" / "python"
MONTHS = ("2020-03", "2020-04", "2020-06", "2020-07", "2020-08", "2020-10", "2020-12", "2023-01", "2023-03", "2024-01")
AIM = 0.1

# What both can be asked: no check here needs an answer of ours carried into the other.
CHECKS = (
    {"kind": "not_null", "columns": ["pickup_at", "dropoff_at", "pickup_zone", "dropoff_zone"]},
    {"kind": "in_period", "column": "pickup_at"},
    {"kind": "range", "column": "pickup_zone", "min": 1, "max": 265},
    {"kind": "range", "column": "dropoff_zone", "min": 1, "max": 265},
    {"kind": "range", "column": "duration_min", "min": 1, "max": 60},
    {"kind": "range", "column": "passengers", "min": 0, "max": 20, "action": "warn"},
    {"kind": "allowed", "column": "vendor", "values": [1, 2, 6, 7], "action": "warn"},
    {"kind": "allowed", "column": "payment_type", "values": [0, 1, 2, 3, 4, 5, 6], "action": "warn"},
    {"kind": "allowed", "column": "rate_code", "values": [1, 2, 3, 4, 5, 6, 99], "action": "warn"},
    {"kind": "allowed", "column": "store_and_fwd", "values": ["Y", "N"], "action": "warn"},
    {"kind": "null_share", "column": "passengers", "max": 0.1},
    {"kind": "unique", "columns": ["pickup_at", "dropoff_at", "pickup_zone", "dropoff_zone", "total_usd"]},
    {"kind": "rule", "rule": "dropoff_at >= pickup_at", "action": "warn"},
    {"kind": "iqr", "column": "fare_usd"},
    {"kind": "zscore", "column": "distance_miles"},
)
OVERRIDES = (f"split.train=[{', '.join(MONTHS)}]", "split.test=[]", f"checks={json.dumps(CHECKS)}")


def ours(data: Path, home: Path) -> Callable[[], Mapping[str, object]]:
    """Return our part of it, the run of the product; it says what each step took."""
    from steward.bootstrap import Settings, build_ports  # noqa: PLC0415
    from steward.core.progress import Silent  # noqa: PLC0415
    from steward.flows.run import RunOptions, run  # noqa: PLC0415

    class Stopwatch(Silent):
        took: dict[str, float] = {}  # noqa: RUF012 - there is one

        def started(self, step: str) -> None:
            self.took[step] = -time.perf_counter()

        def finished(self, step: str, note: str, *, reused: bool = False) -> None:  # noqa: ARG002 - as it is told
            self.took[step] = round(self.took[step] + time.perf_counter(), 2)

    ports = build_ports(Settings(home=home, data=data, offline=True), Stopwatch())

    def work() -> Mapping[str, object]:
        result = run(RunOptions("taxi", OVERRIDES, until="process"), ports).result
        assert list(ports.workspace.reports.glob("*quality*.html")), "the run wrote no quality report"
        return {"rows": result["rows"], "checks": len(CHECKS), "broken": len(result["findings"]), "took": Stopwatch.took}

    return work


def write_suite(data: Path, path: Path) -> None:
    """Write the checks as Great Expectations reads them; outside what is measured."""
    from pydantic import TypeAdapter  # noqa: PLC0415

    from steward.adapters.great_expectations import suite_json  # noqa: PLC0415
    from steward.data.assemble import read_rows  # noqa: PLC0415
    from steward.data.locate import Remote, gather  # noqa: PLC0415
    from steward.flows.program import rule_program  # noqa: PLC0415
    from steward.project.read import read_project  # noqa: PLC0415
    from steward.project.rules import CheckSpec  # noqa: PLC0415
    from steward.quality.expected import expect  # noqa: PLC0415

    taxi = read_project("taxi")
    files = gather(taxi.spec.source, MONTHS, data, Remote()).files
    rows = rule_program(taxi).run(read_rows(files, taxi.spec.source, taxi.dictionary).frame)
    suite = suite_json("taxi", expect(rows, TypeAdapter(tuple[CheckSpec, ...]).validate_python(CHECKS)))
    assert not any(one["meta"]["steward"]["carried"] for one in suite["expectations"])
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(suite))


def main() -> None:
    """Measure the sides and print how they compare."""
    data = data_folder()
    if data is None:
        return
    if not PYTHON.is_file():
        print(f"quality.py: skipped, {PYTHON} is not there; make it with  uv venv  and install peers/requirements.txt")
        return
    suite = OUT / "quality_suite.json"
    write_suite(data, suite)
    peers = {"gx": ["checked.py", data, suite], "minimal": ["profiled.py", data, "minimal"]}
    if sys.argv[1:] == ["full"]:
        peers["full"] = ["profiled.py", data, "full"]
    sides = [measure("ours", [sys.executable, __file__, "ours", data], times=3)]
    for name, (script, *arguments) in peers.items():
        sides.append(measure(name, [PYTHON, HERE / "peers" / script, *arguments], times=1, env={"PYTHONPATH": str(HERE)}))
    _print(sides)


def _print(sides: list[Measured]) -> None:
    ours, *others = sides
    facts = ("rows", "checks", "broken")
    print("\nTen green months: read, check, clean, report on their quality")
    took = [[side.name, side.wall_s, side.cpu_s, side.process_s, round(side.peak_mb)] for side in sides]
    did = [[side.facts.get(fact, "") for fact in facts] for side in sides]
    print_table(("side", "wall s", "cpu s", "process s", "peak MB", *facts), [a + b for a, b in zip(took, did, strict=True)])
    steps = dict(ours.facts["took"])
    print("of ours:", ", ".join(f"{step} {seconds} s" for step, seconds in steps.items()))
    ratios = {f"ours / {other.name}": ours.wall_s / other.wall_s for other in others}
    # From rows in memory on; ours still writes the rows set apart, the clean snapshot and the report.
    after = ours.wall_s - steps["ingest"]
    ratios |= {f"without reading: ours / {other.name}": after / (other.wall_s - float(other.facts["read_s"])) for other in others}
    for name, ratio in ratios.items():
        print(f"{name:<32} {ratio:.3f}   (aim: at most {AIM})")
    print(f"{'ours peak':<32} {ours.peak_mb / 1024:.2f} GB   (aim: at most 2)")
    keep("quality", {"sides": [asdict(side) for side in sides], "ratios": ratios})


if __name__ == "__main__":
    if len(sys.argv) == 3:
        with tempfile.TemporaryDirectory() as folder:
            report_work(ours(Path(sys.argv[2]), Path(folder) / "workspace"))
    else:
        main()
