import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.reliability import count_trials

from steward.core.digest import canonical_json
from steward.monitoring.arrived import Arrived, count_arrived
from steward.monitoring.drift import judge_drift
from steward.monitoring.faults import DataFault, judge_arrived, judge_faults, leaning
from steward.monitoring.reference import Reference
from steward.monitoring.sketch import sketch_like, sketch_reference
from steward.project.dictionary import DictionarySpec

COLUMNS = 30
NUMBERS = [f"x{number}" for number in range(24)]
LEVELS = [f"c{number}" for number in range(6)]
# The three most important of the 30: a skewed number, a symmetric one, a category; the last one is not used at all.
IMPORTANCE = {"x0": 0.3, "x1": 0.25, "c0": 0.2, **dict.fromkeys([*NUMBERS[2:23], *LEVELS[1:]], 0.01), "x23": 0.0}


def rows(count: int, seed: int | Sequence[int]) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    numbers = {name: draw.normal(3, 2, count) if place % 2 else draw.gamma(2, 1.5, count) for place, name in enumerate(NUMBERS)}
    levels = {name: np.char.add("L", (draw.zipf(1.6, count) % 30).astype(str)) for name in LEVELS}
    return pl.DataFrame({**numbers, **levels})


REFERENCE = Reference(sketch_reference(rows(10_000, 1), ()))


def judge(
    window: pl.DataFrame, reference: Reference = REFERENCE, importance: Mapping[str, float] = IMPORTANCE
) -> tuple[DataFault, ...]:
    current = sketch_like(window, reference.sketch)
    drift = judge_drift(reference, current, importance, chance=0.001, min_rows=50)
    return judge_faults(reference.sketch, current, importance, chance=0.001, min_rows=50, drift=drift)


