"""Which windows of the prediction log are to be judged now?

Those that are over and were never judged; those of which rows or outcomes came in since; those whose alarm nobody carried on
to a decision, because a process was killed in between. Clocks that jump do no harm: a window is known by its span, not by when
somebody looked at it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from steward.flows.champion import need_champion
from steward.flows.ports import Ports
from steward.flows.watch import key_of
from steward.monitoring.history import ListedWindow, WatchedWindow
from steward.monitoring.window import Every, Window, counted_windows, label_of, window_of, windows_between
from steward.project.read import Project
from steward.project.spec import WatchSpec
from steward.registry.versions import Version
from steward.serving.history import Tally

MOST = 1000
"""So many windows are judged at one look, and so many of the newest are looked at again; what is left is left to the next."""

ALWAYS = ("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Due:
    """A window to be judged by the version that answered in it, and what is held of it; `window` is None where all is one."""

    version: Version
    key: str
    label: str
    window: Window | None
    tally: Tally


def due_windows(project: Project, ports: Ports, *, since: datetime | None = None, again: bool = True) -> tuple[Due, ...]:
    """Return the windows of the champion's log to judge now, the oldest first, at most 1,000.

    Args:
        project: its `watch` says what a window is, and how long it is waited for.
        ports: the outside world.
        since: windows that begin before this are left out.
        again: look also for windows whose rows or outcomes changed since they were judged.
    """
    champion = need_champion(ports, project.spec.name)
    version, spec = ports.registry.version(champion.model, champion.number), project.spec.watch
    if _length(spec) is None:
        return _whole_log(version, ports)
    known = known_windows(project, version, ports)
    spans = _spans(project, version, datetime.fromisoformat(champion.since), list(known.values()), ports)
    named = [(window, label_of(window, project.spec.timezone, str(_length(spec)))) for window in spans]
    keyed = [(_key(version, label), label, window) for window, label in named if since is None or window.start >= since]
    newest = {key for key, _, _ in keyed[-MOST:]} if again else set()
    open_ = [one for one in keyed if one[0] not in known or one[0] in newest or _is_unanswered(known[one[0]])]
    tallies = ports.predictions.tallies(version.model, version.number, [window.texts for _, _, window in open_])
    due = (Due(version, *one, tally) for one, tally in zip(open_, tallies, strict=True))
    return tuple(one for one in due if not _is_settled(known.get(one.key), one.tally))[:MOST]


def known_windows(project: Project, version: Version, ports: Ports) -> Mapping[str, ListedWindow]:
    """Return the windows of the length of now that were judged with a version, by their keys and in their order."""
    ending = f" {_length(project.spec.watch)}"
    lines = ports.windows.of_version(version.model, version.number)
    return {line.key: line for line in lines if line.label.endswith(ending)}


def newest_key(project: Project, ports: Ports) -> str | None:
    """Return the key of the newest window of the champion's log that was judged; None where there is none."""
    champion = need_champion(ports, project.spec.name)
    version = ports.registry.version(champion.model, champion.number)
    if _length(project.spec.watch) is not None:
        return next(reversed(list(known_windows(project, version, ports))), None)
    (tally,) = ports.predictions.tallies(version.model, version.number, [ALWAYS])
    return _key(version, _whole_label(tally))


def next_end(spec: WatchSpec, now: datetime) -> datetime | None:
    """Return when the window of now will be judged; None where no clock tells."""
    return None if spec.every is None else window_of(now - wait_of(spec), spec.every).end + wait_of(spec)


def wait_of(spec: WatchSpec) -> timedelta:
    """Return how long after its end a window is judged."""
    return timedelta(seconds=int(spec.wait[:-1]) * _SECONDS[spec.wait[-1]])


def content_of(tally: Tally) -> str:
    """Return what is kept of a tally beside a verdict, to see whether more came in since."""
    return f"{tally.rows}:{tally.outcomes}:{tally.told_at or ''}"


def rows_of(line: ListedWindow | WatchedWindow) -> int:
    """Return how many rows a window of the log held when it was judged."""
    return int((line.content or "0").partition(":")[0])


def _whole_log(version: Version, ports: Ports) -> tuple[Due, ...]:
    (tally,) = ports.predictions.tallies(version.model, version.number, [ALWAYS])
    label = _whole_label(tally)
    due = Due(version, _key(version, label), label, None, tally)
    return () if _is_settled(ports.windows.find(due.key), tally) else (due,)


def _whole_label(tally: Tally) -> str:
    return f"{tally.rows} logged predictions"


def _length(spec: WatchSpec) -> Every | str | None:
    return f"{spec.count} rows" if spec.count is not None else spec.every


def _key(version: Version, label: str) -> str:
    return key_of(version, label, ["log"])


def _spans(project: Project, version: Version, promoted: datetime, known: Sequence[ListedWindow], ports: Ports) -> Sequence[Window]:
    """Return the windows that are over, judged or not, oldest first."""
    spec, until = project.spec.watch, ports.clock.now() - wait_of(project.spec.watch)
    if spec.count is not None:
        after = max((str(line.end) for line in known), default=ALWAYS[0])
        found = ports.predictions.arrivals(version.model, version.number, after, until.astimezone(UTC).isoformat())
        arrivals = [(datetime.fromisoformat(at), count) for at, count in found]
        return [*_known_spans(known), *counted_windows(arrivals, spec.count)]
    assert spec.every is not None, "the whole log has no spans"
    begun = min((str(line.start) for line in known), default=None)
    if begun is None:
        logged = ports.predictions.first_and_last(version.model, version.number)
        begun = logged[0] if logged else promoted.isoformat()
    return list(windows_between(datetime.fromisoformat(begun), until, spec.every))


def _known_spans(known: Iterable[ListedWindow]) -> list[Window]:
    return [Window(datetime.fromisoformat(str(line.start)), datetime.fromisoformat(str(line.end))) for line in known]


def _is_unanswered(line: ListedWindow | WatchedWindow) -> bool:
    return line.alarm and not line.answered


def _is_settled(line: ListedWindow | WatchedWindow | None, tally: Tally) -> bool:
    """Tell whether a window was judged and nothing came in since; what was removed for its age changes nothing."""
    if line is None or _is_unanswered(line):
        return False
    rows, outcomes, told_at = (line.content or "0:0:").split(":", 2)
    return tally.rows <= int(rows) and tally.outcomes <= int(outcomes) and (tally.told_at or "") <= told_at
