from collections.abc import Mapping

import polars as pl
import pytest

from steward.core.errors import UsageError
from steward.features.program import Feature, Lookup, Program, available
from steward.features.source import features_of

SOURCE = b"""
def double(x):
    return x * 2

def shifted(double, offset):
    return double + offset

def both(shifted, double, zone_lat):
    return shifted * double + zone_lat

def unused(nowhere):
    return nowhere
"""
ZONES = pl.DataFrame({"id": [1, 2], "lat": [10.0, 20.0], "lon": [-1.0, -2.0]})
LOOKUP = Lookup("zones", ZONES, ("id",), ("zone",), {"zone_lat": "lat", "zone_lon": "lon"})
RAW = ("x", "offset", "zone", "note", "seen_at", "yes")
ROWS = pl.DataFrame(
    {"x": [1, 2, None], "offset": [10, 20, 30], "zone": [1, 7, 2], "note": ["a", None, "b"], "yes": [True, None, False]}
)


@pytest.fixture
def features() -> Mapping[str, Feature]:
    return features_of(SOURCE, "features.py")


def program(*wanted: str, source: bytes = SOURCE) -> Program:
    return Program.build(features_of(source, "features.py"), wanted, RAW, [LOOKUP])


def faults(source: bytes, *wanted: str) -> list[tuple[str, str, tuple[str, ...]]]:
    with pytest.raises(UsageError) as caught:
        program(*wanted, source=source)
    return [(fault.code, fault.what, fault.where) for fault in caught.value.faults]


def test_each_stage_reads_only_what_stands_before_it_and_nothing_else_is_made() -> None:
    built = program("both", "zone")
    assert built.stages == (("double", "zone_lat"), ("shifted",), ("both",))
    assert built.inputs == ("x", "offset", "zone")


def test_wanted_may_be_a_function_a_raw_column_or_a_lookup_column() -> None:
    matrix = program("zone_lon", "shifted", "x", "yes").matrix(ROWS)
    assert matrix.columns == ["zone_lon", "shifted", "x", "yes"]
    assert matrix.rows() == [(-1.0, 12.0, 1.0, 1.0), (None, 24.0, 2.0, None), (-2.0, None, None, 0.0)]
    assert set(matrix.dtypes) == {pl.Float64}


def test_a_run_adds_columns_and_leaves_the_rows_as_they_are() -> None:
    made = program("both").run(ROWS)
    assert made.select(ROWS.columns).equals(ROWS)
    # row 1: double 2, shifted 12, zone 1 -> 12·2 + 10; zone 7 is unknown; x is missing
    assert made["both"].to_list() == [34.0, None, None]


def test_lineage_ends_at_raw_columns_and_a_path_shows_the_way() -> None:
    built = program("both", "zone")
    assert built.lineage("both") == {"x", "offset", "zone"}
    assert built.lineage("zone_lat") == {"zone"}
    assert built.lineage("zone") == {"zone"}
    assert built.path("both", "zone") == ("both", "zone_lat", "zone")
    assert built.path("both", "x") == ("both", "shifted", "double", "x")
    assert built.path("both", "both") == ("both",)
    assert built.path("zone_lat", "x") == ()


def test_an_empty_table_and_a_program_without_functions_are_fine() -> None:
    assert program("both").matrix(ROWS.clear()).shape == (0, 1)
    assert program("x").stages == ()
    assert program("x").matrix(ROWS)["x"].to_list() == [1.0, 2.0, None]


def test_features_that_read_each_other_are_refused_with_the_circle() -> None:
    circle = b"def a(b):\n    return b\n\ndef b(c):\n    return c\n\ndef c(a, x):\n    return a\n"
    expected = ("features.py:1", "features.py:4", "features.py:7")
    assert faults(circle, "a") == [("FEAT-001", "features read each other in a circle: a <- b <- c <- a", expected)]
    assert faults(b"def a(a):\n    return a\n", "a")[0][1] == "features read each other in a circle: a <- a"


def test_a_column_nobody_knows_is_refused_at_its_reader_with_a_guess() -> None:
    source = b"def a(offest):\n    return offest\n\ndef b(xx):\n    return xx\n"
    assert faults(source, "a", "b", "zone_latt") == [
        ("FEAT-002", "'a' reads 'offest', which is neither a feature nor a column", ("features.py:1",)),
        ("FEAT-002", "'b' reads 'xx', which is neither a feature nor a column", ("features.py:4",)),
        ("FEAT-002", "'zone_latt' is neither a feature nor a column", ("features in project.yaml",)),
    ]
    with pytest.raises(UsageError, match="did you mean 'offset'"):
        program("a", source=source)


@pytest.mark.parametrize("name", ["x", "zone_lat"])
def test_a_function_may_not_bear_the_name_of_a_column(name: str) -> None:
    assert faults(f"def {name}(offset):\n    return offset\n".encode(), name)[0][0] == "FEAT-003"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("x.dt.of_the_dead()", "feature 'a' fails: AttributeError"),
        ("3", "feature 'a' returns int, not a column"),
        ("None", "feature 'a' returns NoneType, not a column"),
    ],
)
def test_a_function_that_makes_no_column_is_refused_with_its_place(body: str, message: str) -> None:
    ((code, what, where),) = faults(f"def a(x):\n    return {body}\n".encode(), "a")
    assert what.startswith(message)
    assert (code, where) == ("FEAT-007", ("features.py:1",))


def test_one_row_is_computed_as_a_million_are_to_the_last_digit() -> None:
    built = program("a", source=b"def a(x):\n    return (x / 60) / 49\n")
    rows = pl.DataFrame({"x": [23, 31, 46, 49, 7_654_321]})
    assert pl.concat([built.matrix(row) for row in rows.iter_slices(1)]).equals(built.matrix(rows))


def test_text_is_refused_as_a_model_input() -> None:
    with pytest.raises(UsageError, match=r"FEAT-008.*'note' holds String"):
        program("x", "note").matrix(ROWS)


def test_rows_without_a_raw_column_are_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"FEAT-009.*'offset'"):
        program("shifted").run(ROWS.drop("offset"))


def test_features_behind_a_missing_column_are_left_out(features: Mapping[str, Feature]) -> None:
    wanted = ("both", "shifted", "zone_lat", "zone")
    assert available(features, wanted, {"zone_lat", "zone_lon"}) == (("shifted", "zone"), ("both", "zone_lat"))
    assert available(features, wanted, {"x"}) == (("zone_lat", "zone"), ("both", "shifted"))
    assert available(features, wanted, set()) == (wanted, ())
