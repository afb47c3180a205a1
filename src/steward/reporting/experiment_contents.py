"""What is told of the runs of a project, and of several of them side by side? Values only."""

from dataclasses import dataclass

from steward.reporting.contents import Plot, TestFigure


@dataclass(frozen=True, slots=True)
class ExperimentLine:
    """One run that trained or was to: what set it off, which candidate it chose, what that reached on the test rows.

    `seconds` are those of the whole run; times are ISO 8601. `fault` says in a sentence why a run failed. What is not
    known is None.
    """

    run: str
    project: str
    at: str
    trigger: str
    status: str
    origin: str | None
    chosen: str | None
    figure: TestFigure | None
    unit: str
    seconds: float | None
    version: int | None
    champion: bool
    mlflow_run: str | None
    fault: str = ""

    @property
    def name(self) -> str:
        """What people call it: its version, or its run where it made none."""
        return f"v{self.version}" if self.version is not None else self.run


@dataclass(frozen=True, slots=True)
class CandidateRuns:
    """What one candidate reached on validation rows, by run; None where it failed or did not take part."""

    candidate: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class ExperimentsPage:
    """All runs of a project on one page, oldest first; `candidates` have a value for each of `lines`."""

    project: str
    lines: tuple[ExperimentLine, ...]
    candidates: tuple[CandidateRuns, ...]
    plot: Plot | None
    written_at: str


@dataclass(frozen=True, slots=True)
class ComparedText:
    """One setting or hash of several runs; None where a run has none."""

    name: str
    values: tuple[str | None, ...]

    @property
    def equal(self) -> bool:
        """Whether all runs have it and agree."""
        return None not in self.values and len(set(self.values)) == 1


@dataclass(frozen=True, slots=True)
class ComparedFigure:
    """One metric of several runs, None where a run was not measured by it; `differences` are from the first run."""

    name: str
    values: tuple[TestFigure | None, ...]

    @property
    def differences(self) -> tuple[float | None, ...]:
        """By how much each run lies above the first one."""
        first = self.values[0]
        return tuple(None if one is None or first is None else one.value - first.value for one in self.values)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs side by side: settings that differ, metrics, and which hashes are equal.

    `same_rows` tells whether all were judged on the same test rows: else differences of metrics say little.
    """

    lines: tuple[ExperimentLine, ...]
    settings: tuple[ComparedText, ...]
    figures: tuple[ComparedFigure, ...]
    hashes: tuple[ComparedText, ...]
    same_rows: bool
    plot: Plot | None
    written_at: str
