import math
from datetime import datetime

import polars as pl
import pytest

from steward.quality.expression import condition

ROWS = pl.DataFrame(
    {
        "a": [1, 5, None],
        "x": [2.0, math.nan, 0.0],
        "at": [datetime(2023, 1, day) for day in (1, 2, 3)],  # noqa: DTZ001 - wall clock
        "text": ["x", "yy", None],
        "my col": [1, 2, 3],
        "flag": [True, False, None],
    }
)


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        ("a <= x", [True, None, None]),  # NaN is empty
        ("a == 1 or a == 5", [True, True, None]),
        ("a is null or a == 1", [True, False, True]),
        ("not flag", [False, True, None]),
        ("flag and a == 1", [True, False, None]),
        ("flag in (true, false)", [True, True, None]),
        ("a in (1.5, 5)", [False, True, None]),
        ("a not in (1,)", [False, True, None]),
        ("text in ('x', 'z')", [True, False, None]),
        ("1 < a <= 5", [False, True, None]),
        ("-a < -4", [False, True, None]),
        ("abs(a - 5) == 4", [True, False, None]),
        ("a % 2 == 1 and a // 2 == 2", [False, True, None]),
        ("`my col` > 1", [False, True, True]),
        ("length(text) == 2", [False, True, None]),
        ("0 / x < 1", [True, None, None]),  # nothing over nothing is empty
        ("at >= '2023-01-02'", [False, True, True]),
        ("at < '2023-01-01 00:00:01'", [True, False, False]),
        ("at - at <= minutes(1)", [True, True, True]),
        ("at + days(a) > at + hours(25)", [False, True, None]),
    ],
)
def test_a_rule_is_true_false_or_unknown_of_each_row(rule: str, answer: list[bool | None]) -> None:
    assert ROWS.select(condition(rule, ROWS.schema)).to_series().to_list() == answer
