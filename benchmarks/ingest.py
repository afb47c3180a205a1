"""What does it cost to bring ten real months in, check them, clean them and make the features?

Three sides, each in a process of its own, the best of three:
floor   Polars only reads the ten files and puts them together
ours    `steward run taxi --until features` on the ten months, in an empty workspace
pandas  the same work written plainly (plain_pandas.py), in benchmarks/.venv
"""

import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from measure import Measured, data_folder, keep, measure, print_table, report_work

MONTHS = ("2020-03", "2020-04", "2020-06", "2020-07", "2020-08", "2020-10", "2020-12", "2023-01", "2023-03", "2024-01")
TIMES = 3
HERE = Path(__file__).parent
Work = Callable[[], Mapping[str, object]]


# Each side loads only its own libraries, hence the imports inside.


def floor(data: Path, _: Path) -> Work:
    """Read the files as they are, give their columns common types, and put them together."""
    import polars as pl  # noqa: PLC0415

    def read(path: Path) -> pl.DataFrame:
        return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path)

    def work() -> Mapping[str, object]:
        frames = [read(path) for path in sorted((data / "taxi" / "green").iterdir())]
        return {"rows": pl.concat(frames, how="diagonal_relaxed").height}

    return work


def ours(data: Path, home: Path) -> Work:
    """Run the product's own flow up to the features; every step, snapshot and record of it."""
    from steward.bootstrap import Settings, build_ports  # noqa: PLC0415
    from steward.core.progress import Silent  # noqa: PLC0415
    from steward.flows.run import RunOptions, run  # noqa: PLC0415

    ports = build_ports(Settings(home=home, data=data, offline=True), Silent())
    overrides = (f"split.train=[{', '.join(MONTHS)}]", "split.test=[]")

    def work() -> Mapping[str, object]:
        result = run(RunOptions("taxi", overrides, until="features"), ports).result
        return {"rows": result["rows"], "quarantined": result["quarantined"], "kept": result["clean_rows"]}

    return work


SIDES: Mapping[str, Callable[[Path, Path], Work]] = {"floor": floor, "ours": ours}


def main() -> None:
    """Measure the sides and print how they compare."""
    data = data_folder()
    if data is None:
        return
    plain = [HERE / ".venv" / "bin" / "python", HERE / "plain_pandas.py", data]
    sides = [measure(name, [sys.executable, __file__, name, data], times=TIMES) for name in SIDES]
    _print([*sides, measure("pandas", plain, times=TIMES)])


def _print(sides: list[Measured]) -> None:
    by_name = {side.name: side for side in sides}
    facts = ("rows", "quarantined", "kept")
    took = [[side.name, side.wall_s, side.cpu_s, side.process_s, round(side.peak_mb)] for side in sides]
    did = [[side.facts.get(fact, "") for fact in facts] for side in sides]
    print("\nTen green months: ingest, validate, clean, features")
    print_table(("side", "wall s", "cpu s", "process s", "peak MB", *facts), [a + b for a, b in zip(took, did, strict=True)])
    to_floor, to_pandas = by_name["ours"].wall_s / by_name["floor"].wall_s, by_name["ours"].wall_s / by_name["pandas"].wall_s
    print(f"ours / floor   {to_floor:.2f}   (aim: at most 3)")
    print(f"ours / pandas  {to_pandas:.2f}   (aim: at most 0.20)")
    print(f"ours peak      {by_name['ours'].peak_mb / 1024:.2f} GB   (aim: at most 2)")
    keep("ingest", {"sides": [asdict(side) for side in sides], "ours_to_floor": to_floor, "ours_to_pandas": to_pandas})


if __name__ == "__main__":
    if len(sys.argv) == 3:
        with tempfile.TemporaryDirectory() as folder:
            report_work(SIDES[sys.argv[1]](Path(sys.argv[2]), Path(folder) / "workspace"))
    else:
        main()
