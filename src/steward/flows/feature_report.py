"""What are the features, how do they lie, what do they tell? The feature dictionary, as JSON and as a page.

Figures are of training and validation rows: who looks at the test rows to choose features has no test any more.
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from steward.core.atomic import write_text_atomically
from steward.features.alone import MOST_ROWS, Alone
from steward.features.dictionary import FeatureEntry, describe_features
from steward.features.importance import GAIN_ROWS, INFORMATION_ROWS, gain_shares, mutual_information
from steward.features.relation import relate
from steward.features.statistics import Associations, associate
from steward.flows.features import Featured
from steward.flows.ingest import Frames, Ingested
from steward.flows.leaks import GuardedRows, Leak, find_leaks, rows_to_guard, score_inputs
from steward.flows.matrices import code_columns, learnable
from steward.flows.ports import Ports
from steward.models.classes import name_of
from steward.project.dictionary import DictionarySpec
from steward.project.read import Project
from steward.quality.figures import ColumnFigures
from steward.quality.profile import LEAST_ROWS_SHOWN, profile_table
from steward.reporting.feature_contents import FeatureContents, FeatureLine, Importance, Suspicion, as_json, top
from steward.reporting.feature_report import render_features_html

_SEED = 7
_PAIR_ROWS = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """Training and validation rows as a model gets them, training rows first, and the truth beside them."""

    table: pl.DataFrame
    target: np.ndarray[Any, np.dtype[np.float64]]
    learned: int
    classes: int
    codes: tuple[str, ...]


def tell_features(
    project: Project, run: str, ingested: Ingested, clean: str, featured: Featured, ports: Ports, frames: Frames
) -> Mapping[str, Any]:
    """Write the feature dictionary and its page; return where they are (from the workspace), what tells most, what is suspected.

    Raises:
        UsageError: DATA-040 a part of the split is empty, and what `classes_of` raises.
    """
    ports.progress.started("feature report")
    rows = rows_to_guard(project, frames.get(clean), frames.get(featured.snapshot), featured.program)
    contents = feature_contents(rows, run, ingested.origin, featured.snapshot)
    folder = ports.workspace.reports / project.spec.name / "features"
    pages = {"html": folder / "features.html", "json": folder / "features.json"}
    write_text_atomically(pages["html"], render_features_html(contents))
    write_text_atomically(pages["json"], json.dumps(as_json(contents), indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    where = {kind: path.relative_to(ports.workspace.home).as_posix() for kind, path in pages.items()}
    ports.progress.finished("feature report", f"{len(contents.lines)} features, {sum(contents.rows.values()):,} rows")
    return {**where, "top": list(top(contents)), "refused": [one.what for one in contents.refused]}


def read_dictionary(home: Path, told: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the feature dictionary that `tell_features` wrote, as JSON."""
    found: Mapping[str, Any] = json.loads((home / str(told["json"])).read_text(encoding="utf-8"))
    return found


def feature_contents(rows: GuardedRows, run: str, origin: str, snapshot: str) -> FeatureContents:
    """Return everything that is told of the features of some rows."""
    project, spec = rows.project, rows.project.spec
    measured, scores = _measure(rows), score_inputs(rows)
    importance = _importance(measured, scores)
    order = sorted(importance, key=lambda name: -importance[name].gain)
    pairs = associate(_paired(measured, order, spec.target), [*measured.codes, *([spec.target] if measured.classes else [])])
    entries = {entry.name: entry for entry in _entries(rows)}
    # A blueprint goes by its name, a folder by its own: where it stands on this machine is nobody's business.
    command = f"{project.folder.name}{' --data FOLDER' if origin == 'folder' else ''}{_overrides(project)}"
    return FeatureContents(
        project=spec.name,
        title=spec.title,
        target=spec.target,
        unit=spec.unit,
        task=spec.task,
        classes=tuple(name_of(label) for label in rows.classes),
        about=_periods(project),
        run=run,
        origin=origin,
        snapshot=snapshot,
        rows={"training": rows.split.train.height, "validation": rows.split.validation.height},
        drawn={"gain": GAIN_ROWS, "alone": MOST_ROWS, "information": INFORMATION_ROWS, "pairs": _PAIR_ROWS},
        lines=_lines(order, entries, importance, pairs, measured, spec.target),
        pairs=pairs,
        left_out=rows.program.left_out,
        suspicions=tuple(_suspicion(leak) for leak in find_leaks(rows, scores)),
        commands=(f"steward features {command}",),
        following=f"steward run {command}",
    )


