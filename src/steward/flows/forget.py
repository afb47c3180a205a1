"""How does a person's row leave the log and the database for good?"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any
from uuid import uuid4

from steward.core.errors import Fault, UsageError, unknown_name
from steward.flows.ports import Ports
from steward.project.dictionary import ColumnType
from steward.project.read import Project
from steward.serving.history import Removed
from steward.serving.log import forget_line, lines_from, record_of, segments_in
from steward.serving.private import hashed, read_key
from steward.serving.ship import alone
from steward.serving.unfinished import clear_unfinished


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many records left the log's segments, and what left the database."""

    records: int
    removed: Removed


def forget(
    project: Project, ports: Ports, *, id_: str | None = None, column: str | None = None, value: str | None = None
) -> Forgotten:
    """Remove predictions with all that was told about them: the one with an id, or all whose row holds a value.

    The journal keeps that it was done and how many they were, without the id or the value. Rows that a model learned from are
    not touched: they lie in snapshots, by content.

    Args:
        project: whose predictions.
        ports: the outside world.
        id_: a prediction's id.
        column: a column of the dictionary that is known at request time.
        value: its value, as a person writes it; a column that is hashed in the log is found by its hash.

    Raises:
        UsageError: SERVE-091 neither or both are asked for, SERVE-092 there is no such column, SERVE-093 the value does not fit it.
        StewardError: the database does not answer; the same command again does the rest.
    """
    if (id_ is None) == (column is None) or (column is None) != (value is None):
        fix = "name a prediction:  --id ID   or a column's value:  --column NAME --value VALUE"
        raise UsageError(Fault("SERVE-091", "what should be forgotten: a prediction, or a value?", fix=fix))
    name = project.spec.name
    values = [] if column is None or value is None else _values(project, ports, column, value)
    log = ports.workspace.predictions / name
    with alone(log, wait=True):
        answers = (*clear_unfinished(log)[1], log)  # also those that a `score --log` will put into the log
        ids = {id_} if id_ is not None else _find(name, answers, ports, str(column), values)
        # Predictions last: whoever was killed between the two finds the ids again by the value.
        folders = (ports.workspace.outcomes / name, ports.workspace.shadows / name, *answers)
        records = sum(_strike_out(folder, ids) for folder in folders)
        removed = ports.predictions.forget(ids)
    detail = {
        "by": "id" if column is None else f"value of {column}",
        "records": records,
        "predictions": removed.predictions,
        "outcomes": removed.outcomes,
    }
    key = f"predictions.forgotten:{uuid4().hex}"
    ports.journal.append("predictions.forgotten", f"model {name}", detail, actor=ports.actor, key=key)
    return Forgotten(records, removed)


def _values(project: Project, ports: Ports, column: str, value: str) -> list[object]:
    """Return what stands in a logged row for a value: itself, or its hash."""
    asked = [name for name, spec in project.dictionary.columns.items() if spec.known_at == "request"]
    if column not in asked:
        raise unknown_name("column known at request time", column, asked, code="SERVE-092", where=("--column",))
    plain = _typed(column, project.dictionary.columns[column].type, value)
    return [plain, hashed(column, plain, read_key(ports.workspace.log_key))]


def _typed(name: str, kind: ColumnType, text: str) -> object:
    """Return a value as a logged row holds it: times as ISO text."""
    try:
        match kind:
            case "integer":
                return int(text)
            case "number":
                return _finite(text)
            case "boolean":
                return {"true": True, "false": False}[text.casefold()]
            case "datetime":
                return datetime.fromisoformat(text).isoformat()
            case "text":
                return text
    except (ValueError, KeyError) as error:
        # The value itself is not repeated: messages end up in logs.
        raise UsageError(Fault("SERVE-093", f"the value is no {kind}, as {name} holds", ("--value",), fix="mend it")) from error


def _finite(text: str) -> float:
    if not isfinite(number := float(text)):
        raise ValueError(text)
    return number


def _find(model: str, folders: Iterable[Path], ports: Ports, column: str, values: Collection[object]) -> set[str]:
    lines = [one for folder in folders for one in _lines(folder, lambda record: record["row"].get(column) in values)]
    return {str(record["prediction_id"]) for _, _, record in lines} | ports.predictions.find(model, column, values)


def _strike_out(folder: Path, ids: Collection[str]) -> int:
    found = list(_lines(folder, lambda record: record["prediction_id"] in ids))
    for segment, (at, length), _ in found:
        forget_line(segment, at, length)
    return len(found)


def _lines(folder: Path, wanted: Callable[[Mapping[str, Any]], bool]) -> list[tuple[Path, tuple[int, int], Mapping[str, Any]]]:
    """Return the records that are wanted: where each stands, and what it says."""
    found = []
    for segment in segments_in(folder):
        for at, line in lines_from(segment, 0):
            record = record_of(line)
            if record is not None and wanted(record):
                found.append((segment, (at, len(line)), record))
    return found
