"""Which rows is a page on quality about: those of a run, as its steps left them, or those of a period, read afresh?

Where a run could not go on, the checks are made again in memory: there is a page about rows that are not fit, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from steward.core.errors import AnswerIsNo, Fault, UsageError
from steward.core.runs import Run
from steward.data.assemble import RowsRead
from steward.data.locate import Sources
from steward.flows.ingest import Frames
from steward.flows.ports import Ports
from steward.flows.process import check_rows
from steward.flows.sources import read_periods
from steward.project.periods import refuse_odd_period
from steward.project.read import Project
from steward.quality.checks import Checked, judge
from steward.quality.clean import RuleEffect, clean
from steward.quality.findings import Finding
from steward.reporting.contents import SourceFile

_LOOK_BACK = 1000
_MOST_PERIODS = 4


@dataclass(frozen=True, slots=True)
class ProcessedRows:
    """Rows on their way - as read, set apart, and clean - with what the checks and rules said of them."""

    about: str
    origin: str | None
    sources: tuple[SourceFile, ...]
    digests: tuple[tuple[str, str], ...]
    raw: pl.DataFrame
    apart: pl.DataFrame
    clean: pl.DataFrame
    findings: tuple[Finding, ...]
    rules: tuple[RuleEffect, ...]
    unreadable: int
    stopped: str


def newest_run(project: Project, ports: Ports) -> Run:
    """Return the newest run of the project that has read rows.

    Raises:
        UsageError: DATA-060 there is none.
    """
    for run in ports.runs.runs(project.spec.name, limit=_LOOK_BACK):
        if "ingest" in _outputs(run, ports):
            return run
    what = f"no run of {project.spec.name} has read any rows"
    raise UsageError(Fault("DATA-060", what, fix=f"steward process {project.spec.name}"))


def _outputs(run: Run, ports: Ports) -> dict[str, Mapping[str, Any]]:
    return {step.name: step.output for step in ports.runs.steps(run.id) if step.status == "finished"}


def rows_of_run(project: Project, run: Run, ports: Ports, frames: Frames) -> ProcessedRows:
    """Return the rows of a run that has read some.

    Raises:
        UsageError: DATA-030 a snapshot is not there any more.
    """
    left = _outputs(run, ports)
    read, raw = left["ingest"], frames.get(str(left["ingest"]["snapshot"]))
    sources = tuple(SourceFile(str(one["period"]), str(one["path"]), str(one["sha256"])) for one in read["sources"])
    unreadable, about = read.get("unreadable") or {}, _periods(sources)
    digests = {"raw rows": read["snapshot"], "unreadable rows": unreadable.get("snapshot")}
    lost = int(unreadable.get("rows", 0))
    if "clean" not in left or "validate" not in left:
        return _process(project, raw, about, str(read["origin"]), sources, lost, digests)
    checked, cleaned = left["validate"], left["clean"]
    digests |= {"rows set apart": checked["quarantine"], "clean rows": cleaned["snapshot"]}
    return ProcessedRows(
        about=about,
        origin=str(read["origin"]),
        sources=sources,
        digests=_known(digests),
        raw=raw,
        apart=frames.get(str(checked["quarantine"])),
        clean=frames.get(str(cleaned["snapshot"])),
        findings=tuple(_finding(one) for one in checked["findings"]),
        rules=tuple(RuleEffect(str(one["rule"]), int(one["rows"])) for one in cleaned["touched"]),
        unreadable=lost,
        stopped="",
    )


def rows_of_period(project: Project, period: str, ports: Ports) -> ProcessedRows:
    """Return the rows of one period, read, checked and cleaned here and now."""
    found, read = read_period(project, period, ports)
    sources = tuple(SourceFile(file.period, file.path.name, file.sha256) for file in found.files)
    return _process(project, read.frame, period, found.origin, sources, read.apart.height, {})


def read_period(project: Project, period: str, ports: Ports) -> tuple[Sources, RowsRead]:
    """Return the rows of one period as they come, and the files they come from.

    Raises:
        UsageError: WATCH-002 it is no period, and what reading files raises.
    """
    refuse_odd_period(project, period)
    return read_periods(project, (period,), ports)


def _process(
    project: Project,
    raw: pl.DataFrame,
    about: str,
    origin: str,
    sources: tuple[SourceFile, ...],
    unreadable: int,
    digests: Mapping[str, object],
) -> ProcessedRows:
    """Check and clean rows here and now, also where a run would stop."""
    checked = check_rows(project, raw)
    cleaned = clean(checked.kept, project.spec.cleaning)
    return ProcessedRows(
        about=about,
        origin=origin,
        sources=sources,
        digests=_known(digests),
        raw=raw,
        apart=checked.quarantined,
        clean=cleaned.frame,
        findings=checked.findings,
        rules=cleaned.touched,
        unreadable=unreadable,
        stopped=_why_stopped(checked, project.spec.quarantine.max_share),
    )


def _why_stopped(checked: Checked, max_share: float) -> str:
    stops = [finding for finding in checked.findings if finding.action == "stop"]
    if stops:
        # The fault's own words hold examples, which may be cells that must not be shown.
        return f"check {stops[0].check!r} stops the run"
    try:
        judge(checked, max_share)
    except AnswerIsNo as error:
        return error.faults[0].what
    return ""


def _known(digests: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(digest)) for name, digest in digests.items() if digest)


def _periods(sources: tuple[SourceFile, ...]) -> str:
    periods = list(dict.fromkeys(source.period for source in sources))
    return ", ".join(periods) if len(periods) <= _MOST_PERIODS else f"{periods[0]} to {periods[-1]}"


def _finding(one: Mapping[str, Any]) -> Finding:
    return Finding(**{**one, "columns": tuple(one["columns"]), "examples": tuple(one["examples"])})
