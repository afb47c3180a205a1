"""How do several runs differ: in their settings, their metrics, their rows and their code?"""

import re
from collections.abc import Mapping, Sequence

from steward.core.digest import digest_json
from steward.core.errors import Fault, UsageError
from steward.core.runs import Run
from steward.flows.experiments import PageWritten, experiment_line, write_page
from steward.flows.ports import Ports
from steward.flows.snapshots import ALL_RUNS
from steward.project.flat import flat
from steward.registry.versions import Version
from steward.reporting.contents import TestFigure
from steward.reporting.experiment_contents import ComparedFigure, ComparedText, Comparison
from steward.reporting.recorded import figures, mapping

_VERSION = re.compile(r"v(\d{1,9})")
_STEPS = {"raw rows": "ingest", "clean rows": "clean", "features": "features"}
_UNTOLD = ("title", "name")


def compare_experiments(references: Sequence[str], ports: Ports, *, project: str | None = None) -> Comparison:
    """Return runs side by side; all differences are from the first.

    Args:
        references: at least two: the beginning of a run's id, or a version as `v3`.
        ports: the outside world.
        project: whose versions are meant; needed where the workspace has several projects.

    Raises:
        UsageError: TRACK-004 a reference names no run, or several; TRACK-005 these runs cannot be compared.
    """
    from steward.reporting.experiment_plots import comparison_picture

    runs = tuple(_find(reference, ports, project) for reference in references)
    _refuse_incomparable(references, runs)
    name = runs[0].project
    champion = ports.registry.champion(name)
    versions = {version.number: version for version in ports.registry.versions(name)}
    lines = tuple(experiment_line(run, versions, champion.number if champion else None) for run in runs)
    hashes = tuple(_hashes(run, _version_of(run, versions), ports) for run in runs)
    return Comparison(
        lines=lines,
        settings=tuple(row for row in _texts([_settings(run, _version_of(run, versions)) for run in runs]) if not row.equal),
        figures=_figures([_measured(run) for run in runs]),
        hashes=_texts(hashes),
        same_rows=len({(told.get("clean rows"), digest_json(_split(run))) for told, run in zip(hashes, runs, strict=True)}) == 1,
        plot=comparison_picture(lines),
        written_at=ports.clock.now().isoformat(),
    )


def write_comparison_page(compared: Comparison, ports: Ports) -> PageWritten:
    """Write the page of a comparison, with its picture beside it."""
    from steward.reporting.experiment_pages import render_comparison

    stem = "-".join([compared.lines[0].project, "compare", *(line.name for line in compared.lines)])
    return write_page(ports.workspace.reports / stem, render_comparison(compared), compared.plot.png if compared.plot else None)


def _find(reference: str, ports: Ports, project: str | None) -> Run:
    known = ports.runs.projects()
    projects = [name for name in known if project in (None, name)]
    fix = "see  steward experiments"
    if match := _VERSION.fullmatch(reference):
        if len(projects) != 1:
            what = f"whose {reference}? this workspace has {len(projects)} projects" if projects else "nothing has run here yet"
            raise UsageError(Fault("TRACK-004", what, fix=f"name one:  --project {projects[0]}" if projects else fix))
        reference = ports.registry.version(projects[0], int(match[1])).run
    runs = [run for name in projects for run in ports.runs.runs(name, limit=ALL_RUNS) if run.id.startswith(reference)]
    if len(runs) != 1:
        what = f"{len(runs)} runs begin with {reference!r}" if runs else f"no run begins with {reference!r}"
        raise UsageError(Fault("TRACK-004", what, fix=fix))
    return runs[0]


def _refuse_incomparable(references: Sequence[str], runs: Sequence[Run]) -> None:
    idle = [reference for reference, run in zip(references, runs, strict=True) if "leaderboard" not in run.result]
    if idle:
        raise UsageError(Fault("TRACK-005", f"run {idle[0]} trained nothing to the end", fix="see  steward experiments"))
    if len({run.project for run in runs}) > 1:
        told = ", ".join(f"{reference} is of {run.project}" for reference, run in zip(references, runs, strict=True))
        raise UsageError(Fault("TRACK-005", f"runs of several projects answer different questions: {told}"))
    if len({run.id for run in runs}) < max(len(runs), 2):
        raise UsageError(Fault("TRACK-005", "a comparison needs at least two different runs", fix="see  steward experiments"))


def _version_of(run: Run, versions: Mapping[int, Version]) -> Version | None:
    number = run.result.get("version")
    return versions.get(number) if isinstance(number, int) else None


def _split(run: Run) -> object:
    return mapping(run.frozen.get("project")).get("split")


def _settings(run: Run, version: Version | None) -> dict[str, str]:
    declared = mapping(run.frozen.get("project"))
    told = {name: value for name, value in declared.items() if name not in _UNTOLD}
    chosen = version.facts.get("parameters") if version else {"candidate": run.result.get("chosen")}
    return {**flat(chosen, "chosen"), **flat(told)}


def _measured(run: Run) -> dict[str, TestFigure]:
    return {found.name: found for found in figures({}, run.result)}


def _hashes(run: Run, version: Version | None, ports: Ports) -> dict[str, str]:
    left = {step.name: step.output for step in ports.runs.steps(run.id) if step.status == "finished"}
    rows = {name: str(left[step]["snapshot"]) for name, step in _STEPS.items() if step in left}
    made = {"features.py": version.files.get("features.py"), "bundle": version.digest} if version else {}
    commit = mapping(version.facts.get("commit")).get("sha") if version else None
    told = {**rows, "declaration": digest_json(run.frozen), **made, "commit": commit}
    return {name: str(value) for name, value in told.items() if value}


def _texts(columns: Sequence[Mapping[str, str]]) -> tuple[ComparedText, ...]:
    names = dict.fromkeys(name for column in columns for name in column)
    return tuple(ComparedText(name, tuple(column.get(name) for column in columns)) for name in names)


def _figures(columns: Sequence[Mapping[str, TestFigure]]) -> tuple[ComparedFigure, ...]:
    names = dict.fromkeys(name for column in columns for name in column)
    return tuple(ComparedFigure(name, tuple(column.get(name) for column in columns)) for name in names)
