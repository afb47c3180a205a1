"""Which row was an earlier prediction given for, and by which version? Needed to say why it was given."""

import mmap
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from steward.core.errors import EnvironmentFault, Fault, UsageError
from steward.flows.champion import load_version
from steward.flows.ports import Ports
from steward.flows.serve import served
from steward.flows.ship import cursor_path
from steward.project.read import Project
from steward.registry.versions import Champion
from steward.serving.explain import Explained, explain_given
from steward.serving.history import Given
from steward.serving.log import record_of, segments_in
from steward.serving.service import Ready, Service
from steward.serving.ship import Cursor, among_unshipped, read_cursor

_ID = re.compile(r"[0-9a-f]{32}")
_LOOKED_THROUGH_BYTES = 256 << 20
_VERSIONS = 2
_APART = frozenset({"prediction_id", "model", "version", "at", "row"})


def find_given(model: str, prediction: str, ports: Ports) -> Given:
    """Return an earlier prediction of a model: from the database, or from what of the log is not there yet.

    Where the database cannot be asked, the newest of the log is looked through.

    Raises:
        UsageError: SERVE-101 no prediction of this model has this id.
        EnvironmentFault: the database cannot be asked, and the log does not have it.
    """
    unasked: EnvironmentFault | None = None
    known: Given | None = None
    if _ID.fullmatch(prediction):
        folder = ports.workspace.predictions / model
        cursor = read_cursor(cursor_path(folder, ports))  # of before: what is shipped between the two looks is found by the second
        try:
            found = ports.predictions.prediction(prediction)
            known = _in_unshipped(folder, cursor, prediction) if found is None else found[0]
        except EnvironmentFault as error:
            unasked = error
            known = _in_segments(folder, prediction)
    if known is not None and known.model == model:
        return known
    if unasked is not None:
        raise unasked
    fix = "send the `prediction_id` of an answer, or the row itself; what is older than `serving.retention_days` is removed"
    raise UsageError(Fault("SERVE-101", "no prediction has this id", ("prediction_id",), fix=fix))


def explain_earlier(project: Project, ports: Ports, service: Service) -> Callable[[str], Explained]:
    """Return what explains an earlier prediction, by the version that gave it; the last few versions stay loaded."""

    @lru_cache(maxsize=_VERSIONS)
    def load(number: int) -> Ready:
        version = ports.registry.version(project.spec.name, number)
        then = Champion(version.model, number, version.created_at, "", 0)
        return Ready.of(served(project, load_version(ports.workspace, version), then))

    def explain(prediction: str) -> Explained:
        given, ready = find_given(project.spec.name, prediction, ports), service.need_ready()
        return explain_given(ready if ready.served.version == given.version else load(given.version), given)

    return explain


def _in_unshipped(folder: Path, cursor: Cursor, prediction: str) -> Given | None:
    found, _ = among_unshipped(folder, cursor, {prediction}, max_bytes=_LOOKED_THROUGH_BYTES)
    return _given(found[prediction]) if found else None


def _in_segments(folder: Path, prediction: str) -> Given | None:
    wanted, left = f'"prediction_id":"{prediction}"'.encode(), _LOOKED_THROUGH_BYTES
    for segment in sorted(segments_in(folder), key=_changed_at, reverse=True):
        left -= segment.stat().st_size if segment.exists() else 0
        record = _in_segment(segment, wanted)
        if record is not None and record.get("prediction_id") == prediction:
            return _given(record)
        if left < 0:
            break
    return None


def _in_segment(segment: Path, wanted: bytes) -> Mapping[str, Any] | None:
    try:
        with segment.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
            at = held.rfind(wanted)
            if at < 0:
                return None
            end = held.find(b"\n", at)
            return record_of(held[held.rfind(b"\n", 0, at) + 1 : end + 1])
    except (FileNotFoundError, ValueError):  # it was removed meanwhile, or holds nothing yet
        return None


def _changed_at(segment: Path) -> float:
    try:
        return segment.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _given(record: Mapping[str, Any]) -> Given:
    answer = {name: value for name, value in record.items() if name not in _APART}
    return Given(record["prediction_id"], record["model"], record["version"], record["at"], record["row"], answer)
