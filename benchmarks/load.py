r"""How fast do ten real months come into each database, beside that database's own bulk tool?

Each side in a process of its own, into an empty table, the best of three; reading the rows is not part of it:
ours   `load_rows`: types, digest of each month, one transaction a month, an index on the month, the registry's entries
tool   psql \copy, mariadb LOAD DATA LOCAL INFILE, sqlite3 .import: the same rows from one CSV file into a bare table

The servers are throw-away ones that do not wait for the disk (tests/servers.py); SQLite does, on both sides.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from measure import ROOT, Measured, data_folder, keep, measure, print_table, report_work

sys.path.append(str(ROOT))

MONTHS = ("2020-03", "2020-04", "2020-06", "2020-07", "2020-08", "2020-10", "2020-12", "2023-01", "2023-03", "2024-01")
AIMS = {"postgresql": 150_000, "mariadb": 80_000, "sqlite": 200_000}
TIMES = 3
TABLE = "raw_taxi"
Work = Callable[[], Mapping[str, object]]

# Each side loads only its own libraries, hence the imports inside.


def ours(url: str, rows: Path) -> Work:
    """Load the frame into an empty database."""
    import polars as pl  # noqa: PLC0415

    from steward.adapters.sql.database import open_database  # noqa: PLC0415
    from steward.adapters.sql.rows import load_rows  # noqa: PLC0415

    frame, database = pl.read_parquet(rows), open_database(url)
    return lambda: {"rows": load_rows(database, TABLE, frame, project="taxi").rows}


def tool(url: str, rows: Path) -> Work:
    """Make the same table and a CSV file as the tool wants it, then let the tool load it."""
    import polars as pl  # noqa: PLC0415

    from steward.adapters.sql.database import open_database  # noqa: PLC0415
    from steward.adapters.sql.layout import layout_of, make_table, storable  # noqa: PLC0415

    frame, database = storable(pl.read_parquet(rows)), open_database(url)
    with database.bulk() as connection:
        make_table(TABLE, layout_of(frame)).create(connection)
    file = rows.with_suffix(".csv")
    nulls = {"quote_style": "non_numeric", "null_value": "NULL"} if database.kind == "mysql" else {}
    frame.write_csv(file, include_header=False, datetime_format="%Y-%m-%d %H:%M:%S%.6f", **nulls)
    command, environment = _tool_command(database.kind, url, file)

    def work() -> Mapping[str, object]:
        subprocess.run(command, check=True, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
        return {"rows": frame.height}

    return work


def _tool_command(kind: str, url: str, file: Path) -> tuple[list[str], Mapping[str, str]]:
    from steward.adapters.sql.client import client_of  # noqa: PLC0415

    client = client_of(url)
    known = {name: value for name, value in client.environment.items() if name != "PGOPTIONS"}
    if kind == "postgresql":
        return [*client.command, "-X", "-c", rf"\copy {TABLE} from '{file}' with (format csv)"], known
    if kind == "sqlite":
        return ["sqlite3", client.command[-1], "PRAGMA synchronous=FULL", f".import --csv '{file}' {TABLE}"], known
    form = "FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' LINES TERMINATED BY '\\n'"
    load = f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE {TABLE} CHARACTER SET utf8mb4 {form}"
    writing = [word for word in client.command if not word.startswith("--init-command")]
    return [writing[0], "--no-defaults", *writing[1:], "--local-infile=1", "-e", load], known


SIDES: Mapping[str, Callable[[str, Path], Work]] = {"ours": ours, "tool": tool}


def main() -> None:
    """Measure the sides on each database and print how they compare."""
    data = data_folder()
    if data is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = _read_months(data, Path(folder))
        measured = {kind: {side: _measure(kind, side, rows) for side in SIDES} for kind in AIMS}
    _print(measured)


def _read_months(data: Path, folder: Path) -> Path:
    """Bring the months in by the product's own flow and return the file with the raw rows."""
    from steward.bootstrap import Settings, build_ports  # noqa: PLC0415
    from steward.core.progress import Silent  # noqa: PLC0415
    from steward.flows.run import RunOptions, run  # noqa: PLC0415

    ports = build_ports(Settings(home=folder / "workspace", data=data, offline=True), Silent())
    result = run(RunOptions("taxi", (f"split.train=[{', '.join(MONTHS)}]", "split.test=[]"), until="ingest"), ports).result
    return ports.workspace.snapshots / f"{result['snapshot']}.parquet"


def _measure(kind: str, side: str, rows: Path) -> Measured:
    """Return the best of three, each in a database that was empty before."""
    runs = []
    for _ in range(TIMES):
        with _empty_database(kind) as url:
            runs.append(measure(f"{kind} {side}", [sys.executable, __file__, side, rows], times=1, env={"LOAD_INTO": url}))
    return min(runs, key=lambda run: run.wall_s)


@contextmanager
def _empty_database(kind: str) -> Iterator[str]:
    from tests.servers import start_mariadb, start_postgresql  # noqa: PLC0415

    with ExitStack() as stack:
        if kind == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            yield f"sqlite:///{folder}/steward.db"
            return
        server = stack.enter_context((start_postgresql if kind == "postgresql" else start_mariadb)())
        server.sql("CREATE DATABASE bench")
        yield server.url("bench")


def _print(measured: Mapping[str, Mapping[str, Measured]]) -> None:
    def speed(side: Measured) -> float:
        return int(str(side.facts["rows"])) / side.wall_s

    table = [
        [
            kind,
            f"{speed(sides['ours']):,.0f}",
            f"{AIMS[kind]:,}",
            f"{speed(sides['tool']):,.0f}",
            speed(sides["ours"]) / speed(sides["tool"]),
        ]
        for kind, sides in measured.items()
    ]
    print("\nTen green months into a table")
    print_table(("database", "ours rows/s", "aim", "its own tool rows/s", "ours / tool"), table)
    print_table(
        ("side", "wall s", "cpu s", "peak MB"),
        [[side.name, side.wall_s, side.cpu_s, round(side.peak_mb)] for sides in measured.values() for side in sides.values()],
    )
    keep("load", {kind: {name: asdict(side) for name, side in sides.items()} for kind, sides in measured.items()})


if __name__ == "__main__":
    if len(sys.argv) == 3:
        report_work(SIDES[sys.argv[1]](os.environ["LOAD_INTO"], Path(sys.argv[2])))
    else:
        main()
