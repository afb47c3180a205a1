"""What did the servers do, beside each other and beside what was aimed at?"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from measure import print_table
from swaps import Swapped
from wrk import Asked

from servers import BARE
from steward.project.read import read_project

MEASURES = ((16, 1), (1, 1), (2, 1000))
"""Over how many connections, and how many rows at once."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one server did: `asked` has one entry a measure, `warmed` what was asked before each."""

    name: str
    ready_s: float
    memory_mb: float
    asked: Sequence[Asked]
    warmed: Sequence[Asked]

    def rows_per_s(self) -> list[float]:
        """Return the rows answered a second in each measure; what was refused is no answer."""
        return [one.rate * rows * _share(one) for one, (_, rows) in zip(self.asked, MEASURES, strict=True)]

    def answered(self) -> int:
        """Return how many rows were answered in all."""
        both = ((self.asked, MEASURES), (self.warmed, MEASURES))
        return sum((one.requests - one.refused) * rows for some, of in both for one, (_, rows) in zip(some, of, strict=True))


@dataclass(frozen=True, slots=True)
class Logged:
    """Rows acknowledged, in the log, of different ids, and in the database so many seconds after the last was asked for.

    `cut` is the most that can have been under way when wrk hung up.
    """

    acknowledged: int
    cut: int
    rows: int
    ids: int
    kept: int
    shipped_s: float


def print_servers(measured: Sequence[Measured], missing: Mapping[str, str], seconds: int, load: float) -> None:
    """Print what each did, how often ours did it while another did it once, and the aims; the first is ours."""
    print(f"\none worker each, {os.cpu_count()} cores, load {load:.1f} at the start, {seconds} s a measure")
    print("written down: ours its log, as usual; the peers a JSON line a prediction, through logging; the bare one nothing")
    heads = ("1 row, 16 conn./s", "p99 ms", "1 row, 1 conn./s", "p50 ms", "1,000 rows: rows/s", "ready s", "RSS MB", "not 2xx")
    print_table(("server", *heads), [_cells(one) for one in measured])
    for name, why in missing.items():
        print(f"{name}: not measured: {why}")
    ours = measured[0].rows_per_s()
    ratios = [[other.name, *(mine / theirs for mine, theirs in _pairs(ours, other))] for other in measured[1:]]
    print()
    print_table(("ours / theirs", "1 row, 16 conn.", "1 row, 1 conn.", "1,000 rows"), ratios)
    print()
    print_table(("aim", "wanted", "is", ""), list(_aims(measured)))


def _cells(one: Measured) -> Sequence[object]:
    many, alone, thousand = one.rows_per_s()
    sixteen, single, _ = one.asked
    odd = sum(asked.refused + asked.broken for asked in one.asked)
    return (one.name, many, sixteen.p99_ms, alone, single.p50_ms, f"{thousand:,.0f}", one.ready_s, f"{one.memory_mb:.0f}", odd)


def _pairs(ours: Sequence[float], other: Measured) -> Sequence[tuple[float, float]]:
    return [(mine, theirs or float("nan")) for mine, theirs in zip(ours, other.rows_per_s(), strict=True)]


def _aims(measured: Sequence[Measured]) -> Iterator[Sequence[object]]:
    """Yield each aim, what it wants, what is, and whether that is enough."""
    ours = measured[0]
    many, _, thousand = ours.rows_per_s()
    rates = {one.name: one.rows_per_s()[0] for one in measured[1:]}
    best = max((rate for name, rate in rates.items() if name != BARE), default=float("nan"))
    for aim, at_least, value in (
        ("1 row, 16 connections, requests/s", 2000, many),
        ("... of the best peer", 2, many / best),
        ("... of the bare one", 0.5, many / rates.get(BARE, float("nan"))),
        ("1,000 rows, rows/s", 100_000, thousand),
    ):
        yield aim, f">= {at_least:,}", value, "" if value >= at_least else "missed"
    for aim, at_most, value in (
        ("1 row, 1 connection, p50 ms", 2, ours.asked[1].p50_ms),
        ("start to ready, s", 5, ours.ready_s),
        ("memory, MB", 250, ours.memory_mb),
    ):
        yield aim, f"<= {at_most:,}", value, "" if value <= at_most else "missed"


def print_log(log: Logged) -> None:
    """Print whether the log has what was acknowledged."""
    waits = read_project("taxi").spec.serving.sync
    sync = "each append waits for the disk" if waits else "handed to the kernel before the answer, no fsync"
    print(f"\nlog ({sync}): {log.acknowledged:,} rows acknowledged, {log.rows:,} in the log, {log.ids:,} different ids;")
    print(f"  wrk hangs up on at most {log.cut:,} rows that are answered and that it does not count;")
    print(f"  {log.kept:,} in the database, {log.shipped_s:.0f} s after the last measure")


def print_swaps(swapped: Swapped, rows: int, lost: int) -> None:
    """Print what the swaps did; `rows` are new in the log since, and `lost` answers are not in it."""
    print(f"{swapped.swaps} swaps at {swapped.rate:,.0f} requests/s: {swapped.answers:,} answers, {swapped.refused} not 2xx,")
    print(f"  {swapped.mixed} with the number of another version; {rows:,} new rows in the log, {lost} answers not in it")
    late = f"{median(swapped.old_ms):,.0f} ms (median; {max(swapped.old_ms):,.0f} ms at most)"
    print(f"  {late} after a swap in the database, the old one was asked for the last time")


def _share(asked: Asked) -> float:
    """Return the share of requests that were answered by 2xx."""
    return 1 - asked.refused / max(asked.requests, 1)
