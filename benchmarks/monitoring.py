"""How often does watching cry wolf, what does it see, and what does it cost - beside Evidently and NannyML?

`make bench-monitoring` prints all tables; names behind the script print these alone:

cost       one verdict on 1,000,000 x 20 and on 100,000 x 1,000 rows: seconds and memory, beside the peers and bare SciPy tests
stored     opening 5,000 stored windows
quiet      windows in which nothing moved: independent draws, and shuffled real history
power      0.3 and 0.5 standard deviations in one of the three most important of 30 features; broken ones; unused ones
history    a champion of yellow taxis on the days of 2019 and of March 2020; one of green taxis a year later
estimates  the error before outcomes are known, beside NannyML's and beside the outcomes

--windows N asks so many windows of us (3,000), --peers N of each peer (200). All peers keep their defaults.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from platform import python_version

import polars as pl
from judged import PEERS, Told, installed, learn, ours, peer, verdict_on
from measure import data_folder, keep, print_table
from monitored import World, made_up, pools, real, shifted
from watched_cost import costs, stored
from watched_estimates import estimates
from watched_history import history

SIZES = (50, 100, 200, 500, 2000, 5000)
WIDTHS = (10, 30, 100)
PEER_SIZES = (50, 500, 5000)
PEER_ROWS = 250_000
BROKEN = 200

Asked = argparse.Namespace
Rows = list[tuple[object, ...]]


def quiet(asked: Asked, folder: Path) -> Rows:
    """Count the alarms on windows in which nothing moved."""
    worlds = [made_up(width) for width in WIDTHS]
    data = data_folder()
    if data is not None:
        worlds += [real(*pool) for pool in pools(data, folder / "pools")]
    rows: Rows = []
    for world in worlds:
        for size in SIZES:
            told = ours(world, size, asked.windows)
            rows.append(_quiet_row(world, size, told))
            print(*rows[-1], flush=True)
            for side in PEERS if asked.peers and size in PEER_SIZES else ():
                count = min(asked.peers if side == "nannyml" else asked.peers // 10, max(10, PEER_ROWS // size))
                said = peer(side, world, folder / side, size, count)
                rows += [_quiet_row(world, size, said)] if said else []
    print_table(("windows", "rows", "side", "a column moved", "alarm", "worst severity"), rows)
    return rows


def _quiet_row(world: World, size: int, told: Told) -> tuple[object, ...]:
    worst = "" if told.worst is None else f"{told.worst:.2f}"
    return world.name, size, told.side, told.share(told.moved), told.share(told.alarms), worst


def power(asked: Asked, folder: Path) -> Rows:
    """Count what is seen of windows of 500 rows and 30 features of which one has moved or broken."""
    world = made_up(30)
    rows: Rows = []
    for name in world.top:
        for deviations in (0.3, 0.5):
            bend = shifted(name, deviations, world.reference)
            what = f"{name} + {deviations} SD"
            rows += _seen(what, world, folder, asked, bend)
            rows.append((f"{what}, two windows", "Steward", f"{_within_two(world, bend, asked.windows):.2%}", "", "", ""))
    for what, bend in _faults(world).items():
        rows += _seen(what, world, folder, asked, bend, count=BROKEN)
    unused = next(one for one in reversed(world.reference.columns) if one not in world.importance and one not in world.categories)
    rows += _seen(f"{unused} (unused) + 1 SD", world, folder, asked, shifted(unused, 1.0, world.reference))
    print_table(("500 rows, 30 features", "side", "a column moved", "alarm", "least severity", "worst severity"), rows)
    return rows


def _seen(
    what: str,
    world: World,
    folder: Path,
    asked: Asked,
    bend: Callable[[pl.DataFrame], pl.DataFrame],
    count: int | None = None,
) -> Rows:
    told = [ours(world, 500, count or asked.windows, bend)]
    for side in PEERS if asked.peers else ():
        said = peer(side, world, folder / side, 500, max(5, (asked.peers if side == "nannyml" else asked.peers // 10) // 4), bend)
        told += [said] if said else []

    def shown(value: float | None) -> str:
        return "" if value is None else f"{value:.2f}"

    return [(what, one.side, one.share(one.moved), one.share(one.alarms), shown(one.least), shown(one.worst)) for one in told]


def _within_two(world: World, bend: Callable[[pl.DataFrame], pl.DataFrame], count: int) -> float:
    """Return the share of pairs of windows of which at least one says that a column moved."""
    reference = learn(world)
    moved = [bool(verdict_on(world, reference, world.window(i, 500, bend)).drift.moved) for i in range(count)]
    pairs = [moved[i] or moved[i + 1] for i in range(0, count - 1, 2)]
    return sum(pairs) / len(pairs)


def _faults(world: World) -> dict[str, Callable[[pl.DataFrame], pl.DataFrame]]:
    top, code = world.top[0], world.categories[0]
    column = pl.col(top)
    return {
        f"{top} null": lambda frame: frame.with_columns(pl.lit(None, pl.Float64).alias(top)),
        f"{top} constant": lambda frame: frame.with_columns(pl.lit(1.0).alias(top)),
        f"{top} x 100": lambda frame: frame.with_columns(column * 100),
        f"{code} new vocabulary": lambda frame: frame.with_columns(pl.concat_str(pl.lit("now "), code).alias(code)),
    }


TABLES: dict[str, Callable[[Asked, Path], object]] = {
    "cost": costs,
    "stored": stored,
    "quiet": quiet,
    "power": power,
    "history": history,
    "estimates": estimates,
}


def main(arguments: Sequence[str]) -> None:
    """Print the tables that were asked for and keep them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", help="which of the tables; all by default")
    parser.add_argument("--windows", type=int, default=3000)
    parser.add_argument("--peers", type=int, default=200, help="0 leaves them out of quiet, power and history")
    parser.add_argument("--small", action="store_true", help="sizes for trying it out")
    asked = parser.parse_args(arguments)
    for missing in (side for side in PEERS if not installed(side)):
        print(f"{missing} is not installed; it will be missing in the tables")
    print(f"{datetime.now(UTC):%Y-%m-%d}, Python {python_version()}, Polars {pl.__version__}, seed 7")
    for name in asked.tables or TABLES:
        print(f"\n{name}")
        with tempfile.TemporaryDirectory() as folder:
            keep(f"monitoring_{name}", TABLES[name](asked, Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
