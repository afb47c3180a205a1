"""What is there to tell a tracker about a version? Collected from what was recorded when it was made."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from steward.core.runs import Run
from steward.flows.champion import load_version
from steward.flows.evaluate import SEED
from steward.flows.ports import Ports
from steward.flows.report import collect_report
from steward.flows.snapshots import run_of
from steward.flows.steps import code_digest
from steward.project.commit import commit_from
from steward.project.dictionary import ColumnType
from steward.project.flat import flat
from steward.registry.bundle import Bundle
from steward.registry.tracking import Experiment, RowsUsed, Signature, Trial
from steward.registry.versions import Version
from steward.reporting.contents import ModelReport, Plot, TestFigure
from steward.reporting.page import figure
from steward.reporting.recorded import mapping, read_as

_PAGES = ("quality.html", "quality.md", "features.html", "features.json")
_SETTINGS = ("task", "target", "split", "gate", "fitted", "tuning")

Outputs = Mapping[str, Mapping[str, Any]]
"""What each step of a run left, by its name."""


def experiment_of(version: Version, ports: Ports, so_far: Mapping[str, object] | None = None) -> Experiment:
    """Return everything a tracker is told of a version; `so_far` is the result of its run where that still goes on.

    Raises:
        Refused: BUNDLE-xxx its bundle is not what was recorded.
    """
    run = run_of(version.run, version.model, ports)
    left: Outputs = {step.name: step.output for step in ports.runs.steps(version.run) if step.status == "finished"}
    declared = mapping(run.frozen.get("project")) if run else {}
    bundle = load_version(ports.workspace, version).bundle
    report = collect_report(version, ports.registry.champion(version.model), ports, so_far=so_far)
    return Experiment(
        model=version.model,
        version=version.number,
        key=version.digest,
        parameters=_parameters(version, declared),
        metrics=_metrics(version, left),
        tags=_tags(version, run, ports),
        artifacts=ports.workspace.bundles / version.digest,
        started_at=run.started_at if run else version.created_at,
        finished_at=version.created_at,
        kind=str(bundle.manifest["kind"]),
        description=_description(version, left),
        trials=_trials(left, declared),
        rows=_rows(left, bundle),
        signature=_signature(bundle),
        pictures=_pictures(report),
        documents=_documents(version, run, left, ports),
    )


def _parameters(version: Version, declared: Mapping[str, object]) -> dict[str, str]:
    facts = version.facts
    counted = {f"rows.{part}": str(count) for part, count in mapping(facts.get("rows")).items()}
    settings = flat({name: declared[name] for name in _SETTINGS if declared.get(name)})
    features = flat({"features": facts.get("features") or []})
    return {**settings, **counted, **features, "evaluation.seed": str(SEED), **flat(mapping(facts.get("parameters")))}


def _metrics(version: Version, left: Outputs) -> dict[str, float]:
    """Return test metrics with the bounds of their intervals, the chosen candidate's on validation rows, and the gain."""
    measured = mapping(left.get("evaluate", {}).get("metrics")) or {
        name: {"value": value} for name, value in mapping(version.facts.get("metrics")).items()
    }
    named = {"value": "{}", "low": "{}_low", "high": "{}_high"}
    test = {
        named[part].format(name): value
        for name, bounds in measured.items()
        for part, value in mapping(bounds).items()
        if part in named
    }
    chosen = next((trial.metrics for trial in _trials(left, {}) if trial.chosen), {})
    verdict = mapping(version.facts.get("verdict"))
    gain = {("gain" if part == "gain" else f"gain_{part}"): verdict.get(part) for part in ("gain", "low", "high")}
    both = {**test, **{f"validation_{name}": value for name, value in chosen.items()}, **gain}
    return {name: float(value) for name, value in both.items() if isinstance(value, int | float)}


def _tags(version: Version, run: Run | None, ports: Ports) -> dict[str, str]:
    facts, (entries, head) = version.facts, ports.journal.head()
    origin, commit = str(facts.get("origin")), commit_from(facts.get("commit"))
    verdict = mapping(facts.get("verdict"))
    tags = {
        "project": version.model,
        "steward.version": str(version.number),
        "steward.run": version.run,
        "steward.code": code_digest(),
        "bundle": version.digest,
        "features.py": version.files.get("features.py", ""),
        "data": origin if origin in ("simulated", "bent") else "real",
        "origin": origin,
        "gate": "passed" if verdict.get("passed") else "refused",
        "trigger": run.trigger if run else "",
        "actor": ports.actor,
        "command": f"steward run {version.model}",
        "journal.head": f"{entries} {head}",
        **({"commit": commit.sha, "commit_dirty": str(commit.dirty)} if commit else {}),
    }
    return {name: value for name, value in tags.items() if value}


