"""Does the world still look like the one the champion was made for?

A window is a month of source rows (with the truth in it, so that realised performance is judged too)
or what the prediction log holds (inputs and answers only). The verdict is remembered once per version
and content; an alarm goes on to `steward.flows.respond`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from steward.core.digest import digest_json
from steward.core.errors import EnvironmentFault, Fault, UsageError
from steward.flows.beside import attach_window
from steward.flows.champion import LoadedVersion, load_champion
from steward.flows.ports import Ports
from steward.flows.process import check_rows
from steward.flows.sources import gather_sources, read_files
from steward.models.classes import encode, name_of, unknown_classes
from steward.models.metrics import row_losses
from steward.models.zoo import Array
from steward.monitoring.drift import judge_drift
from steward.monitoring.history import WatchedWindow
from steward.monitoring.performance import PerformanceVerdict, judge_performance
from steward.monitoring.profile import Profile, prediction_column, profile
from steward.monitoring.watch import WindowVerdict, judge_window
from steward.project.periods import refuse_odd_period
from steward.project.read import Project
from steward.quality.clean import clean
from steward.registry.bundle import Bundle
from steward.serving.log import read_segments
from steward.serving.private import care_of, hidden_in
from steward.serving.request import rows_to_frame


@dataclass(frozen=True, slots=True)
class Watched:
    """A stored window with the verdict behind it; `known` where it had been watched before."""

    window: WatchedWindow
    verdict: WindowVerdict | None
    known: bool


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What a window's known outcomes say: how the error went, and the rows of each class that the model does not know."""

    performance: PerformanceVerdict | None = None
    unknown_classes: Mapping[str, int] = field(default_factory=dict)


def watch_something(project: Project, period: str | None, ports: Ports, *, from_log: bool) -> Watched:
    """Watch a month of source rows, or the whole prediction log of the champion.

    Raises:
        UsageError: WATCH-001 neither or both were asked for, WATCH-002 the period is none.
    """
    if from_log == (period is not None):
        fix = "name a month:  --period 2024-01   or watch what was answered:  --log"
        raise UsageError(Fault("WATCH-001", "what should be watched: a month, or the log?", fix=fix))
    if period is None:
        return watch_log(project, ports)
    refuse_odd_period(project, period)
    return watch_period(project, period, ports)


def watch_period(project: Project, period: str, ports: Ports) -> Watched:
    """Watch one month of source rows with the champion of now."""
    loaded = load_champion(ports, project.spec.name)
    sources = gather_sources(project, (period,), ports)
    _refuse_other_world(loaded, sources.origin, period)
    key = _key(loaded, period, [file.sha256 for file in sources.files])
    known = _settled(key, ports)
    if known is not None:
        return known
    ports.progress.started("watch")
    raw = read_files(project, sources.files).frame
    rows = clean(check_rows(project, raw).kept, project.spec.cleaning).frame
    predicted = loaded.bundle.predict(rows)
    return _remember(project, loaded, period, key, rows, predicted, _outcomes(project, loaded, rows, predicted), ports)


def watch_log(project: Project, ports: Ports) -> Watched:
    """Watch what the champion answered: logged inputs and predictions, without the truth.

    What is made of columns that the log hides is not watched; what they do to the model shows in its answers.
    """
    loaded = load_champion(ports, project.spec.name)
    records = read_segments(ports.workspace.predictions / project.spec.name)
    mine = [record for record in records if record["version"] == loaded.version.number]
    label = f"{len(mine)} logged predictions"
    key = _key(loaded, label, [str(record["prediction_id"]) for record in mine])
    known = _settled(key, ports)
    if known is not None:
        return known
    hidden = hidden_in([record["row"] for record in mine]) | care_of(project.dictionary, project.spec.serving).left_out
    shown = [{name: value for name, value in record["row"].items() if name not in hidden} for record in mine]
    rows = rows_to_frame(shown, project.dictionary, loaded.bundle.inputs)
    return _remember(project, loaded, label, key, rows, _logged(mine, loaded.bundle), Outcomes(), ports, hidden)


