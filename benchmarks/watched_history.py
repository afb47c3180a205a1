"""Is watching quiet where a city goes its way, and does it say so when the city stops?

Yellow taxis, samples of 10,000 trips a month (about 330 a day): a champion of 2018-01 to 2019-03 (July 2018 is not to be
had) watches the days of 2019-04 to 2019-06 and of 2020-03. Green taxis, whole months: a champion of 2023-01 watches
2024-01, as a month and by days. The peers get the same rows: the champion's features and answers, day by day, against the
rows it learned from.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from judged import PEERS, installed, run_peer
from measure import data_folder, print_table
from trained import Trained, train

from steward.flows.watch import Watched
from steward.flows.watch_rows import Part, watch_parts, watch_period

LEARNED = [f"2018-{month:02d}" for month in range(1, 13) if month != 7] + ["2019-01", "2019-02"]
JUDGED = "2019-03"
QUIET = ("2019-04", "2019-05", "2019-06")
COLLAPSE = "2020-03"
PEER_REFERENCE = 50_000
PARTS: tuple[Part, ...] = ("week", "day")

Rows = list[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Day:
    """One day (or month), whether it was an alarm, and how bad it was, where that was said."""

    day: str
    alarm: bool
    severity: float | None = None


def history(asked: argparse.Namespace, folder: Path) -> Rows:
    """Train both champions, watch the days, and let the peers look at the same ones."""
    data = data_folder()
    if data is None:
        return []
    sets = ("source.variables={fleet: yellow}", f"split.train={json.dumps(LEARNED)}", f'split.test=["{JUDGED}"]')
    yellow = train("taxi", folder / "yellow", data, *sets)
    peers = [side for side in PEERS if asked.peers and installed(side)]
    months = (QUIET[0],) if asked.small else QUIET
    rows = _champion("yellow 2018-01..2019-03", yellow, LEARNED, [*months, COLLAPSE], folder / "yellow", peers)
    green = train("taxi", folder / "green", data)
    rows += _champion("green 2023-01", green, ["2023-01"], ["2024-01"], folder / "green", peers)
    print_table(("champion", "month", "side", "windows", "alarms", "first alarm", "worst severity"), rows)
    return rows


def _champion(
    name: str, trained: Trained, learned: Sequence[str], months: Sequence[str], folder: Path, peers: Sequence[str]
) -> Rows:
    rows: Rows = []
    reference = trained.rows(learned).drop("truth", "_period")
    sampled = reference.sample(min(PEER_REFERENCE, reference.height), seed=7).sort("_at")
    for month in months:
        for what, days in _ours(trained, month).items():
            rows.append((name, month, what, *_sum_up(days)))
            print(*rows[-1], flush=True)
        for side in peers:
            for what, days in _peers_days(side, trained, sampled, month, folder / side).items():
                rows.append((name, month, f"{side}, {what}", *_sum_up(days)))
                print(*rows[-1], flush=True)
    return rows


def _sum_up(days: Sequence[Day]) -> tuple[object, ...]:
    first = next((one.day for one in sorted(days, key=lambda one: one.day) if one.alarm), "-")
    worst = max((one.severity for one in days if one.severity is not None), default=None)
    return len(days), sum(one.alarm for one in days), first, "" if worst is None else f"{worst:.2f}"


def _ours(trained: Trained, month: str) -> Mapping[str, list[Day]]:
    """Watch a month as `steward watch --period MONTH` does: as it is, with `--by week` and `--by day`."""
    whole = watch_period(trained.project, month, trained.ports)
    weeks, days = (watch_parts(trained.project, month, part, trained.ports) for part in PARTS)
    return {
        "Steward, the month": [_day(whole)],
        "Steward, weeks": [_day(one) for one in weeks],
        "Steward, days": [_day(one) for one in days],
        "Steward, a column moved": [Day(one.window.label, bool(one.verdict and one.verdict.drift.moved)) for one in days],
    }


def _day(watched: Watched) -> Day:
    return Day(watched.window.label, watched.window.alarm, watched.window.severity)


def _peers_days(side: str, trained: Trained, reference: pl.DataFrame, month: str, folder: Path) -> Mapping[str, list[Day]]:
    """Return a peer's days: by its rule for the whole data, and by any column."""
    folder.mkdir(parents=True, exist_ok=True)
    at = pl.col("_at").cast(pl.Datetime("us"))
    rows = trained.rows([month]).drop("truth", "_period").sort("_at").with_columns(_window=at.dt.date().cast(pl.String))
    reference.with_columns(at).write_parquet(folder / "reference.parquet")
    rows.with_columns(at).write_parquet(folder / f"{month}.parquet")
    places = [folder / "reference.parquet", folder / f"{month}.parquet", *trained.loaded.bundle.categories]
    facts = run_peer(side, [*(["drift"] if side == "nannyml" else []), *places]).facts
    names = sorted(set(rows["_window"]))
    return {
        what: [Day(day, bool(one)) for day, one in zip(names, list(facts[key]), strict=True)]  # type: ignore[call-overload]
        for what, key in (("half of the columns", "alarm"), ("any column", "moved"))
    }
