"""Which rows may a model learn from? Checks set the broken ones apart, cleaning mends the rest."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from steward.core.errors import AnswerIsNo
from steward.data.snapshot import write_snapshot
from steward.flows.ingest import Frames
from steward.flows.ports import Ports
from steward.flows.program import rule_program
from steward.flows.steps import Done, Runner
from steward.project.read import Project
from steward.quality.checks import Checked, judge, run_checks
from steward.quality.clean import clean


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The cleaned snapshot and what it cost: rows set apart and why."""

    snapshot: str
    rows: int
    quarantined: int
    findings: tuple[dict[str, Any], ...]


def check_rows(project: Project, frame: pl.DataFrame) -> Checked:
    """Add the target and what the checks mention, then run all checks in one pass."""
    return run_checks(rule_program(project).run(frame), project.spec.checks)


def process(project: Project, raw: str, ports: Ports, runner: Runner, frames: Frames) -> Cleaned:
    """Validate and clean one raw snapshot.

    Raises:
        AnswerIsNo: a check says stop, or more rows than allowed would be set apart (DATA-050, DATA-051).
    """
    depends = {"raw": raw, "checks": project.part("checks"), "features": project.features_digest}
    held: list[Checked] = []  # the rows that passed, kept for the next step of this process

    def validate() -> Done:
        held.append(check_rows(project, frames.get(raw)))
        return _set_apart(project, held[0], raw, ports)

    validated = runner.step("validate", depends, validate)
    rules = {**depends, "cleaning": project.part("cleaning")}

    def mend() -> Done:
        checked = held[0] if held else check_rows(project, frames.get(raw))
        return _mend(project, checked, raw, ports, frames)

    cleaned = runner.step("clean", rules, mend)
    return Cleaned(cleaned["snapshot"], cleaned["rows"], validated["quarantined"], tuple(validated["findings"]))


def _set_apart(project: Project, checked: Checked, raw: str, ports: Ports) -> Done:
    """Keep the broken rows where people can look at them, also when they stop the run."""
    snapshot = write_snapshot(checked.quarantined, ports.workspace.snapshots, kind="quarantine", parent=raw)
    findings = [finding.as_dict() for finding in checked.findings]
    try:
        judge(checked, project.spec.quarantine.max_share)
    except AnswerIsNo:
        (ports.workspace.snapshots / f"{snapshot.digest}.parquet").unlink()
        (ports.workspace.snapshots / f"{snapshot.digest}.json").unlink()
        raise
    apart, total = checked.quarantined.height, checked.quarantined.height + checked.kept.height
    output = {"findings": findings, "quarantined": apart, "quarantine": snapshot.digest}
    note = f"{apart:,} of {total:,} rows quarantined ({apart / max(total, 1):.1%}), {len(findings)} findings"
    return Done(output, note, (f"snapshots/{snapshot.digest}.parquet",))


def _mend(project: Project, checked: Checked, raw: str, ports: Ports, frames: Frames) -> Done:
    cleaned = clean(checked.kept, project.spec.cleaning)
    snapshot = write_snapshot(cleaned.frame, ports.workspace.snapshots, kind="clean", parent=raw)
    frames.keep(snapshot.digest, cleaned.frame)
    touched = [{"rule": effect.rule, "rows": effect.rows} for effect in cleaned.touched]
    note = ", ".join(f"{effect.rule}: {effect.rows:,} rows" for effect in cleaned.touched) or "nothing to mend"
    output = {"snapshot": snapshot.digest, "rows": cleaned.frame.height, "touched": touched}
    return Done(output, note, (f"snapshots/{snapshot.digest}.parquet",))