def _description(version: Version, left: Outputs) -> str:
    verdict = mapping(version.facts.get("verdict"))
    metric = str(verdict.get("metric"))
    found = read_as(TestFigure, {**mapping(mapping(left.get("evaluate", {}).get("metrics")).get(metric)), "name": metric})
    reached = f"{metric} {figure(found.value)} [{figure(found.low)}, {figure(found.high)}] on test rows. " if found else ""
    origin = str(version.facts.get("origin"))
    loud = f"**{origin.upper()} DATA**: no figure here is about the world. " if origin in ("simulated", "bent") else ""
    return (
        f"{loud}**{version}** of Steward. {reached}\n\nGate: {verdict.get('reason', 'not judged')}\n\n"
        f"`steward report {version.model} --version {version.number}` writes its page, `steward status {version.model}` says "
        "where it stands."
    )


def _trials(left: Outputs, declared: Mapping[str, object]) -> tuple[Trial, ...]:
    board = left.get("train", {}).get("board", ())
    candidates = declared.get("candidates")
    specs = candidates if isinstance(candidates, list) and len(candidates) == len(board) else [{}] * len(board)
    return tuple(_trial(entry, spec) for entry, spec in zip(board, specs, strict=True))


def _trial(entry: Mapping[str, Any], spec: object) -> Trial:
    """Return one line of the leaderboard; an entry's own parameters, found by tuning, come before the declared ones."""
    metrics = {str(entry["metric"]): entry["validation"], **mapping(entry.get("metrics"))}
    return Trial(
        name=str(entry["kind"]),
        parameters=flat(mapping(entry.get("parameters")) or spec),
        metrics={name: float(value) for name, value in metrics.items() if isinstance(value, int | float)},
        seconds=entry.get("seconds"),
        chosen=bool(entry["chosen"]),
        failure=str(entry.get("note") or "") if entry["validation"] is None else "",
    )


def _rows(left: Outputs, bundle: Bundle) -> tuple[RowsUsed, ...]:
    raw: dict[str, ColumnType] = {name: column.type for name, column in bundle.dictionary.columns.items()}
    wanted: dict[str, ColumnType] = dict.fromkeys(bundle.wanted, "number")
    clean = left.get("clean", {})
    uses = (("raw rows", "ingest", raw, "rows"), ("clean rows", "clean", raw, "rows"), ("features", "features", wanted, ""))
    return tuple(
        RowsUsed(name, "training and test" if step == "features" else step, str(left[step]["snapshot"]), count, columns)
        for name, step, columns, key in uses
        if step in left
        for count in (left[step].get(key) if key else clean.get("rows"),)
    )


def _signature(bundle: Bundle) -> Signature:
    columns = bundle.dictionary.columns
    example = bundle.selftest.row(0, named=True)
    answer: dict[str, ColumnType] = {"prediction": "text" if bundle.classes else "number"}
    answer |= {f"probability of {label}": "number" for label in bundle.classes}
    return Signature(
        inputs={name: columns[name].type for name in bundle.inputs if name in columns},
        outputs=answer,
        optional=frozenset(name for name in bundle.inputs if name in columns and not columns[name].required),
        example={name: _plain(example[name]) for name in bundle.inputs if name in columns and name in example},
    )


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _pictures(report: ModelReport) -> dict[str, bytes]:
    """Return every picture of a report, whatever section it stands in."""
    held = [getattr(report, field.name) for field in fields(report)]
    plots = [plot for value in held for plot in (value if isinstance(value, tuple) else (value,)) if isinstance(plot, Plot)]
    return {plot.title: plot.png for plot in plots}


def _documents(version: Version, run: Run | None, left: Outputs, ports: Ports) -> dict[str, bytes]:
    told: dict[str, object] = {
        "gate/verdict.json": version.facts.get("verdict"),
        "data/sources.json": left.get("ingest", {}).get("sources") or version.facts.get("sources"),
        "leaderboard.json": left.get("train", {}).get("board"),
        "project.json": run.frozen if run else None,
    }
    written = {name: json.dumps(value, indent=2, ensure_ascii=False).encode() for name, value in told.items() if value}
    latest = ports.runs.latest(version.model)
    # The pages of a project are about its newest run.
    pages = [ports.workspace.reports / f"{version.model}-{page}" for page in _PAGES] if latest and latest.id == version.run else []
    return {**written, **{f"reports/{page.name}": page.read_bytes() for page in pages if page.is_file()}}
