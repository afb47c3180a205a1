"""One row without a frame: the same values, types and nulls as a batch, as one row in a frame, and as narwhals makes."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import narwhals as nw
import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.feature_cases import CASES, case
from tests.random_rows import random_rows

from steward.features.lookup import Lookup
from steward.features.program import Program
from steward.features.row import NotCompilable, RowProgram, RowRefused, compile_row
from steward.features.row.proof import is_same
from steward.features.source import features_of

ROWS = 10_000
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall clock
HEAD = b"from steward.features.column import *\n"


def compiled(source: str, schema: Mapping[str, pl.DataType], *wanted: str) -> RowProgram | NotCompilable:
    program = Program.build(features_of(HEAD + source.encode(), "features.py"), wanted or ("a",), tuple(schema), [])
    return compile_row(program, schema)


def row_of(source: str, schema: Mapping[str, pl.DataType], *wanted: str) -> RowProgram:
    made = compiled(source, schema, *wanted)
    assert isinstance(made, RowProgram), made
    return made


@pytest.mark.parametrize("name", CASES)
def test_a_batch_one_row_narwhals_and_the_row_path_make_the_same_of_ten_thousand_rows(name: str) -> None:
    it = case(name)
    rows = random_rows({c: it.schema[c] for c in it.program.inputs}, ROWS, seed=11, extreme=True, codes=it.codes)
    batch = it.program.run(rows)
    for place in range(0, ROWS, ROWS // 50):
        assert_frame_equal(it.program.run(rows.slice(place, 1)), batch.slice(place, 1), check_exact=True)
    path = compile_row(it.program, it.schema)
    assert isinstance(path, RowProgram), path
    assert path.types == {c: batch.schema[c] for c in path.types}
    physical = batch.select(list(path.types)).with_columns(pl.selectors.temporal().to_physical())
    for row, expected in zip(rows.rows(named=True), physical.rows(named=True), strict=True):
        made = path.row(row)
        assert all(is_same(as_stored(made[c]), expected[c]) for c in expected), (row, dict(made), expected)


def as_stored(value: object) -> object:
    return round((value - EPOCH) / timedelta(microseconds=1)) if isinstance(value, datetime) else value


@pytest.mark.parametrize("name", CASES)
def test_narwhals_makes_the_same_with_the_same_types(name: str) -> None:
    it = case(name)
    rows = random_rows({c: it.schema[c] for c in it.program.inputs}, ROWS, seed=12, extreme=False, codes=it.codes)
    made = it.program.run_narwhals(nw.from_native(rows)).to_native()
    # Haversine takes no arcsine there: 1e-11 km in a city.
    assert_frame_equal(made, it.program.run(rows), check_exact=False, rel_tol=1e-12, abs_tol=1e-10, check_column_order=False)


def test_a_model_gets_one_line_of_numbers_in_its_order_with_nan_for_what_is_missing() -> None:
    path = row_of(
        "def a(n, x):\n    return n * 2 + x\n", {"n": pl.Int64(), "x": pl.Float64(), "yes": pl.Boolean()}, "yes", "a", "n"
    )
    made = path.matrix_row({"n": 3, "x": 0.5, "yes": True})
    assert (made.shape, made.dtype, made.tolist()) == ((1, 3), np.float64, [[1.0, 6.5, 3.0]])
    assert np.array_equal(path.matrix_row({"n": 3}), [[np.nan, np.nan, 3.0]], equal_nan=True)


def test_nullable_whole_numbers_stay_whole_numbers() -> None:
    path = row_of("def a(n):\n    return n + 1\n", {"n": pl.Int64()})
    assert (path.row({"n": 2**53}), path.types) == ({"a": 2**53 + 1}, {"a": pl.Int64()})
    assert path.row({"n": None}) == path.row({}) == {"a": None}


def test_inputs_are_read_as_a_frame_reads_them_or_refused() -> None:
    schema = {"n": pl.Int64(), "x": pl.Float64(), "at": pl.Datetime("us"), "s": pl.String(), "yes": pl.Boolean(), "day": pl.Date()}
    path = row_of(
        "def a(n, x, at, s, yes, day):\n    return n + x + at.dt.hour() + s.str.len_chars() + yes * day.dt.day()\n", schema
    )
    good = {"n": 1, "x": 2, "at": "2023-01-05T08:30:00", "s": "abc", "yes": True, "day": date(2023, 1, 31)}
    assert path.row(good) == {"a": 1 + 2 + 8 + 3 + 31}
    assert path.row(good | {"n": np.int64(4), "x": np.float64(0.5)}) == {"a": 4 + 0.5 + 8 + 3 + 31}
    zoned = datetime.fromisoformat("2023-01-05T08:30:00+01:00")
    bad = {
        "n": [True, 1.0, 2**63, "1"],
        "x": ["1", True],
        "at": ["soon", zoned, date(2023, 1, 1), 5],
        "s": [5],
        "yes": [1],
        "day": ["x"],
    }
    for name, values in bad.items():
        for value in values:
            with pytest.raises(RowRefused):
                path.matrix_row(good | {name: value})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("x.rolling_mean(3)", "feature 'a': the row path does not know .rolling_mean()"),
        ("x.mean().over('n')", "feature 'a': the row path does not know .mean()"),
        ("s.str.replace_all('[0-9]', '')", "feature 'a': the row path knows no regular expressions"),
        ("x.fill_null(strategy='forward')", "feature 'a': the row path does not know all that .fill_null() is told"),
        ("n.is_in(n)", "feature 'a': the row path takes no columns in .is_in()"),
        ("x ** 20", "feature 'a': the row path raises numbers to whole powers up to 8 only"),
        ("n ** n", "feature 'a': the row path raises whole numbers to small whole powers only"),
        ("at.dt.truncate('3h')", "feature 'a': the row path does not truncate to 3h"),
        ("choose(x > 1, 1, 0) * at.dt.hour()", "column 'a' is Int8 in a frame, and would be Int32 on the row path"),
        ("s.str.to_uppercase()", "a model reads numbers, and 'a' holds String"),
    ],
)
def test_what_the_row_path_does_not_know_is_left_to_the_frame_with_the_reason(body: str, reason: str) -> None:
    schema = {"x": pl.Float64(), "n": pl.Int64(), "s": pl.String(), "at": pl.Datetime("us")}
    assert compiled(f"def a({', '.join(schema)}):\n    return {body}\n", schema) == NotCompilable(reason)


def test_a_type_that_it_does_not_read_is_left_to_the_frame() -> None:
    source = "def a(x):\n    return x * 2\n"
    assert compiled(source, {"x": pl.Float32()}) == NotCompilable("the row path does not read Float32, as column 'x' is")


def test_a_row_path_that_differs_from_the_frame_is_never_handed_out() -> None:
    # A feature that makes something else each time it is asked is the same nowhere.
    source = "COUNT = []\ndef a(x):\n    COUNT.append(1)\n    return x + float(len(COUNT))\n"
    made = compiled(source, {"x": pl.Float64()})
    assert isinstance(made, NotCompilable)
    assert "in a frame and" in made.reason


def test_rows_that_the_frame_refuses_are_refused() -> None:
    path = row_of("from polars import Int8\ndef a(n):\n    return n.cast(Int8)\n", {"n": pl.Int64()})
    assert path.row({"n": 127}) == {"a": 127}
    with pytest.raises(RowRefused, match="cannot be cast"):
        path.matrix_row({"n": 128})


def test_a_long_chain_of_codes_is_no_deep_recursion() -> None:
    path = row_of("def a(n):\n    return recode(n, {code: code * 2.0 for code in range(600)})\n", {"n": pl.Int64()})
    assert [path.row({"n": n})["a"] for n in (0, 599, 600, None)] == [0.0, 1198.0, None, None]


KEYED = pl.DataFrame({"p": [1, 1, 2, None], "w": ["a", "b", "a", "a"], "share": [0.5, None, 0.25, 1.0], "rows": [4, 5, 6, 7]})


@pytest.mark.parametrize("p", [1, 2, 3, None])
@pytest.mark.parametrize("w", ["a", "b", "Ü", None])
def test_a_lookup_by_several_columns_with_a_value_for_the_unknown(p: int | None, w: str | None) -> None:
    schema = {"p": pl.Int64(), "w": pl.String()}
    lookup = Lookup("means", KEYED, ("p", "w"), ("p", "w"), {"mean": "share", "count": "rows"}, {"mean": 0.1, "count": 0})
    program = Program.build({}, ("mean", "count"), tuple(schema), [lookup])
    path = compile_row(program, schema)
    assert isinstance(path, RowProgram), path
    expected = program.run(pl.DataFrame([{"p": p, "w": w}], schema)).select("mean", "count").row(0, named=True)
    assert dict(path.row({"p": p, "w": w})) == expected
    known = {(1, "a"): (0.5, 4), (1, "b"): (0.1, 5), (2, "a"): (0.25, 6)}
    assert tuple(expected.values()) == known.get((p, w), (0.1, 0))  # type: ignore[arg-type]


def test_fitted_formulas_are_compiled_like_any_feature() -> None:
    from steward.features.fitted.formula import Filled, Nearest, Steps, Weighted

    formulas = {
        "bin": Steps("x", (-1.0, 0.0, 2.5)),
        "full": Filled("x", 7.5),
        "part": Weighted(("x", "y"), (0.3, -1.7), (1.0, 2.0), (3.0, 0.7), fill=True),
        "zone": Nearest(("x", "y"), tuple((float(i), float(i % 7)) for i in range(40))),
    }
    features = {f.name: f for name, formula in formulas.items() for f in formula.features(name)}
    schema = {"x": pl.Float64(), "y": pl.Float64()}
    path = compile_row(Program.build(features, tuple(formulas), tuple(schema), []), schema)
    assert isinstance(path, RowProgram), path
    assert path.matrix_row({"x": 2.6, "y": None})[0, :2].tolist() == [3.0, 2.6]
    assert path.matrix_row({"x": 9.2, "y": 2.1})[0, 3] == 9.0  # (9, 2) is nearest


def test_raw_columns_alone_need_no_feature() -> None:
    assert row_of("", {"n": pl.Int64(), "x": pl.Float64()}, "x", "n").matrix_row({"n": 2, "x": None})[0, 1] == 2.0
