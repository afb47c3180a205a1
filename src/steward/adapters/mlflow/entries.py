"""How does MLflow want parameters, metrics, tags and data written? Cut to its lengths, in as few calls as it takes."""

import json
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, TypeVar

from steward.project.dictionary import ColumnType
from steward.registry.tracking import RowsUsed

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, Run

T = TypeVar("T")

TYPES: Mapping[ColumnType, str] = {
    "integer": "long",
    "number": "double",
    "text": "string",
    "datetime": "datetime",
    "boolean": "boolean",
}
"""What MLflow calls the types of a dictionary."""

_AT_ONCE = 100  # parameters or tags a call takes
_LONGEST = 6000  # signs of a parameter; a tag may have more
_DIGEST = 36  # signs of a digest that MLflow keeps; the whole one stands in the source
_STRANGE = re.compile(r"[^/\w.\- :]+")


def log_entries(
    client: "MlflowClient",
    run: "Run",
    parameters: Mapping[str, str],
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
    at: str,
) -> None:
    """Write what a run does not hold yet; parameters and metrics that it holds stay as they were told first."""
    from mlflow.entities import Metric, Param, RunTag

    stamp = milliseconds(at)
    known = run.data
    figures = [Metric(name, value, stamp, 0) for name, value in _named(metrics, known.metrics).items() if isfinite(value)]
    settings = [Param(name, value[:_LONGEST]) for name, value in _named(parameters, known.params).items()]
    labels = [RunTag(name, value[:_LONGEST]) for name, value in tags.items()]
    client.log_batch(run.info.run_id, figures, settings[:_AT_ONCE], labels)
    for start in range(_AT_ONCE, len(settings), _AT_ONCE):
        client.log_batch(run.info.run_id, params=settings[start : start + _AT_ONCE])


def dataset_of(rows: RowsUsed) -> "DatasetInput":
    """Return rows as an input of a run: known by their hash, with what their columns hold."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    source = {"uri": f"snapshots/{rows.digest}.parquet", "sha256": rows.digest}
    profile = {} if rows.rows is None else {"num_rows": rows.rows}
    schema = json.dumps({"mlflow_colspec": json.loads(colspec(rows.columns, rows.columns))})
    dataset = Dataset(rows.name, rows.digest[:_DIGEST], "local", json.dumps(source), schema, json.dumps(profile))
    return DatasetInput(dataset, [InputTag("mlflow.data.context", rows.use)])


def colspec(columns: Mapping[str, ColumnType], optional: Collection[str] = ()) -> str:
    """Return columns as the JSON text in which MLflow keeps a schema."""
    return json.dumps([{"type": TYPES[kind], "name": name, "required": name not in optional} for name, kind in columns.items()])


def milliseconds(at: str) -> int:
    """Return an ISO time as MLflow counts it: milliseconds since 1970, UTC."""
    return round(datetime.fromisoformat(at).timestamp() * 1000)


def _named(values: Mapping[str, T], known: Collection[str]) -> dict[str, T]:
    named = {_STRANGE.sub("_", name): value for name, value in values.items()}
    return {name: value for name, value in named.items() if name not in known}
