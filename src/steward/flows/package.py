"""What goes into a bundle, so that it can answer anywhere and be judged years later?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from steward.core.tasks import Label
from steward.core.workspace import Workspace
from steward.flows.evaluate import Evaluated
from steward.flows.features import ROW, Featured, split_rows
from steward.flows.figures import performance_reference
from steward.flows.ingest import Frames, Ingested
from steward.flows.matrices import code_columns, matrix
from steward.flows.ports import Ports
from steward.flows.process import Cleaned
from steward.flows.steps import Done, Runner
from steward.flows.train import Baseline, TrainedModel
from steward.flows.watch_faults import arrived_reference
from steward.models.zoo import Array, Fitted
from steward.monitoring.reference import make_reference
from steward.monitoring.sketch import prediction_column
from steward.project.read import Project
from steward.registry.bundle import Bundle, BundleContent, library_versions, read_bundle, write_bundle

_SELF_TEST_ROWS = 100


@dataclass(frozen=True, slots=True)
class Packaged:
    """A bundle on disk, the hashes to keep outside of it, and the facts its version will carry."""

    digest: str
    files: Mapping[str, str]
    facts: Mapping[str, Any]
    baseline: Baseline

    def load(self, workspace: Workspace) -> Bundle:
        """Return the bundle, verified."""
        return read_bundle(workspace.bundles / self.digest, self.files)

    def megabytes(self, workspace: Workspace) -> float:
        """Return the size of all its files together."""
        return sum((workspace.bundles / self.digest / name).stat().st_size for name in self.files) / 1e6


def package(
    project: Project,
    ingested: Ingested,
    cleaned: Cleaned,
    featured: Featured,
    trained: TrainedModel,
    evaluated: Evaluated,
    ports: Ports,
    runner: Runner,
    frames: Frames,
) -> Packaged:
    """Write the bundle of a trained model; the same content makes the same bundle, whichever run wrote it."""
    facts = _facts(project, ingested, cleaned, featured, trained, evaluated)
    libraries = dict(library_versions(trained.kind))
    depends = {"model": trained.digest, "features": featured.snapshot, "facts": facts, "libraries": libraries}
    depends |= {} if project.spec.watch.estimate else {"estimate": {}}
    depends |= {} if project.spec.watch.season else {"season": {}}

    def work() -> Done:
        content = _content(project, ingested, cleaned, featured, trained, evaluated, facts, ports, frames)
        record = write_bundle(ports.workspace.bundles, content)
        note = f"{record.digest[:12]}, {len(record.files)} files"
        return Done({"digest": record.digest, "hashes": dict(record.files)}, note, (f"bundles/{record.digest}",))

    output = runner.step("bundle", depends, work)
    return Packaged(output["digest"], output["hashes"], facts, trained.baseline)


def _facts(
    project: Project, ingested: Ingested, cleaned: Cleaned, featured: Featured, trained: TrainedModel, evaluated: Evaluated
) -> dict[str, Any]:
    """Return what a version says about itself, the same for every run of the same content."""
    return {
        "origin": ingested.origin,
        "snapshot": ingested.snapshot,
        "clean": cleaned.snapshot,
        "sources": [{"period": f["period"], "name": f["path"], "sha256": f["sha256"]} for f in ingested.files],
        "train": list(project.spec.split.train),
        "test": list(project.spec.split.test),
        "rows": dict(trained.rows),
        "quarantined": cleaned.quarantined,
        "features": list(featured.program.wanted),
        "left_out": list(featured.program.left_out),
        "metrics": {name: value["value"] for name, value in evaluated.metrics.items()},
        "parameters": {"candidate": trained.chosen, **trained.settings},
        "unit": project.spec.unit,
        "overrides": [text for text in project.overrides if not text.startswith("split.")],
        **({"classes": list(trained.classes)} if trained.classes else {}),
        **({"inside": dict(evaluated.inside)} if evaluated.inside else {}),
    }


def _content(
    project: Project,
    ingested: Ingested,
    cleaned: Cleaned,
    featured: Featured,
    trained: TrainedModel,
    evaluated: Evaluated,
    facts: Mapping[str, Any],
    ports: Ports,
    frames: Frames,
) -> BundleContent:
    model, fitting, rule, program = trained.load(ports), trained.fitting(ports), trained.rule(ports), featured.program
    split, clean = split_rows(project, frames.get(featured.snapshot)), frames.get(cleaned.snapshot)
    categories = code_columns(project, program.wanted)
    serving = program.with_fitted(fitting)
    selftest = clean.select(serving.inputs)[_spread(split.test)]
    metric = str(evaluated.losses["metric"])
    later = performance_reference(project, trained, model, fitting, rule, split, categories=categories, metric=metric)
    rows = pl.concat([split.train, split.validation])
    learned = fitting.apply(rows).select(program.wanted)
    answers, at = rule.apply(_answers(model, learned, program.wanted)), rows[project.spec.time] if project.spec.time else None
    arrived = arrived_reference(frames.get(ingested.snapshot), project.dictionary, apart=cleaned.quarantined)
    return BundleContent(
        model=model,
        task=project.spec.task,
        classes=trained.classes,
        target=project.spec.target,
        unit=project.spec.unit,
        features_source=project.features_path.read_bytes(),
        wanted=program.wanted,
        left_out=dict.fromkeys(program.left_out, "its lookup could not be had"),
        categories=categories,
        lookups=program.lookups,
        fitting=fitting,
        rule=rule,
        dictionary=project.dictionary,
        reference=_reference(model, trained.classes, answers, learned, at, categories, season=project.spec.watch.season)
        | {"losses": dict(evaluated.losses), **later, **arrived},
        provenance=facts,
        selftest=selftest,
        expected=rule.apply(_answers(model, serving.matrix(selftest), program.wanted)),
        libraries=library_versions(model.kind),
    )


def _spread(test: pl.DataFrame) -> list[int]:
    """Return the places of some test rows, evenly over the time they cover."""
    count = min(_SELF_TEST_ROWS, test.height)
    places = np.linspace(0, test.height - 1, count).astype(np.int64)
    return test[ROW].gather(places.tolist()).to_list()


def _answers(model: Fitted, features: pl.DataFrame, wanted: tuple[str, ...]) -> Array:
    return model.predict(matrix(features, wanted))


def _reference(
    model: Fitted,
    classes: tuple[Label, ...],
    answers: Array,
    learned: pl.DataFrame,
    at: pl.Series | None,
    categories: tuple[str, ...],
    *,
    season: bool,
) -> dict[str, Any]:
    """Return what the rows of later windows are compared with: the rows learned from, and what was answered to them."""
    seen = learned.cast(pl.Float64).with_columns(prediction_column(answers, classes))
    importance = dict(zip(model.names, model.importance().tolist(), strict=True))
    return make_reference(seen, at, categories, importance, season=season).as_dict()
