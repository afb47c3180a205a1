"""Do our own checks and Great Expectations say the same of some periods?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from steward.core.errors import Fault, UsageError
from steward.flows.ports import Ports
from steward.flows.program import rule_program
from steward.flows.sources import read_periods
from steward.project.periods import refuse_odd_period
from steward.project.read import Project
from steward.quality.checks import run_checks
from steward.quality.expected import Answer, Expected, SuiteRunner, dictionary_checks, expect
from steward.quality.findings import Finding


@dataclass(frozen=True, slots=True)
class Compared:
    """What both say of one check."""

    ours: Expected
    theirs: Answer

    @property
    def agree(self) -> bool:
        """Whether they give the same verdict and count the same rows."""
        return self.ours.holds == self.theirs.holds and self.ours.rows == self.theirs.rows

    def as_dict(self) -> dict[str, object]:
        """Return both as a JSON object."""
        return {
            "check": self.ours.name,
            "kind": self.ours.check.kind,
            "holds": self.ours.holds,
            "rows": self.ours.rows,
            "expectation": self.theirs.expectation,
            "carried": self.theirs.carried,
            "expectation_holds": self.theirs.holds,
            "expectation_rows": self.theirs.rows,
            "agree": self.agree,
        }


@dataclass(frozen=True, slots=True)
class ExpectReport:
    """The rows that were asked about, our findings, what both say of each check, and where the suite and its pages lie."""

    periods: tuple[str, ...]
    origin: str
    rows: int
    findings: tuple[Finding, ...]
    compared: tuple[Compared, ...]
    suite: Path
    pages: Path

    @property
    def agree(self) -> bool:
        """Whether both agree in every check."""
        return all(one.agree for one in self.compared)

    def as_dict(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        return {
            "periods": list(self.periods),
            "origin": self.origin,
            "rows": self.rows,
            "agree": self.agree,
            "checks": [one.as_dict() for one in self.compared],
            "findings": [finding.as_dict() for finding in self.findings],
            "suite": str(self.suite),
            "pages": str(self.pages),
        }


def expect_periods(project: Project, periods: Sequence[str], ports: Ports, run_suite: SuiteRunner) -> ExpectReport:
    """Read the raw rows of some periods, ask our own checks and the other engine about them, and compare.

    Asked are the project's checks and what the dictionary promises: types, bounds and codes.

    Args:
        project: the declaration.
        periods: one at least, as `steward watch` takes them.
        ports: the outside world.
        run_suite: the other engine: `steward.adapters.great_expectations.run_suite`.

    Raises:
        UsageError: WATCH-002 a period is none, DATA-059 there is no row to ask about, DATA-052 to DATA-056 a check does
            not fit the rows.
        EnvironmentFault: DATA-020 a source is not to be had, ENV-020 Great Expectations is not installed.
    """
    for period in periods:
        refuse_odd_period(project, period)
    sources, read = read_periods(project, periods, ports)
    frame = rule_program(project).run(read.frame)
    if not frame.height:
        raise UsageError(Fault("DATA-059", f"{', '.join(periods)} has no rows", fix="name another period:  --period 2024-01"))
    name = project.spec.name
    ports.progress.started("expect")
    expectations = expect(frame, (*project.spec.checks, *dictionary_checks(project.dictionary)))
    run = run_suite(name, expectations, ports.workspace.home / "expectations")
    compared = tuple(Compared(ours, theirs) for ours, theirs in zip(expectations.each, run.answers, strict=True))
    agreed = sum(one.agree for one in compared)
    ports.progress.finished("expect", f"{frame.height:,} rows: {agreed} of {len(compared)} checks agree")
    findings = run_checks(frame, project.spec.checks).findings
    return ExpectReport(tuple(periods), sources.origin, frame.height, findings, compared, run.suite, run.pages)
