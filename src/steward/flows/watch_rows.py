"""Which windows do source rows make? A whole period, or each of its days or weeks, with the truth in them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from steward.core.errors import EnvironmentFault, Fault, UsageError
from steward.core.period import Period
from steward.data.locate import Sources
from steward.flows.champion import LoadedVersion, load_champion
from steward.flows.ports import Ports
from steward.flows.process import check_rows
from steward.flows.sources import gather_sources, read_files
from steward.flows.watch import Seen, Watched, judge_seen, key_of, remember, settled
from steward.flows.watch_faults import faults_of_feed, faults_of_rows
from steward.monitoring.feed import alike
from steward.monitoring.window import Window
from steward.project.periods import refuse_odd_period
from steward.project.read import Project
from steward.quality.checks import Checked
from steward.quality.clean import clean

Part = Literal["day", "week"]

_DAYS: dict[Part, int] = {"day": 1, "week": 7}


def watch_period(project: Project, period: str, ports: Ports) -> Watched:
    """Watch one period of source rows with the champion of now.

    Raises:
        UsageError: WATCH-002 the period is none.
        EnvironmentFault: WATCH-003 the rows are made up and the champion's were not, or the other way round.
    """
    loaded, sources = _begin(project, period, ports)
    key = key_of(loaded.version, period, [file.sha256 for file in sources.files])
    known = settled(key, ports)
    if known is not None:
        return known
    ports.progress.started("watch")
    checked = check_rows(project, read_files(project, sources.files).frame)
    rows = clean(checked.kept, project.spec.cleaning).frame
    broken = faults_of_rows(project, loaded.bundle, checked)
    predicted, outcome = loaded.bundle.predict(rows), _outcome(project, rows)
    seen = Seen(key, period, rows, predicted, outcome, _whole(project, period), faults=broken)
    return remember(project, loaded, seen, judge_seen(project, loaded, seen, ports), ports)


def watch_parts(project: Project, period: str, by: Part, ports: Ports) -> tuple[Watched, ...]:
    """Watch each day or week of a period of source rows, oldest first; a week begins on Monday and ends with the period.

    A day without rows is a window without data. Rows of other times than the period's are in none.

    Raises:
        UsageError: WATCH-002 the period is none, WATCH-004 its rows have no time.
        EnvironmentFault: WATCH-003 as `watch_period` has it.
    """
    if project.spec.time is None or not Period.is_label(period):
        raise UsageError(_timeless(period, by))
    loaded, sources = _begin(project, period, ports)
    content = [*(file.sha256 for file in sources.files), by]
    spans = list(_spans(Period.parse(period), by))
    keys = [key_of(loaded.version, f"{period}/{first:%Y-%m-%d}", content) for first, _ in spans]
    known = [settled(key, ports) for key in keys]
    if all(known):
        return tuple(one for one in known if one is not None)
    ports.progress.started("watch")
    checked = check_rows(project, read_files(project, sources.files).frame)
    if project.spec.time not in checked.kept.columns:  # a column function makes it
        raise UsageError(_timeless(period, by))
    rows = clean(checked.kept, project.spec.cleaning).frame
    whole = Seen("", period, rows, loaded.bundle.predict(rows), _outcome(project, rows))
    found: list[Watched] = []
    quiet: dict[datetime, int] = {}
    for key, (first, last), before in zip(keys, spans, known, strict=True):
        came = _between(checked, project.spec.time, first, last)
        count = came.kept.height + came.quarantined.height
        whole_part = last - first == timedelta(days=_DAYS[by])  # the first and last week of a period may hold a day or two
        lost = faults_of_feed(project, count, alike(quiet, first)) if whole_part else ()
        if whole_part and all(fault.severity < project.spec.watch.alert for fault in lost):
            quiet[first] = count
        if before is not None:
            found.append(before)
            continue
        label = f"{period}/{first:%Y-%m-%d}{f'..{last - timedelta(days=1):%m-%d}' if by == 'week' else ''}"
        broken = (*lost, *faults_of_rows(project, loaded.bundle, came))
        part = replace(_part(whole, project, first, last), key=key, label=label, faults=broken)
        found.append(remember(project, loaded, part, judge_seen(project, loaded, part, ports), ports, last=key == keys[-1]))
    return tuple(found)


def _timeless(period: str, by: Part) -> Fault:
    what = f"{period} cannot be watched by the {by}: its rows have no time"
    return Fault("WATCH-004", what, ("--by",), fix=f"watch it as a whole:  --period {period}")


def _begin(project: Project, period: str, ports: Ports) -> tuple[LoadedVersion, Sources]:
    refuse_odd_period(project, period)
    loaded = load_champion(ports, project.spec.name)
    sources = gather_sources(project, (period,), ports)
    _refuse_other_world(loaded, sources.origin, period)
    return loaded, sources


def _part(whole: Seen, project: Project, first: datetime, last: datetime) -> Seen:
    """Return what was seen of a part of a period, wall clock of the data's zone."""
    at = whole.rows[str(project.spec.time)]
    mine = ((at >= first) & (at < last)).fill_null(value=False)
    return replace(
        whole,
        rows=whole.rows.filter(mine),
        predicted=whole.predicted[mine.to_numpy()],
        outcome=None if whole.outcome is None else whole.outcome.filter(mine),
        window=_window(first, last, ZoneInfo(project.spec.timezone)),
    )


def _between(checked: Checked, time: str, first: datetime, last: datetime) -> Checked:
    mine = (pl.col(time) >= first) & (pl.col(time) < last)
    return Checked(checked.kept.filter(mine), checked.quarantined.filter(mine), ())


def _outcome(project: Project, rows: pl.DataFrame) -> pl.Series | None:
    return rows[project.spec.target] if project.spec.target in rows.columns else None


def _spans(period: Period, by: Part) -> Iterator[tuple[datetime, datetime]]:
    """Yield first instant and end of each part, wall clock of the data's zone."""
    first = period.start
    while first < period.end:
        days = _DAYS[by] - (first.weekday() if by == "week" else 0)
        last = min(first + timedelta(days=days), period.end)
        yield first, last
        first = last


def _whole(project: Project, period: str) -> Window | None:
    if project.spec.time is None or not Period.is_label(period):
        return None
    calendar = Period.parse(period)
    return _window(calendar.start, calendar.end, ZoneInfo(project.spec.timezone))


def _window(first: datetime, last: datetime, zone: ZoneInfo) -> Window:
    return Window(first.replace(tzinfo=zone), last.replace(tzinfo=zone))


def _refuse_other_world(loaded: LoadedVersion, origin: str, period: str) -> None:
    """Raise unless champion and window are both about the world, or both made up."""
    learned = str(loaded.version.facts.get("origin"))
    if (origin == "simulated") == (learned == "simulated"):
        return
    what = f"{period} would be {_world(origin)}, but {loaded.version} learned from {_world(learned)}"
    fix = "give the folder with the real month:  --data FOLDER   (or STEWARD_DATA); or watch with a champion of the same kind"
    raise EnvironmentFault(Fault("WATCH-003", what, why="comparing the two says nothing", fix=fix))


def _world(origin: str) -> str:
    return "simulated rows" if origin == "simulated" else "real rows"
