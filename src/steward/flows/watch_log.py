"""What do the windows of the prediction log say that are over?

The log is brought into the database first; windows, their rows and their outcomes are read there, by prediction id. Each
window is judged once, and again when rows or outcomes came in since: a new verdict on the same window, and no second alarm.
What was missed is caught up, the oldest first; a process that is killed in the middle leaves whole windows only.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Any

import numpy as np
import polars as pl

from steward.core.errors import Fault, UsageError
from steward.flows.champion import LoadedVersion, load_version
from steward.flows.ports import Ports
from steward.flows.ship import has_lost_all, ship
from steward.flows.watch import Seen, Watched, judge_seen, reference_of, remember
from steward.flows.watch_batches import Merged, merge_batches
from steward.flows.watch_due import ALWAYS, Due, content_of, due_windows, known_windows, newest_key, rows_of
from steward.flows.watch_faults import faults_of_feed
from steward.models.classes import name_of
from steward.monitoring.feed import alike, cap_clients
from steward.monitoring.window import Window
from steward.project.read import Project
from steward.registry.bundle import Bundle
from steward.serving.history import Given, Outcome
from steward.serving.private import care_of, hidden_in
from steward.serving.request import rows_to_frame

_CHUNK = 20_000

Pairs = Sequence[tuple[Given, Outcome | None]]


@dataclass(frozen=True, slots=True)
class _Feed:
    """The rows of windows that raised no alarm, by their start.

    `begun` is the start of the first window that holds any: the version was asked first in its middle, so it is no whole one.
    """

    begun: datetime | None
    quiet: dict[datetime, int]

    def before(self, window: Window) -> list[int]:
        """Return the rows of quiet windows like this one; those without any are among them."""
        return alike({start: rows for start, rows in self.quiet.items() if self.begun and start > self.begun}, window.start)


def watch_log(
    project: Project,
    ports: Ports,
    *,
    since: datetime | None = None,
    again: bool = True,
    goes_on: Callable[[], bool] = lambda: True,
) -> tuple[Watched, ...]:
    """Watch what the champion answered: each window of the log that is over and not judged yet, the oldest first.

    Where the project names no windows (`watch.every`, `watch.count`) the whole log is one. Where nothing is due the newest
    window is returned as known; nothing where there is none. What is made of columns that the log hides is not watched; what
    they do to the model shows in its answers.

    Args:
        project: its `watch` says what a window is.
        ports: the outside world.
        since: windows that begin before this are left out.
        again: judge windows again whose rows or outcomes changed.
        goes_on: asked before each window; False leaves the rest to the next look.

    Raises:
        Refused: REG-002 there is no champion, BUNDLE-001 to BUNDLE-006 its files are not what was recorded.
        StewardError: the database does not answer (DB-003 to DB-006); what was judged so far is kept.
    """
    name = project.spec.name
    ship(name, ports, again=has_lost_all(name, ports))
    due = due_windows(project, ports, since=since, again=again)
    if not due:
        key = newest_key(project, ports)
        known = None if key is None else ports.windows.find(key)
        return () if known is None else (Watched(known, None, known=True),)
    loaded = load_version(ports.workspace, due[0].version)  # not the champion of now, which may be another by now
    ports.progress.started("watch")
    feed = _feed_of(project, loaded, due, ports)
    todo = takewhile(lambda _: goes_on(), due)
    return tuple(_watch(project, loaded, one, feed, ports, last=one is due[-1]) for one in todo)


def read_since(text: str) -> datetime:
    """Return the moment a text names.

    Raises:
        UsageError: WATCH-005 it names none, or leaves open in which zone.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        what = f"{text!r} is not a day and a time with a zone"
        raise UsageError(Fault("WATCH-005", what, ("--since",), fix="write for example  --since 2026-01-31T00:00Z"))
    return moment


def said_of(answer: Mapping[str, Any], names: Sequence[str]) -> list[float] | None:
    """Return what was answered as numbers, in the order of the classes; None where it is not an answer of this model's kind."""
    if not names:
        said = answer.get("prediction")
        return [float(said)] if isinstance(said, int | float) else None
    shares = answer.get("probabilities")
    return [float(shares[name]) for name in names] if isinstance(shares, Mapping) and set(shares) == set(names) else None


def _watch(project: Project, loaded: LoadedVersion, due: Due, feed: _Feed, ports: Ports, *, last: bool) -> Watched:
    seen = _read(project, loaded, due, ports)
    if due.window is not None and project.spec.watch.every is not None:
        rows = due.tally.rows if seen.sketch is None else max(due.tally.rows, seen.sketch.rows)
        seen = replace(seen, faults=(*seen.faults, *faults_of_feed(project, rows, feed.before(due.window))))
    watched = remember(project, loaded, seen, judge_seen(project, loaded, seen, ports), ports, last=last)
    if due.window is not None and not watched.window.alarm:
        feed.quiet[due.window.start] = rows_of(watched.window)
    return watched


