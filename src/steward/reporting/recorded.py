"""What of the facts a version and its run remember can a report show?

Facts are JSON that an older Steward may have written: what is absent or of another shape gives None or
nothing, and the page is shorter by that.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from steward.deploy.gate import Verdict
from steward.monitoring.history import WatchedWindow
from steward.reporting.contents import (
    CandidateLine,
    DataFacts,
    FindingLine,
    GateTerms,
    SliceLine,
    SourceFile,
    TestFigure,
    WindowLine,
)
from steward.reporting.watch_contents import ErrorLine

T = TypeVar("T")

Facts = Mapping[str, object]

_USED_FOR = ("train", "validation", "test")
_MONTH = re.compile(r"\d{4}-\d{2}")


def read_as(kind: type[T], value: object) -> T | None:
    """Return a JSON value as one of ours, or None if it is not of that shape.

    >>> read_as(int, "many") is None
    True
    """
    try:
        return cast("T", _adapter(kind).validate_python(value))  # type: ignore[arg-type] # classes are hashable
    except ValidationError:
        return None


def read_all(kind: type[T], value: object) -> tuple[T, ...]:
    """Return those items of a JSON list that have the shape; nothing for anything but a list."""
    items = value if isinstance(value, list | tuple) else ()
    return tuple(read for read in (read_as(kind, item) for item in items) if read is not None)


def mapping(value: object) -> Facts:
    """Return a JSON object as it is, anything else as an empty one."""
    return value if isinstance(value, Mapping) else {}


def leaderboard(result: Facts) -> tuple[CandidateLine, ...]:
    """Return what each candidate of a run reached."""
    return read_all(CandidateLine, result.get("leaderboard"))


def slices(result: Facts) -> tuple[SliceLine, ...]:
    """Return the figures of the test rows by slice."""
    return read_all(SliceLine, result.get("slices"))


def gate(facts: Facts) -> Verdict | None:
    """Return the newest verdict on a version."""
    return read_as(Verdict, facts.get("verdict"))


def terms(project: Facts) -> GateTerms | None:
    """Return what the gate of a frozen project file asks for."""
    return read_as(GateTerms, project.get("gate"))


def figures(facts: Facts, result: Facts) -> tuple[TestFigure, ...]:
    """Return the test metrics: with intervals from the run, without them from the version alone."""
    full = [read_as(TestFigure, {**mapping(value), "name": name}) for name, value in mapping(result.get("metrics")).items()]
    bare = [read_as(TestFigure, {"name": name, "value": value}) for name, value in mapping(facts.get("metrics")).items()]
    return tuple(figure for figure in full if figure is not None) or tuple(figure for figure in bare if figure is not None)


def data_facts(facts: Facts, result: Facts, reasons: Facts) -> DataFacts | None:
    """Return which rows a version comes from.

    Args:
        facts: the version's own.
        result: of its run, which knows the findings.
        reasons: feature to why it was left out, as the bundle says it.
    """
    counts = [("read", result.get("rows")), ("kept", result.get("clean_rows"))]
    counts += [(part, mapping(facts.get("rows")).get(part)) for part in _USED_FOR]
    known = [(name, read_as(int, count)) for name, count in counts]
    left_out = [str(name) for name in _list(facts.get("left_out"))]
    data = DataFacts(
        sources=read_all(SourceFile, facts.get("sources")),
        counts=tuple((name, count) for name, count in known if count is not None),
        quarantined=read_as(int, facts.get("quarantined")),
        findings=read_all(FindingLine, result["findings"]) if "findings" in result else None,
        features=tuple(str(name) for name in _list(facts.get("features"))),
        left_out=tuple((name, str(reasons.get(name, "the reason was not recorded"))) for name in left_out),
    )
    return data if data.sources or data.counts or data.features else None


def window_lines(windows: Sequence[WatchedWindow], number: int, *, limit: int) -> tuple[WindowLine, ...]:
    """Return the newest windows that were judged with one version: those with a time by it, then the rest as they came."""
    newest = [window for window in windows if window.version == number][:limit]
    return tuple(_line(window) for window in sorted(newest, key=_by_time))


def error_lines(windows: Sequence[WatchedWindow], number: int) -> tuple[ErrorLine, ...]:
    """Return the error of those windows of one version that know any, in the metric of the first of them, by time.

    Args:
        windows: newest first; whose metric is the first that is known.
        number: of the version.
    """
    mine = [window for window in windows if window.version == number]
    known = [realised or estimate for realised, estimate in map(_errors_of, mine) if realised or estimate]
    metric = str(known[0].get("metric")) if known else ""
    lines = [_error_line(window.label, *_errors_of(window), metric) for window in sorted(mine, key=_by_time)]
    return tuple(line for line in lines if line.realised is not None or line.estimate is not None)


def _errors_of(window: WatchedWindow) -> tuple[Facts, Facts]:
    performance, estimate = mapping(window.verdict.get("performance")), mapping(window.verdict.get("estimate"))
    return (performance if performance.get("enough") else {}), estimate


def _error_line(label: str, realised: Facts, estimate: Facts, metric: str) -> ErrorLine:
    known = read_as(float, realised.get("current")) if realised.get("metric") == metric else None
    same = estimate if estimate.get("metric") == metric else {}
    return ErrorLine(label, known, *(read_as(float, same.get(name)) for name in ("value", "low", "high")))


def _by_time(window: WatchedWindow) -> tuple[bool, str, str]:
    time = window.start or (window.label if _MONTH.fullmatch(window.label) else "")
    return not time, time, window.created_at


def _line(window: WatchedWindow) -> WindowLine:
    told = window.verdict
    status, alert = str(told.get("status", "alarm" if window.alarm else "ok")), read_as(float, told.get("alert"))
    return WindowLine(
        window.label, window.severity, window.alarm, status, str(told.get("text", "")), alert, watched_at=window.created_at
    )


@cache
def _adapter(kind: type[object]) -> TypeAdapter[object]:
    return TypeAdapter(kind)  # costly to make, and asked for once a line


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()