def _refuse_other_world(loaded: LoadedVersion, origin: str, period: str) -> None:
    """Raise unless champion and window are both about the world, or both made up."""
    learned = str(loaded.version.facts.get("origin"))
    if (origin == "simulated") == (learned == "simulated"):
        return
    what = f"{period} would be {_world(origin)}, but {loaded.version} learned from {_world(learned)}"
    fix = "give the folder with the real month:  --data FOLDER   (or STEWARD_DATA); or watch with a champion of the same kind"
    raise EnvironmentFault(Fault("WATCH-003", what, why="comparing the two says nothing", fix=fix))


def _world(origin: str) -> str:
    return "simulated rows" if origin == "simulated" else "real rows"


def _settled(key: str, ports: Ports) -> Watched | None:
    """Return a window that was watched before and needs nothing more; an alarm without a decision is judged again."""
    known = ports.windows.find(key)
    if known is None or (known.alarm and not known.answered):
        return None
    return Watched(known, None, known=True)


def _key(loaded: LoadedVersion, label: str, content: Sequence[str]) -> str:
    return digest_json({"bundle": loaded.version.digest, "label": label, "content": list(content)})


def _logged(records: Sequence[Mapping[str, Any]], bundle: Bundle) -> Array:
    """Return the answers that were logged, as the model gave them."""
    if not bundle.classes:
        return np.asarray([record["prediction"] for record in records], dtype=np.float64)
    names = [name_of(label) for label in bundle.classes]
    rows = [[record["probabilities"][name] for name in names] for record in records]
    return np.asarray(rows, dtype=np.float64).reshape(len(records), len(names))


def _outcomes(project: Project, loaded: LoadedVersion, rows: pl.DataFrame, predicted: Array) -> Outcomes:
    """Return what the known outcomes of a window say; a class the model never learnt is counted apart."""
    losses, classes = loaded.bundle.reference.get("losses"), loaded.bundle.classes
    if not isinstance(losses, Mapping) or project.spec.target not in rows.columns or not rows.height:
        return Outcomes()
    target = rows[project.spec.target]
    unknown = unknown_classes(target, classes) if classes else {}
    truth = encode(target, classes) if classes else target.cast(pl.Float64).to_numpy()
    known = np.isfinite(truth)
    if not losses["mean"] or not known.any():  # without any error then, nothing can be compared with it
        return Outcomes(None, unknown)
    metric = str(losses["metric"])
    current = row_losses(metric, truth[known], predicted[known])
    reference = (losses["mean"], losses["variance"], int(losses["rows"]))
    return Outcomes(judge_performance(reference, current, metric), unknown)


def _without(reference: Profile, bundle: Bundle, hidden: Collection[str]) -> Profile:
    """Leave out of a profile what is made of hidden columns."""
    blind = {name for name in bundle.wanted if bundle.program.lineage(name) & frozenset(hidden)}
    return Profile(reference.rows, {name: column for name, column in reference.columns.items() if name not in blind})


def _remember(
    project: Project,
    loaded: LoadedVersion,
    label: str,
    key: str,
    rows: pl.DataFrame,
    predicted: Array,
    outcomes: Outcomes,
    ports: Ports,
    hidden: Collection[str] = (),
) -> Watched:
    spec = project.spec.watch
    reference = _without(Profile.from_dict(loaded.bundle.reference["profile"]), loaded.bundle, hidden)
    seen = loaded.bundle.features(rows).with_columns(prediction_column(predicted, loaded.bundle.classes))
    current = profile(seen, loaded.bundle.categories, like=reference)
    drift = judge_drift(reference, current, loaded.bundle.importance, budget=spec.budget, min_rows=spec.min_rows)
    verdict = judge_window(drift, outcomes.performance, spec.alert, outcomes.unknown_classes)
    window = WatchedWindow(
        key=key,
        model=project.spec.name,
        version=loaded.version.number,
        label=label,
        severity=verdict.severity,
        alarm=verdict.alarm,
        answered=False,
        verdict=verdict.as_dict(),
        created_at=ports.clock.now().isoformat(),
    )
    ports.progress.finished("watch", f"{rows.height:,} rows of {label} against v{loaded.version.number}")
    attach_window(loaded.version, window, ports)
    return Watched(ports.windows.add(window, actor=ports.actor), verdict, known=False)
