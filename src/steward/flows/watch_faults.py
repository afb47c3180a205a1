"""What broke on the way to a window: in its rows as they came in, in the feed, or because one client asked for all of it?"""

from collections.abc import Mapping, Sequence

import polars as pl

from steward.monitoring.arrived import Arrived, count_arrived
from steward.monitoring.budget import chance_per_window
from steward.monitoring.faults import DataFault, judge_arrived
from steward.monitoring.feed import judge_feed
from steward.project.dictionary import DictionarySpec
from steward.project.read import Project
from steward.quality.checks import Checked
from steward.registry.bundle import Bundle

BROKE = 0.1 / 3
"""Of the chance of a false alarm in a window: for what broke in its columns, in its rows as they came in, and for its feed."""

_MOST_WINDOWS = 56  # eight weeks of days


def arrived_reference(raw: pl.DataFrame, dictionary: DictionarySpec, *, apart: int) -> dict[str, Mapping[str, object]]:
    """Return what later rows are compared with as they come in, as a JSON object: counts of the rows learned and judged on."""
    return {"arrived": count_arrived(raw.select(_declared(raw, dictionary)), dictionary, apart=apart).as_dict()}


def faults_of_rows(project: Project, bundle: Bundle, checked: Checked) -> tuple[DataFault, ...]:
    """Return what broke in rows as they came in, those that the checks set apart included; the worst first."""
    before = bundle.reference.get("arrived")
    if not isinstance(before, Mapping):
        return ()
    columns = _declared(checked.kept, project.dictionary)
    rows = pl.concat([checked.kept.select(columns), checked.quarantined.select(columns)])
    now = count_arrived(rows, project.dictionary, apart=checked.quarantined.height)
    spec = project.spec.watch
    chance = BROKE * chance_per_window(spec)
    return judge_arrived(Arrived.from_dict(before), now, importance_of_columns(bundle), chance=chance, min_rows=spec.min_rows)


def importance_of_columns(bundle: Bundle) -> dict[str, float]:
    """Return by column of the rows the gain of the best feature that reads it."""
    found: dict[str, float] = {}
    for feature, gain in bundle.importance.items():
        for column in bundle.program.lineage(feature):
            found[column] = max(found.get(column, 0.0), gain)
    return found


def faults_of_feed(project: Project, rows: int, quiet: Sequence[int]) -> tuple[DataFault, ...]:
    """Return the fault of a feed that stopped or lost rows, judged by the rows of quiet windows before."""
    fault = judge_feed(rows, quiet[-_MOST_WINDOWS:], chance=BROKE * chance_per_window(project.spec.watch))
    return () if fault is None else (fault,)


def _declared(frame: pl.DataFrame, dictionary: DictionarySpec) -> list[str]:
    return [name for name in dictionary.columns if name in frame.columns]
