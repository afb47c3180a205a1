"""How good are the rows, what was done to them, and what changed? Put together, and written as a page and as Markdown."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from steward.core.atomic import write_text_atomically
from steward.core.runs import Run
from steward.features.program import Program, available
from steward.flows.ingest import Frames
from steward.flows.ports import Ports
from steward.flows.program import all_features, rule_program
from steward.flows.quality_rows import ProcessedRows, newest_run, read_period, rows_of_period, rows_of_run
from steward.project.read import Project
from steward.quality.compare import Change, compare, compare_periods
from steward.quality.figures import TableProfile, metrics_of
from steward.quality.history import QualityMetric
from steward.quality.profile import profile_table
from steward.reporting.quality_contents import Comparison, QualityContents
from steward.reporting.quality_drill import drill_rows, mask_finding, masked_columns
from steward.reporting.quality_report import render_quality_html, render_quality_markdown


@dataclass(frozen=True, slots=True)
class QualityWritten:
    """Where the page is, as HTML and as Markdown, what it is about, and its figures for the database.

    `run` is empty where a period was read afresh: such figures belong to no run.
    """

    html: Path
    markdown: Path
    run: str
    contents: QualityContents
    metrics: tuple[QualityMetric, ...]


def write_quality_report(
    project: Project, ports: Ports, *, period: str | None = None, against: str | None = None, frames: Frames | None = None
) -> QualityWritten:
    """Write the page as HTML and as Markdown, and return where it is.

    Args:
        project: as declared.
        ports: the outside world.
        period: whose rows, read afresh; those of the newest run where absent.
        against: another period, read afresh, with which the rows are compared as they came.
        frames: rows that this process holds already.

    Raises:
        UsageError: DATA-060 nothing was read yet, WATCH-002 a period that is none, DATA-030 a snapshot is gone.
    """
    ports.progress.started("quality report")
    run = None if period else newest_run(project, ports)
    rows = rows_of_run(project, run, ports, frames or Frames(ports)) if run else rows_of_period(project, str(period), ports)
    contents = _contents(project, rows, run, _commands(project, run, period, against), against, ports)

    stem = "-".join([project.spec.name, "quality", *([period] if period else []), *(["against", against] if against else [])])
    html, markdown = (ports.workspace.reports / f"{stem}.{kind}" for kind in ("html", "md"))
    page = render_quality_html(contents)
    write_text_atomically(html, page)
    write_text_atomically(markdown, render_quality_markdown(contents))
    ports.progress.finished("quality report", f"{rows.about}, {len(page.encode()) / 1000:.0f} kB")
    return QualityWritten(html, markdown, run.id if run else "", contents, quality_metrics(contents))


def quality_contents(
    project: Project, ports: Ports, run: Run, *, against: str | None = None, frames: Frames | None = None
) -> QualityContents:
    """Return everything that is told of the rows of a run, which need not have finished; see `write_quality_report`."""
    rows = rows_of_run(project, run, ports, frames or Frames(ports))
    return _contents(project, rows, run, _commands(project, run, None, against), against, ports)


def quality_metrics(contents: QualityContents) -> tuple[QualityMetric, ...]:
    """Return the figures of the rows before and after cleaning, and how many were set apart, for the database."""
    lost = {"quarantined": contents.quarantined, "unreadable": contents.unreadable, "dropped": contents.dropped}
    told = tuple(QualityMetric("raw", "", name, float(rows)) for name, rows in lost.items())
    return (*metrics_of(contents.raw, "raw"), *told, *metrics_of(contents.clean, "clean"))


def profile_snapshot(project: Project, digest: str, frames: Frames) -> TableProfile:
    """Return the figures of the rows of a snapshot, such as those that just came in."""
    return profile_table(frames.get(digest), project.dictionary)


def _contents(
    project: Project, rows: ProcessedRows, run: Run | None, commands: Sequence[str], against: str | None, ports: Ports
) -> QualityContents:
    masked = _masked(project)
    raw = profile_table(rows.raw, project.dictionary)
    cleaned = profile_table(rows.clean, project.dictionary, like=raw)
    findings = tuple(mask_finding(finding, masked) for finding in rows.findings)
    return QualityContents(
        project=project.spec.name,
        title=project.spec.title,
        target=project.spec.target,
        about=rows.about,
        run=run.id if run else "",
        origin=rows.origin,
        sources=rows.sources,
        digests=rows.digests,
        raw=raw,
        clean=cleaned,
        findings=findings,
        rules=rows.rules,
        unreadable=rows.unreadable,
        quarantined=rows.apart.height,
        allowed=project.spec.quarantine.max_share,
        stopped=rows.stopped,
        features=_read_by_model(project),
        cleaning_changes=_cleaning_changes(raw, cleaned),
        period_changes=compare_periods(raw),
        comparison=_against(project, raw, rows.about, against, ports) if against else None,
        drills=drill_rows(findings, rows.apart, masked),
        commands=tuple(commands),
    )


def _cleaning_changes(raw: TableProfile, cleaned: TableProfile) -> tuple[Change, ...]:
    """Leave out the columns that the checks made for themselves."""
    return tuple(change for change in compare(raw, cleaned) if change.kind != "new")


def _against(project: Project, raw: TableProfile, about: str, against: str, ports: Ports) -> Comparison:
    earlier = profile_table(read_period(project, against, ports)[1].frame, project.dictionary)
    return Comparison(against, about, earlier.rows, raw.rows, compare(earlier, raw))


def _read_by_model(project: Project) -> tuple[str, ...]:
    """Return the raw columns behind the features, and those that lookups are joined by."""
    features, spec = all_features(project), project.spec
    joined = {column for lookup in spec.lookups.values() for column in lookup.provides()}
    kept, _ = available(features, spec.features, joined)
    keys = {key for lookup in spec.lookups.values() for key in lookup.joins}
    program = Program.build(features, kept, set(project.dictionary.columns), ())
    return tuple(sorted({*program.inputs, *keys}))


def _masked(project: Project) -> frozenset[str]:
    """Return the columns whose cells are not shown, and whatever the checks made of them."""
    masked, program = masked_columns(project.dictionary), rule_program(project)
    return masked | {name for name in program.wanted if program.lineage(name) & masked}


def _commands(project: Project, run: Run | None, period: str | None, against: str | None) -> tuple[str, ...]:
    """Return the commands that make the page again; folders of this machine are left out of it."""
    where = str(run.options.get("where", project.spec.name)) if run else project.spec.name
    name = where if "/" not in where and "\\" not in where else project.folder.name
    overrides = "".join(f" --set {shlex.quote(override)}" for override in project.overrides)
    chosen = "".join(f" --{key} {label}" for key, label in (("period", period), ("against", against)) if label)
    made = (f"steward process {name} --data FOLDER{overrides}",) if run else ()
    return (*made, f"steward report {name} --quality{chosen}{overrides if not run else ''}")
