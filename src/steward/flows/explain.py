"""Why does the champion answer as it does - to one row, and to all?"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from steward.core.atomic import write_bytes_atomically
from steward.flows.champion import load_champion
from steward.flows.ports import Ports
from steward.flows.predict import asked_row, said_of
from steward.models.classes import name_of
from steward.models.explain import contributions
from steward.project.read import Project
from steward.registry.bundle import Bundle
from steward.reporting.explain_plots import steps
from steward.serving.explanation import Explanation, Moved
from steward.serving.request import rows_to_frame

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Explained:
    """One answer and what moved it; `moved` has feature, its value and its contribution, the strongest first.

    `base` is the usual answer and `total` this one, both on `scale`; `about` is the class meant, empty for a quantity.
    """

    answer: Mapping[str, Any]
    about: str
    scale: str
    base: float
    total: float
    moved: tuple[tuple[str, float | None, float], ...]


def explain_once(project: Project, row: str | None, ports: Ports) -> Explained:
    """Return why the champion answers one row as it does; its own example row by default."""
    loaded = load_champion(ports, project.spec.name)
    asked, frame = asked_row(project, loaded.bundle, row)
    predicted = loaded.bundle.predict(frame)
    said = said_of(project, loaded, asked, predicted)
    why = _explanation(loaded.bundle, frame, predicted)
    moved = tuple((one.feature, one.value, one.contribution) for one in why.moved)
    return Explained(said, why.about, why.scale, why.base, why.total, moved)


def explain_read(bundle: Bundle, row: Mapping[str, object]) -> Explanation:
    """Return what moved a bundle's answer to one row: raw request columns by name, times as naive datetimes."""
    frame = rows_to_frame([row], bundle.dictionary, bundle.inputs)
    return _explanation(bundle, frame, bundle.predict(frame))


def keep_picture(explained: Explained, path: Path) -> None:
    """Write the picture of one explanation as a PNG."""
    shown = explained.moved[:_SHOWN]
    names = [name if value is None else f"{name} = {value:g}" for name, value, _ in shown]
    rest = sum(part for _, _, part in explained.moved[_SHOWN:])
    parts = [part for _, _, part in shown]
    if len(explained.moved) > _SHOWN:
        names, parts = [*names, f"{len(explained.moved) - _SHOWN} others"], [*parts, rest]
    label = f"{explained.about or 'answer'} ({explained.scale})"
    write_bytes_atomically(path, steps(names, parts, base=explained.base, label=label))


def _explanation(bundle: Bundle, frame: pl.DataFrame, predicted: np.ndarray[Any, Any]) -> Explanation:
    features = _numbers(bundle, frame)
    found = contributions(bundle.model, features, _numbers(bundle, bundle.selftest))
    outputs = len(found.base)
    output = int(np.argmax(predicted[0])) if outputs > 1 else 0
    about = name_of(bundle.classes[output if outputs > 1 else -1]) if bundle.classes else ""
    parts = found.values[0, :, output]
    order = np.argsort(-np.abs(parts), kind="stable")
    moved = tuple(
        Moved(found.names[place], None if np.isnan(features[0, place]) else float(features[0, place]), float(parts[place]))
        for place in order
    )
    base = float(found.base[output])
    unit = bundle.manifest["unit"] or "answer"
    scale = found.scale if found.scale != "answer" else ("probability" if bundle.classes else unit)
    return Explanation(about, scale, base, base + float(parts.sum()), moved)


def _numbers(bundle: Bundle, rows: pl.DataFrame) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(bundle.features(rows).to_numpy(), dtype=np.float64)
