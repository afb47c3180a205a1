"""What a project may say about its tables in the database."""

import pytest
from pydantic import ValidationError

from steward.project.tables import DatabaseSpec, ViewSpec


def test_nothing_is_kept_as_a_table_unless_it_is_declared() -> None:
    assert DatabaseSpec() == DatabaseSpec(tables=(), indexes=(), views={})


def test_views_look_at_the_processed_rows_unless_told_otherwise() -> None:
    declared = {"tables": ["processed"], "views": {"by_hour": {"hour_of": "pickup_at", "by": ["zone"], "mean": ["fare"]}}}
    spec = DatabaseSpec.model_validate(declared)
    assert spec.views["by_hour"] == ViewSpec(of="processed", hour_of="pickup_at", by=("zone",), mean=("fare",))


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ({"tables": ["raw"], "views": {"v": {"by": ["zone"]}}}, "add processed to database.tables"),
        ({"tables": ["processed"], "views": {"v": {"mean": ["fare"]}}}, "something to group by"),
        ({"tables": ["cooked"]}, "raw"),
        ({"indexes": [[]]}, "at least one column"),
        ({"indexes": [["zone", "zone"]]}, "each once"),
        ({"tables": ["processed"], "views": {"By Hour": {"by": ["zone"]}}}, "pattern"),
        ({"table": ["raw"]}, "table"),
    ],
)
def test_what_cannot_be_made_is_refused(declared: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        DatabaseSpec.model_validate(declared)
