"""How does a window come from batches? Each hour or day of the log is counted once, and windows are merged from what was kept.

So rows that were removed for their age are still in the windows that are judged later.
"""

import json
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from steward.core.digest import digest_json
from steward.flows.champion import LoadedVersion
from steward.flows.ports import Ports
from steward.flows.watch import sketch_rows
from steward.models.zoo import Array
from steward.monitoring.history import StoredSketch
from steward.monitoring.reference import Reference
from steward.monitoring.season import slots_of
from steward.monitoring.sketch import Sketch, merge
from steward.monitoring.window import Window, batches_of
from steward.project.read import Project


@dataclass(frozen=True, slots=True)
class Merged:
    """The sketch of a window, and its rows by hour of the week."""

    sketch: Sketch
    slots: Mapping[int, int]


def merge_batches(
    loaded: LoadedVersion,
    window: Window,
    rows: pl.DataFrame,
    at: pl.Series,
    predicted: Array,
    reference: Reference,
    project: Project,
    ports: Ports,
) -> Merged:
    """Return a window merged from the sketches of its batches; those that are not kept yet are made and kept.

    Args:
        loaded: the version that answered.
        window: which one.
        rows: those that are still there, raw columns the model asks for.
        at: when each was answered.
        predicted: the answers.
        reference: decides the cells.
        project: names the event's time, which tells the hour of the week; when a row was answered where it has none.
        ports: the outside world.
    """
    keys = {_key(loaded, batch, reference): batch for batch in batches_of(window)}
    stored = ports.sketches.find(keys)
    found: list[Merged] = []
    new: list[StoredSketch] = []
    for key, batch in keys.items():
        mine = (at >= batch.start) & (at < batch.end)
        count, kept = int(mine.sum()), stored.get(key)
        if kept is not None and kept.rows >= count:
            found.append(_unpack(kept.packed))
        elif count:
            some = rows.filter(mine)
            sketch = sketch_rows(loaded.bundle, loaded.bundle.features(some), predicted[mine.to_numpy()], reference)
            found.append(Merged(sketch, _slots(project, some, at.filter(mine))))
            new.append(_stored(key, loaded, batch, found[-1]))
    if new:
        ports.sketches.keep(new)
    slots: Counter[int] = Counter()
    for one in found:
        slots.update(one.slots)
    return Merged(merge(one.sketch for one in found), dict(slots))


def _key(loaded: LoadedVersion, batch: Window, reference: Reference) -> str:
    cells = sorted(reference.sketch.columns)  # without those that the log hides
    return digest_json({"bundle": loaded.version.digest, "source": "log", "span": list(batch.texts), "columns": cells})


def _slots(project: Project, rows: pl.DataFrame, at: pl.Series) -> Mapping[int, int]:
    time = project.spec.time
    local = at.dt.convert_time_zone(project.spec.timezone).dt.replace_time_zone(None)
    return slots_of(rows[time] if time in rows.columns and rows[time].null_count() < rows.height else local)


def _stored(key: str, loaded: LoadedVersion, batch: Window, made: Merged) -> StoredSketch:
    version, rows, packed = loaded.version, made.sketch.rows, _pack(made)
    return StoredSketch(key, version.model, version.number, "log", *batch.texts, rows, str(rows), packed)


def _pack(made: Merged) -> bytes:
    plain = {"sketch": made.sketch.as_dict(), "slots": [[slot, rows] for slot, rows in sorted(made.slots.items())]}
    return zlib.compress(json.dumps(plain, separators=(",", ":")).encode())


def _unpack(packed: bytes) -> Merged:
    plain: Mapping[str, Any] = json.loads(zlib.decompress(packed))
    slots: Sequence[Sequence[int]] = plain["slots"]
    return Merged(Sketch.from_dict(plain["sketch"]), {int(slot): int(rows) for slot, rows in slots})
