"""What may an editor offer? The JSON Schema of both files, generated from the models and shipped."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from steward.core.atomic import write_text_atomically
from steward.project.dictionary import DictionarySpec
from steward.project.spec import ProjectSpec

SCHEMAS: dict[str, type[BaseModel]] = {"project": ProjectSpec, "dictionary": DictionarySpec}


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of `project` or `dictionary`."""
    made = SCHEMAS[name].model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def shipped(name: str) -> Path:
    """Return where the shipped copy lies."""
    return Path(__file__).parent / f"{name}.schema.json"


def write_schemas() -> None:
    """Write the shipped copies anew."""
    for name in SCHEMAS:
        write_text_atomically(shipped(name), json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    write_schemas()
