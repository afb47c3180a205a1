"""What may be sent to `/predict`? The documentation follows the model that answers now."""

from copy import deepcopy
from typing import Any

from steward.apps.api.body import MAX_ROWS
from steward.serving.request import request_model
from steward.serving.service import Served, Service


def describe(plain: dict[str, Any], service: Service) -> dict[str, Any]:
    """Return the OpenAPI description with the request of the champion's own columns in it.

    Args:
        plain: what is always so; it is left as it is.
        service: knows the champion, or that there is none: then any object may be sent.
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
    return full


def _row(served: Served | None) -> dict[str, Any]:
    return {"type": "object"} if served is None else request_model(served.dictionary, served.inputs).model_json_schema()


def _example(row: dict[str, Any]) -> dict[str, Any]:
    return {"examples": row["examples"]} if "examples" in row else {}