def _feed_of(project: Project, loaded: LoadedVersion, due: Sequence[Due], ports: Ports) -> _Feed:
    """Return what is known of the feed before a look, and where it begins: there, or among what is due."""
    known = {datetime.fromisoformat(str(line.start)): line for line in known_windows(project, loaded.version, ports).values()}
    held = [start for start, line in known.items() if rows_of(line)]
    held += [one.window.start for one in due if one.window and one.tally.rows]
    return _Feed(min(held, default=None), {start: rows_of(line) for start, line in known.items() if not line.alarm})


def _read(project: Project, loaded: LoadedVersion, due: Due, ports: Ports) -> Seen:
    """Return a window's rows, answers and outcomes."""
    bundle, version = loaded.bundle, loaded.version
    start, end = due.window.texts if due.window else ALWAYS
    frames = [
        _frame(some, bundle, project) for some in _chunks(ports.predictions.between(version.model, version.number, start, end))
    ]
    hidden = care_of(project.dictionary, project.spec.serving).left_out.union(*(hidden for _, hidden in frames))
    table = pl.concat([frame for frame, _ in frames] or [_frame((), bundle, project)[0]])
    spec = project.spec.watch
    counted, flood = cap_clients(table["_caller"], share=spec.client_share, fewest=spec.min_rows)
    table = table.filter(counted)
    rows = table.select(bundle.inputs).with_columns(
        pl.lit(None, table.schema[name]).alias(name) for name in hidden & {*bundle.inputs}
    )
    predicted = _predicted(table, bundle)
    merged = _merged(loaded, due.window, rows, table["_at"], predicted, hidden, project, ports)
    held = due.tally if merged is None else replace(due.tally, rows=max(due.tally.rows, merged.sketch.rows))
    return Seen(
        due.key,
        due.label,
        rows,
        predicted,
        outcome=table["_outcome"],
        window=due.window,
        content=content_of(held),  # a window whose rows were removed for their age was not empty
        hidden=hidden,
        sketch=merged.sketch if merged else None,
        slots=merged.slots if merged else None,
        faults=() if flood is None else (flood,),
        lasted=_between_ends(table["_at"]),
    )


def _merged(
    loaded: LoadedVersion,
    window: Window | None,
    rows: pl.DataFrame,
    at: pl.Series,
    predicted: Any,
    hidden: Iterable[str],
    project: Project,
    ports: Ports,
) -> Merged | None:
    if window is None:
        return None
    return merge_batches(loaded, window, rows, at, predicted, reference_of(loaded.bundle, frozenset(hidden)), project, ports)


def _chunks(pairs: Iterable[tuple[Given, Outcome | None]]) -> Iterator[Pairs]:
    held = iter(pairs)
    while some := tuple(islice(held, _CHUNK)):
        yield some


def _frame(pairs: Pairs, bundle: Bundle, project: Project) -> tuple[pl.DataFrame, frozenset[str]]:
    """Return rows with `_at`, `_said`, `_outcome` and `_caller` beside them, and the columns that are hidden in them."""
    names = [name_of(label) for label in bundle.classes]
    usable = [(given, outcome, said) for given, outcome in pairs if (said := said_of(given.answer, names)) is not None]
    hidden = hidden_in([given.row for given, _, _ in usable])
    shown = [{name: value for name, value in given.row.items() if name not in hidden} for given, _, _ in usable]
    rows = rows_to_frame(shown, project.dictionary, bundle.inputs)
    told = [None if outcome is None else outcome.label if names else outcome.value for _, outcome, _ in usable]
    beside = {
        "_at": pl.Series([_moment(given.at) for given, _, _ in usable], dtype=pl.Datetime("us", "UTC")),
        "_said": pl.Series([said for _, _, said in usable], dtype=pl.Array(pl.Float64, max(len(names), 1))),
        "_outcome": pl.Series(told, dtype=pl.String if names else pl.Float64),
        "_caller": pl.Series([given.answer.get("caller") for given, _, _ in usable], dtype=pl.String),
    }
    return rows.with_columns(**beside), hidden


def _predicted(table: pl.DataFrame, bundle: Bundle) -> Any:
    said = table["_said"].to_numpy().reshape(table.height, max(len(bundle.classes), 1)).astype(np.float64)
    return said if bundle.classes else said[:, 0]


def _between_ends(at: pl.Series) -> timedelta | None:
    first, last = at.min(), at.max()
    return last - first if isinstance(first, datetime) and isinstance(last, datetime) else None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
