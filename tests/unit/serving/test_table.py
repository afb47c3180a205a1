from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from steward.models.answer import AnswerRule
from steward.models.conformal import Margin
from steward.project.dictionary import ColumnSpec, DictionarySpec
from steward.serving.request import parse_rows
from steward.serving.table import answer_columns, finite, why_refused
from steward.testing import TINY_DICTIONARY, tiny_served

INPUTS = tiny_served().inputs
GOOD = {
    "pickup_at": datetime.fromisoformat("2024-01-01"),
    "pickup_zone": 74,
    "distance_km": 3.5,
    "passengers": None,
    "note": "n",
    "shared": None,
}
SCHEMA: dict[str, Any] = {"pickup_at": pl.Datetime("us"), "pickup_zone": pl.Int64, "distance_km": pl.Float64}
SCHEMA |= {"passengers": pl.Int64, "note": pl.String, "shared": pl.Boolean}


def reasons(*rows: dict[str, object]) -> list[str | None] | None:
    frame = pl.from_dicts([{**GOOD, **row} for row in rows], schema=SCHEMA)
    found = why_refused(frame, TINY_DICTIONARY, INPUTS)
    return None if found is None else found.to_list()


def test_rows_that_may_be_answered_have_no_reason() -> None:
    assert reasons({}, {"passengers": 3}) is None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"pickup_zone": None}, "pickup_zone is missing"),
        ({"pickup_zone": 0}, "pickup_zone is 0, outside of what it can be (from 1 to 265)"),
        ({"pickup_zone": 266}, "pickup_zone is 266, outside of what it can be (from 1 to 265)"),
        ({"distance_km": -0.5}, "distance_km is -0.5, outside of what it can be (from 0)"),
        ({"note": "x" * 1001}, "note is longer than 1000 characters"),
        (
            {"pickup_at": None, "pickup_zone": 0},
            "pickup_at is missing; pickup_zone is 0, outside of what it can be (from 1 to 265)",
        ),
    ],
)
def test_a_row_is_refused_for_what_a_request_with_it_is(row: dict[str, object], reason: str) -> None:
    assert reasons({}, row, {}) == [None, reason, None]
    asked = {name: value for name, value in {**GOOD, **row}.items() if value is not None}
    with pytest.raises(Exception, match="SERVE-03"):
        parse_rows(TINY_DICTIONARY, INPUTS, [asked])


def test_a_model_without_rules_refuses_nothing() -> None:
    free = DictionarySpec(columns={"a": ColumnSpec(type="boolean", known_at="request", meaning="a", required=False)})
    assert why_refused(pl.DataFrame({"a": [None, True]}), free, ["a"]) is None


def test_an_answer_is_finite_where_all_of_it_is() -> None:
    assert finite(np.array([1.0, np.nan, np.inf])).tolist() == [True, False, False]
    assert finite(np.array([[0.5, 0.5], [np.nan, 0.5]])).tolist() == [True, False]


def test_a_quantity_has_its_interval_where_it_was_measured() -> None:
    assert answer_columns(np.array([1.0, 4.0]), (), AnswerRule()).to_dict(as_series=False) == {"prediction": [1.0, 4.0]}
    margin = Margin(0.9, (2.0,), (1.0, 2.0), (3.0, 4.0), least=0.5)
    assert answer_columns(np.array([1.0, 4.0]), (), AnswerRule(margin=margin)).to_dict(as_series=False) == {
        "prediction": [1.0, 4.0],
        "interval_low": [0.5, 2.0],
        "interval_high": [4.0, 8.0],
    }


def test_a_class_answers_where_it_is_likelier_or_above_the_threshold() -> None:
    shares = np.array([[0.7, 0.3], [0.4, 0.6]])
    found = answer_columns(shares, (False, True), AnswerRule())
    assert found.to_dict(as_series=False) == {
        "prediction": [False, True],
        "probability_false": [0.7, 0.4],
        "probability_true": [0.3, 0.6],
    }
    assert answer_columns(shares, ("no", "yes"), AnswerRule(threshold=0.25))["prediction"].to_list() == ["yes", "yes"]
