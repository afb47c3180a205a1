"""What may be sent to the server, and what comes back? The documentation follows the model that answers now."""

from copy import deepcopy
from typing import Any

from steward.apps.api.schemas import request_schema, row_of
from steward.models.classes import name_of
from steward.serving.answer import Served
from steward.serving.service import Service

_REF = "#/components/schemas/{model}"
_BY_ID = {
    "type": "object",
    "title": "Earlier",
    "properties": {"prediction_id": {"type": "string", "description": "of an answer that was given"}},
    "required": ["prediction_id"],
    "additionalProperties": False,
}

_ID_OF_ANSWER = {"prediction_id": "$response.body#/prediction_id"}
_ABOUT_AN_ANSWER = {"/explain": "what moved it", "/outcomes": "what turned out to be true, with its outcome"}


def describe(plain: dict[str, Any], service: Service) -> dict[str, Any]:
    """Return the OpenAPI description with the champion's own columns in requests, and its unit or its classes in answers.

    Args:
        plain: what is always so; it is left as it is.
        service: knows the champion, or that there is none: then any object may be sent, and any answer may come.
    """
    full, served = deepcopy(plain), service.current
    schemas = full.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(_requests(served))
    example = {"examples": schemas["Row"]["examples"]} if "examples" in schemas["Row"] else {}
    _take(full, "/predict", {"$ref": "#/components/schemas/PredictionRequest"} | example)
    _take(full, "/explain", {"anyOf": [{"$ref": "#/components/schemas/Row"}, _BY_ID]} | example)
    _link(full)
    # The framework's own title is made of the route's name.
    full["paths"]["/predict"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]["title"] = "Answer"
    for name in ("PredictionResponse", "ExplanationResponse"):
        _without_nulls(schemas[name])
        if served is not None:
            _narrow(schemas[name], served)
    return full


def _requests(served: Served | None) -> dict[str, Any]:
    """Return the schemas of what may be sent: PredictionRequest, and the Row and Rows it is made of."""
    if served is None:
        return {"Row": {"type": "object"}, "PredictionRequest": {"type": "object"}}
    whole = request_schema(row_of(served)).model_json_schema(ref_template=_REF)
    return {**whole.pop("$defs"), "PredictionRequest": whole}


def _take(full: dict[str, Any], path: str, schema: dict[str, Any]) -> None:
    full["paths"][path]["post"]["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}


def _link(full: dict[str, Any]) -> None:
    """Say in which requests the id of an answer to one row comes back."""
    told = {path: full["paths"][path]["post"] for path in _ABOUT_AN_ANSWER if path in full["paths"]}
    full["paths"]["/predict"]["post"]["responses"]["200"]["links"] = {
        path.strip("/"): {"operationId": post["operationId"], "requestBody": _ID_OF_ANSWER, "description": _ABOUT_AN_ANSWER[path]}
        for path, post in told.items()
    }


def _without_nulls(answer: dict[str, Any]) -> None:
    """Describe what an answer may leave out as it comes: it is left out, and never null."""
    for name, said in answer["properties"].items():
        kinds = [kind for kind in said.get("anyOf", ()) if kind != {"type": "null"}]
        if name not in answer["required"] and len(kinds) == 1:
            del said["anyOf"]
            said.pop("default", None)
            said.update(kinds[0])


def _narrow(answer: dict[str, Any], served: Served) -> None:
    """Let the description of an answer say what this champion's answers hold, and nothing else."""
    properties = answer["properties"]
    properties["unit"] |= {"const": served.unit, "examples": [served.unit]}
    properties["model"] |= {"examples": [served.model]}
    if served.margin is None:
        del properties["interval"]
    else:
        answer["required"].append("interval")
    if not served.classes:
        del properties["probabilities"]
        said = f"in {served.unit}" if served.unit else "in the target's own unit"
        properties["prediction"] = {"type": "number", "title": "Prediction", "description": said}
        return
    names = [name_of(label) for label in served.classes]
    properties["prediction"] = {"enum": list(served.classes), "title": "Prediction", "description": "the most likely class"}
    answer["required"].append("probabilities")
    properties["probabilities"] = {
        "type": "object",
        "title": "Probabilities",
        "description": "of each class; they sum to 1",
        "properties": {name: {"type": "number", "minimum": 0, "maximum": 1} for name in names},
        "required": names,
        "additionalProperties": False,
    }