def _measure(rows: GuardedRows) -> _Measured:
    project, program = rows.project, rows.program
    taught = learnable(project, program, rows.split.train, rows.classes)
    matrix, target = taught.sample
    other, answers = taught.other(project, program, rows.split.validation, rows.classes)
    whole = np.vstack([matrix, other])
    table = pl.DataFrame({name: whole[:, place] for place, name in enumerate(program.wanted)}).fill_nan(None)
    codes = code_columns(project, program.wanted)
    return _Measured(table, np.concatenate([target, answers]), len(target), len(rows.classes), codes)


def _importance(measured: _Measured, scores: tuple[Alone, ...]) -> Mapping[str, Importance]:
    """Return how much each feature tells, by its name; learned from training rows alone."""
    matrix, target = measured.table.head(measured.learned).to_numpy(), measured.target[: measured.learned]
    matrix = np.where(np.isfinite(matrix), matrix, np.nan).astype(np.float64)
    places = [place for place, name in enumerate(measured.table.columns) if name in measured.codes]
    gains = gain_shares(matrix, target, classes=measured.classes, codes=places)
    nats = mutual_information(matrix, target, classes=measured.classes, codes=places)
    found = zip(gains.shares, gains.shadows, scores, nats, strict=True)
    return {alone.name: Importance(gain, shadow, alone, known) for gain, shadow, alone, known in found}


def _paired(measured: _Measured, order: list[str], target: str) -> pl.DataFrame:
    table = measured.table.select(order).with_columns(pl.Series(target, measured.target))
    return table if table.height <= _PAIR_ROWS else table.sample(_PAIR_ROWS, seed=_SEED)


def _entries(rows: GuardedRows) -> tuple[FeatureEntry, ...]:
    made = rows.program.program.run(rows.clean.head(2)).schema
    spec, fitted = rows.project.spec, rows.program.fitted
    return describe_features(rows.program.lineage, made, rows.project.dictionary, fitted, spec.unit)


def _lines(
    order: list[str],
    entries: Mapping[str, FeatureEntry],
    importance: Mapping[str, Importance],
    pairs: Associations,
    measured: _Measured,
    target: str,
) -> tuple[FeatureLine, ...]:
    figures = _figures(measured.table.select(order), entries)
    lines = []
    for name in order:
        entry = entries[name]
        fewest = LEAST_ROWS_SHOWN if entry.care != "none" else 1
        levels = relate(
            measured.table[name],
            measured.target,
            classes=measured.classes,
            codes=entry.codes,
            is_code=name in measured.codes,
            fewest=fewest,
        )
        together, measure = pairs.of(name, target), pairs.measure(name, target)
        lines.append(FeatureLine(entry, figures[name], importance[name], levels, together, measure))
    return tuple(lines)


def _figures(table: pl.DataFrame, entries: Mapping[str, FeatureEntry]) -> Mapping[str, ColumnFigures]:
    """Return the figures of each feature in the type it was made in; the matrix holds only numbers with fractions."""
    typed = table.with_columns(pl.col(name).cast(pl.Int64) for name in table.columns if entries[name].type == "integer")
    dictionary = DictionarySpec(columns={name: entries[name].as_column() for name in table.columns})
    return {column.name: column for column in profile_table(typed, dictionary).columns}


def _suspicion(leak: Leak) -> Suspicion:
    return Suspicion(leak.fault.code, leak.fault.what, leak.fault.fix, leak.because)


def _periods(project: Project) -> str:
    labels = project.spec.split.train
    return ", ".join(labels) if len(labels) <= 4 else f"{labels[0]} to {labels[-1]}"  # noqa: PLR2004 - so many fit on a line


def _overrides(project: Project) -> str:
    return "".join(f" --set {shlex.quote(override)}" for override in project.overrides)
