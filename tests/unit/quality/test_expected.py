from typing import Any

import polars as pl
from pydantic import TypeAdapter

from steward.project.dictionary import ColumnSpec, DictionarySpec
from steward.project.rules import CheckSpec
from steward.quality.checks import run_checks
from steward.quality.expected import dictionary_checks, expect

CHECKS: TypeAdapter[tuple[CheckSpec, ...]] = TypeAdapter(tuple[CheckSpec, ...])
TABLE = pl.DataFrame({"id": [1, 1, 2, None], "x": [None, 2.0, 3.0, None], "flag": ["Y", "N", "?", None]})


def said(*declared: dict[str, Any]) -> list[tuple[str, bool, int | None]]:
    return [(one.name, one.holds, one.rows) for one in expect(TABLE, CHECKS.validate_python(declared)).each]


def test_a_check_of_several_columns_is_told_column_by_column() -> None:
    assert said({"kind": "not_null", "columns": ["id", "x"]}) == [("not_null id, x: id", False, 1), ("not_null id, x: x", False, 2)]


def test_rows_are_counted_as_other_engines_count_them() -> None:
    assert said({"kind": "unique", "columns": ["id"]}) == [("unique id", False, 2)]  # the first of two equals too
    assert said({"kind": "null_share", "column": "x", "max": 0.5}) == [("null_share x", True, 2)]  # empty cells, few or many
    assert said({"kind": "range", "column": "x", "max": 2}) == [("range x", False, 1)]


def test_a_table_has_a_verdict_and_no_rows() -> None:
    assert said({"kind": "constant", "column": "id"}) == [("constant id", True, None)]
    assert said({"kind": "schema", "columns": {"id": "text"}}) == [("schema", False, None)]


def test_the_dictionary_promises_types_bounds_and_codes() -> None:
    dictionary = DictionarySpec(
        columns={
            "id": ColumnSpec(type="integer", meaning="counts", known_at="request", codes={"1": "one", "2": "two"}),
            "x": ColumnSpec(type="number", meaning="measured", known_at="request", min=0, max=2),
            "flag": ColumnSpec(type="text", meaning="said", known_at="request", codes={"Y": "yes", "N": "no"}),
        }
    )
    checked = run_checks(TABLE, dictionary_checks(dictionary))
    assert checked.kept is TABLE  # a promise warns and sets nothing apart
    assert [(finding.check, finding.examples) for finding in checked.findings] == [
        ("dictionary: range of x", ("3",)),
        ("dictionary: codes of flag", ("?",)),
    ]
