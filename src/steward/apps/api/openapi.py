"""What may be sent to `/predict`, and what comes back? The documentation follows the model that answers now."""

from copy import deepcopy
from typing import Any

from steward.apps.api.body import MAX_ROWS
from steward.models.classes import name_of
from steward.serving.request import request_model
from steward.serving.service import Served, Service


def describe(plain: dict[str, Any], service: Service) -> dict[str, Any]:
    """Return the OpenAPI description with the champion's own columns in the request, and its classes in the answer.

    Args:
        plain: what is always so; it is left as it is.
        service: knows the champion, or that there is none: then any object may be sent, and any answer may come.
    """
    full = deepcopy(plain)
    row = _row(service.current)
    rows = {
        "type": "object",
        "title": "Rows",
        "properties": {
            "rows": {"type": "array", "items": {"$ref": "#/components/schemas/Row"}, "minItems": 1, "maxItems": MAX_ROWS}
        },
        "required": ["rows"],
        "additionalProperties": False,
    }
    full.setdefault("components", {}).setdefault("schemas", {}).update({"Row": row, "Rows": rows})
    choice = {"anyOf": [{"$ref": "#/components/schemas/Row"}, {"$ref": "#/components/schemas/Rows"}]}
    full["paths"]["/predict"]["post"]["requestBody"] = {
        "required": True,
        "content": {"application/json": {"schema": choice | _example(row)}},
    }
    if service.current is not None:
        _narrow(full["components"]["schemas"]["Prediction"], service.current)
    return full


def _narrow(answer: dict[str, Any], served: Served) -> None:
    """Let the description of an answer say what this champion's answers hold, and nothing else."""
    properties, share = answer["properties"], {"type": "number", "minimum": 0, "maximum": 1}
    if not served.classes:
        properties["prediction"] = {"type": "number", "title": "Prediction", "description": "in `unit`"}
        del properties["probabilities"]
        return
    names = [name_of(label) for label in served.classes]
    said = {"title": "Prediction", "description": "the most likely class"}
    properties["prediction"] = {"enum": list(served.classes), **said}
    answer["required"].append("probabilities")
    properties["probabilities"] = {
        "type": "object",
        "title": "Probabilities",
        "description": "of each class; they sum to 1",
        "properties": dict.fromkeys(names, share),
        "required": names,
        "additionalProperties": False,
    }


def _row(served: Served | None) -> dict[str, Any]:
    return {"type": "object"} if served is None else request_model(served.dictionary, served.inputs).model_json_schema()


def _example(row: dict[str, Any]) -> dict[str, Any]:
    return {"examples": row["examples"]} if "examples" in row else {}
