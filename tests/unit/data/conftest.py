from pathlib import Path

import pytest

import steward
from steward.project.dictionary import DictionarySpec
from steward.project.document import read_yaml


def _column(kind: str, *aliases: str, required: bool = False, **more: object) -> dict[str, object]:
    return {"type": kind, "aliases": list(aliases), "required": required, "meaning": "-", "known_at": "request", **more}


@pytest.fixture(scope="session")
def small() -> DictionarySpec:
    """Six columns, one of each type and one that files may lack."""
    return DictionarySpec.model_validate(
        {
            "columns": {
                "zone": _column("integer", "PULocationID", "pickup_location_id", required=True),
                "at": _column("datetime", "pickup_datetime", required=True, format="%Y-%m-%d %H:%M:%S"),
                "miles": _column("number", "trip_distance"),
                "flag": _column("text", "store_and_fwd_flag"),
                "paid": _column("boolean"),
                "fee": _column("number", "ehail_fee"),
            }
        }
    )


@pytest.fixture(scope="session")
def taxi() -> DictionarySpec:
    """The dictionary that ships with the taxi blueprint."""
    path = Path(steward.__file__).parent / "blueprints/taxi/dictionary.yaml"
    return DictionarySpec.model_validate(read_yaml(path).value)
