"""What does the champion say about one row, asked here and without a server?"""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from steward.core.errors import Fault, UsageError
from steward.flows.champion import LoadedVersion, load_champion
from steward.flows.ports import Ports
from steward.models.zoo import Array
from steward.project.read import Project
from steward.registry.bundle import Bundle
from steward.serving.answer import answers_of, interval_of
from steward.serving.request import parse_rows, rows_to_frame


def predict_once(project: Project, row: str | None, ports: Ports) -> dict[str, Any]:
    """Return the champion's answer to one row, given as a JSON object; its own example row by default."""
    loaded = load_champion(ports, project.spec.name)
    asked, frame = asked_row(project, loaded.bundle, row)
    return said_of(project, loaded, asked, loaded.bundle.predict(frame))


def said_of(project: Project, loaded: LoadedVersion, asked: Mapping[str, Any], predicted: Array) -> dict[str, Any]:
    """Return the answer to the only row, with the row itself, as a JSON object."""
    rule = loaded.bundle.rule
    answer, probabilities = answers_of(predicted, loaded.bundle.classes, rule.threshold)[0]
    facts = {"prediction": answer, "unit": project.spec.unit, "model": project.spec.name, "version": loaded.version.number}
    beside = {"probabilities": probabilities, "interval": interval_of(answer, rule.margin)}
    return {"row": asked, **facts, **{name: value for name, value in beside.items() if value is not None}}


def asked_row(project: Project, bundle: Bundle, row: str | None) -> tuple[Mapping[str, Any], pl.DataFrame]:
    """Return a row given as a JSON object, or the example row, as it was asked and as a table."""
    asked = example_row(project, bundle.inputs) if row is None else _object(row)
    rows = parse_rows(project.dictionary, bundle.inputs, [asked])
    return asked, rows_to_frame(rows, project.dictionary, bundle.inputs)


def example_row(project: Project, inputs: tuple[str, ...]) -> dict[str, Any]:
    """Return a request made of the dictionary's examples."""
    columns = project.dictionary.columns
    return {name: columns[name].example for name in inputs if columns[name].example is not None}


def _object(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(
            Fault("CLI-002", "the row is not JSON", why=str(error), fix="""quote it:  '{"pickup_zone": 74, ...}'""")
        ) from error
    if not isinstance(value, dict):
        raise UsageError(Fault("CLI-002", "the row is not a JSON object", fix="""write  '{"column": value, ...}'"""))
    return value