def without(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.with_columns(pl.lit(None, frame.schema[name]).alias(name))


def stuck(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.with_columns(pl.col(name).first().alias(name))


def hundredfold(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.with_columns(pl.col(name) * 100)


def spelt_anew(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.with_columns(("new-" + pl.col(name)).alias(name))


def gone(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.drop(name)


BREAKS: Mapping[str, tuple[Callable[[pl.DataFrame, str], pl.DataFrame], Sequence[str]]] = {
    "vanished": (gone, ("x0", "x1", "c0")),
    "nulls": (without, ("x0", "x1", "c0")),
    "constant": (stuck, ("x0", "x1", "c0")),
    "unit": (hundredfold, ("x0", "x1")),
    "vocabulary": (spelt_anew, ("c0",)),
}


@pytest.mark.parametrize("trials", [12, pytest.param(200, marks=pytest.mark.campaign)])
@pytest.mark.parametrize("kind", BREAKS)
def test_a_broken_top_feature_of_thirty_is_seen_and_named_in_the_first_window(kind: str, trials: int) -> None:
    broken, names = BREAKS[kind]
    sizes, failed, named = (60, 200, 1000), 0, 0
    for trial in range(trials):
        name, size = names[trial % len(names)], sizes[trial % len(sizes)]
        found = judge(broken(rows(size, [2, trial]), name))
        failed += not found or found[0].column != name or found[0].severity < 0.7
        named += bool(found) and found[0].kind == kind
    what = f"one of the three most important of 30 features broken ({kind}), windows of 60 to 1,000 rows: severity at least 0.7"
    count_trials("S3", what, trials=trials, failed=failed, figures={"named right": f"{named} of {trials}"})
    assert failed == 0
    assert named >= 0.95 * trials


def test_a_break_in_a_column_the_model_does_not_use_has_no_severity_but_is_told() -> None:
    for broken in (without, stuck, hundredfold, gone):
        [fault] = judge(broken(rows(500, 3), "x23"))
        assert (fault.column, fault.severity) == ("x23", 0.0)


@pytest.mark.parametrize("trials", [40, pytest.param(1000, marks=pytest.mark.campaign)])
def test_rows_like_the_reference_are_never_called_broken(trials: int) -> None:
    sizes = (50, 200, 2000)
    found = [judge(rows(sizes[trial % 3], [4, trial])) for trial in range(trials)]
    failed = sum(bool(faults) for faults in found)
    count_trials(
        "S3", "30 columns, windows of 50 to 2,000 rows in which nothing is broken: no data fault", trials=trials, failed=failed
    )
    assert failed == 0


def test_a_burst_of_nulls_weighs_by_its_share_and_by_how_far_the_model_leans_on_the_column() -> None:
    severities = []
    for share in (0.0, 0.05, 0.15, 0.2, 0.5, 1.0):
        frame = rows(2000, 5).with_columns(pl.when(pl.int_range(pl.len()) >= share * 2000).then("x1").alias("x1"))
        severities.append(max((fault.severity for fault in judge(frame)), default=0.0))
    assert severities == sorted(severities)
    assert severities[:2] == [0.0, 0.0]  # a twentieth may be people: it is drift, not a fault
    # 13 % beyond the margin of 2 %: 1 - 2^-2.6 = 0.835, times the fourth root of 0.25 / 0.3
    assert severities[2] == pytest.approx(0.835 * (0.25 / 0.3) ** 0.25, abs=0.001)


def test_weights_are_fourth_roots_of_gain_over_the_best() -> None:
    weights = leaning({"a": 0.8, "b": 0.05, "c": 0.0})
    assert weights == {"a": 1.0, "b": pytest.approx(0.5), "c": 0.0, "prediction": 1.0}
    assert leaning({}) == {"prediction": 1.0}


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("as kilometres for miles", lambda column: column * 1.609344),
        ("60 times as small", lambda column: column / 60),
        ("1000 times as large", lambda column: column * 1000),
        ("as Fahrenheit for Celsius", lambda column: column * 1.8 + 32),
    ],
)
def test_a_change_of_unit_is_named(text: str, made: Callable[[pl.Expr], pl.Expr]) -> None:
    [fault] = judge(rows(2000, 6).with_columns(made(pl.col("x1"))))
    assert (fault.kind, fault.column) == ("unit", "x1")
    assert text in fault.text


def test_values_that_only_grew_are_no_change_of_unit() -> None:
    for factor in (1.3, 1.5, 1.7, 2.0):
        assert all(fault.kind != "unit" for fault in judge(rows(2000, 6).with_columns(pl.col("x1") * factor)))


def test_infinite_values_are_told_however_few() -> None:
    frame = rows(2000, 7).with_columns(pl.when(pl.int_range(pl.len()) < 40).then(float("inf")).otherwise("x1").alias("x1"))
    [fault] = judge(frame)
    assert (fault.kind, fault.column, fault.share) == ("infinite", "x1", 0.02)
    assert fault.severity == 0.0
    assert fault.text == "x1 is infinite in 40 of 2,000 rows"


def test_a_single_infinite_value_is_told_where_there_was_none_before_and_weighs_nothing() -> None:
    frame = rows(2000, 7)
    one = frame.with_columns(pl.when(pl.int_range(pl.len()) < 1).then(float("-inf")).otherwise("x1").alias("x1"))
    [fault] = judge(one)
    assert (fault.kind, fault.column, fault.severity) == ("infinite", "x1", 0.0)
    assert fault.text == "x1 is infinite in 1 of 2,000 rows"
    reference = Reference(sketch_reference(one, ()))
    assert judge(one, reference) == ()  # as many as before
    [every] = judge(frame.with_columns(pl.lit(float("inf")).alias("x1")))
    assert (every.kind, every.share) == ("infinite", 1.0)


def test_a_single_infinite_value_hides_no_other_fault_of_its_column() -> None:
    frame = hundredfold(rows(2000, 7), "x1")
    [fault] = judge(frame.with_columns(pl.when(pl.int_range(pl.len()) < 1).then(float("inf")).otherwise("x1").alias("x1")))
    assert (fault.kind, fault.column) == ("unit", "x1")


def test_values_beyond_all_that_was_learned_from_are_out_of_range() -> None:
    [fault] = judge(rows(2000, 8).with_columns(pl.when(pl.int_range(pl.len()) < 600).then(40.0).otherwise("x1").alias("x1")))
    assert (fault.kind, fault.column, fault.share) == ("range", "x1", 0.3)


def test_what_a_column_always_was_is_no_fault() -> None:
    frame = rows(10_000, 9).with_columns(
        pl.when(pl.int_range(pl.len()) % 2 == 0).then("x0").alias("x0"), pl.lit(7.0).alias("x1"), pl.lit("only").alias("c0")
    )
    reference = Reference(sketch_reference(frame, ()))
    assert judge(frame.sample(400, seed=1), reference) == ()


def test_a_calendar_column_that_holds_still_in_every_quiet_window_is_not_stuck() -> None:
    frame = pl.DataFrame({"weekday": [day % 7 for day in range(7000)]}).cast(pl.Float64)
    sketch = sketch_reference(frame, ())
    current = sketch_like(pl.DataFrame({"weekday": [3.0] * 300}), sketch)
    drift = judge_drift(Reference(sketch), current, {"weekday": 1.0}, chance=0.001, min_rows=50)
    quiet = replace(drift, moved=(), columns=tuple(replace(column, moved=False, usual=0.8) for column in drift.columns))
    [fault] = judge_faults(sketch, current, {"weekday": 1.0}, chance=0.001, min_rows=50, drift=drift)
    assert (fault.kind, fault.text) == ("constant", "weekday holds a single value, 3, in 300 rows")
    assert judge_faults(sketch, current, {"weekday": 1.0}, chance=0.001, min_rows=50, drift=quiet) == ()


def test_too_few_rows_or_none_say_nothing() -> None:
    for count in (0, 1, 49):
        assert judge(without(rows(count, 10), "x0")) == ()
    assert judge_faults(sketch_reference(rows(0, 1), ()), REFERENCE.sketch, {}, chance=0.01, min_rows=1) == ()


def test_answers_are_named_only_where_they_are_missing() -> None:
    frame = rows(5000, 11).with_columns((pl.col("x0") + pl.col("x1")).alias("prediction"))
    reference = Reference(sketch_reference(frame, ()))
    later = rows(500, 12).with_columns((pl.col("x0") + pl.col("x1")).alias("prediction"))
    assert judge(stuck(later, "prediction"), reference) == ()
    assert judge(hundredfold(later, "prediction"), reference) == ()
    [fault] = judge(without(later, "prediction"), reference)
    assert (fault.kind, fault.severity) == ("nulls", pytest.approx(1.0, abs=0.001))


DICTIONARY = DictionarySpec.model_validate(
    {
        "columns": {
            "zone": {"type": "integer", "known_at": "request", "meaning": "where", "min": 1, "max": 9},
            "km": {"type": "number", "known_at": "request", "meaning": "how far", "min": 0},
            "note": {"type": "text", "known_at": "request", "meaning": "what was said"},
            "minutes": {"type": "number", "known_at": "outcome", "meaning": "how long it took"},
        }
    }
)


def arrivals(count: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "zone": [1 + row % 9 for row in range(count)],
            "km": [row / 10 for row in range(count)],
            "note": [None if row % 10 == 0 else "fine" for row in range(count)],
            "minutes": [None] * count,
        },
        schema={"zone": pl.Int64, "km": pl.Float64, "note": pl.String, "minutes": pl.Float64},
    )


def test_arrived_rows_are_counted_by_hand() -> None:
    first, second = arrivals(100), arrivals(40).with_columns(pl.lit(0).alias("zone"), pl.lit(-1.0).alias("km"))
    counted = count_arrived(first, DICTIONARY, apart=3)
    assert counted == Arrived(100, {"zone": 0, "km": 0, "note": 10}, {"zone": 0, "km": 0}, 0, 3, ((1, 100),))
    other = count_arrived(second, DICTIONARY)
    assert other == Arrived(40, {"zone": 0, "km": 0, "note": 4}, {"zone": 40, "km": 40}, 38, 0, ((4, 1), (36, 1)))
    assert count_arrived(first.clear(), DICTIONARY).rows == 0


def test_arrived_rows_survive_json_and_those_that_an_older_steward_kept_are_read() -> None:
    counted = count_arrived(arrivals(100).with_columns(pl.lit(0.0).alias("km")), DICTIONARY)
    assert Arrived.from_dict(json.loads(canonical_json(counted.as_dict()))) == counted
    older = {"rows": 100, "missing": {}, "outside": {}, "repeated": 20, "apart": 0, "callers": {"a": 30}}
    assert Arrived.from_dict(older) == Arrived(100, {}, {}, 20)
    assert Arrived.from_dict(older).repeated_share(10) == 0.2


def test_the_share_that_repeats_is_that_of_as_many_rows_by_hand() -> None:
    # 60 rows came once, 20 twice: of half of them 30 are left of the former and 20 (1 - 1/4) = 15 of the latter; 5 of 50 repeat.
    held = Arrived(100, repeated=20, copies=((1, 60), (2, 20)))
    assert held.repeated_share(50) == pytest.approx(0.1)
    assert held.repeated_share(100) == held.repeated_share(500) == pytest.approx(0.2)


def test_rows_repeat_more_often_in_more_rows_and_that_is_no_fault() -> None:
    draw = np.random.default_rng(13)

    def drawn(count: int) -> pl.DataFrame:
        return arrivals(count).with_columns(pl.Series("km", draw.integers(0, 1000, count) / 10), pl.lit("fine").alias("note"))

    def found(before: pl.DataFrame, now: pl.DataFrame) -> list[str]:
        usual, counted = (count_arrived(frame, DICTIONARY) for frame in (before, now))
        return [fault.kind for fault in judge_arrived(usual, counted, {}, chance=0.001, min_rows=50)]

    few, many = drawn(1000), drawn(20_000)
    # There are 9,000 different rows: of 1,000 some 5 % repeat, of 20,000 some 60 %.
    assert found(few, many) == []
    assert found(many, few) == []
    assert found(many, pl.concat([few, few])) == ["duplicates"]  # half of them, where a tenth is usual of 2,000
    apart = arrivals(30_000)
    assert found(apart, pl.concat([apart, apart])) == ["duplicates"]  # a month that was loaded twice, one after the other


def test_rows_that_come_empty_twice_or_out_of_bounds_are_faults_before_any_check_takes_them_out() -> None:
    usual = count_arrived(arrivals(5000), DICTIONARY, apart=100)
    importance = {"zone": 0.8, "km": 0.05}

    def found(frame: pl.DataFrame, apart: int = 0) -> list[tuple[str, str | None, float]]:
        counted = count_arrived(frame, DICTIONARY, apart=apart)
        faults = judge_arrived(usual, counted, importance, chance=0.001, min_rows=50)
        return [(fault.kind, fault.column, round(fault.severity, 2)) for fault in faults]

    frame = arrivals(500)
    assert found(frame, apart=10) == []
    assert found(without(frame, "zone")) == [("nulls", "zone", 1.0)]
    assert found(without(frame, "note")) == [("nulls", "note", 0.0)]  # the model does not read it
    assert found(frame.with_columns(pl.col("km") - 1000)) == [("range", "km", 0.5)]  # the fourth root of 0.05 / 0.8
    assert found(pl.concat([frame, frame.head(200)])) == [("duplicates", None, round(1 - 2 ** -((200 / 700 - 0.02) / 0.05), 2))]
    assert found(frame, apart=300) == [("range", None, 1.0)]
    assert found(frame.head(40)) == []
