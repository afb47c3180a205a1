import narwhals as nw
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.core.errors import UsageError
from steward.features.fitted.fit import fit_columns, in_order
from steward.features.fitted.table import fit_target_mean, folds_of, mean_of_other_folds
from steward.features.program import Program
from steward.project.fitted import (
    BinsSpec,
    ClustersSpec,
    ComponentSpec,
    CountSpec,
    FittedSpec,
    ImputeSpec,
    ScaleSpec,
    TargetMeanSpec,
    TypicalSpec,
)
from steward.registry.encoded import fitting_as_json, fitting_from_json
from steward.registry.table import table_as_json

ZONES = pl.DataFrame({"zone": [1, 1, 1, 2, None], "word": ["a", "b", "a", "a", "b"]})
MINUTES = np.array([10.0, 20.0, 30.0, 100.0, 40.0])

every_kind: dict[str, FittedSpec] = {
    "mean_by_zone": TargetMeanSpec(kind="target_mean", by=("zone",), smoothing=5),
    "mean_by_both": TargetMeanSpec(kind="target_mean", by=("zone", "word")),
    "seen": CountSpec(kind="count", by=("zone", "word")),
    "bin": BinsSpec(kind="bins", of="x", count=4),
    "mean_by_bin": TargetMeanSpec(kind="target_mean", by=("zone", "word")),
    "whole": ImputeSpec(kind="impute", of="x"),
    "even": ScaleSpec(kind="scale", of="x"),
    "cell": ClustersSpec(kind="clusters", of=("x", "y"), count=3),
    "usual_x": TypicalSpec(kind="typical", of="x", by=("zone", "word"), smoothing=3),
    "axis": ComponentSpec(kind="component", of=("x", "y")),
}


def test_a_mean_of_few_rows_leans_on_the_overall_mean() -> None:
    # overall (10+20+30+100+40)/5 = 40; zone 1: (60 + 2*40)/(3+2) = 28; zone 2: (100 + 80)/(1+2) = 60
    lookup = fit_target_mean("mean", ZONES, ("zone",), MINUTES, smoothing=2)
    rows = pl.DataFrame({"zone": [1, 2, 3, None]})
    assert rows.with_columns(*lookup.polars().values())["mean"].to_list() == [28.0, 60.0, 40.0, 40.0]


def test_a_training_row_gets_the_mean_of_the_other_folds_and_never_its_own_target() -> None:
    fold = np.array([0, 1, 1, 0, 1])
    # fold 0 sees rows 1, 2, 4: overall 30, zone 1: (20+30 + 1*30)/(2+1) = 80/3, zone 2 unknown: 30
    # fold 1 sees rows 0, 3: overall 55, zone 1: (10 + 55)/2 = 32.5, no zone: 55
    mean = mean_of_other_folds(ZONES, ("zone",), MINUTES, smoothing=1, fold=fold)
    assert mean.tolist() == pytest.approx([80 / 3, 32.5, 32.5, 30.0, 55.0])


@given(own=st.floats(-1e6, 1e6), row=st.integers(0, 39))
@settings(max_examples=30)
def test_what_a_row_gets_does_not_change_with_its_own_target(own: float, row: int) -> None:
    generator = np.random.default_rng(3)
    rows = pl.DataFrame({"zone": generator.integers(0, 4, 40)})
    target, fold = generator.normal(size=40), np.arange(40) % 5
    other = target.copy()
    other[row] = own
    seen = [mean_of_other_folds(rows, ("zone",), truth, smoothing=3, fold=fold)[row] for truth in (target, other)]
    assert seen[0] == pytest.approx(seen[1], rel=1e-9, abs=1e-9)


def test_a_target_of_pure_noise_is_not_found_in_its_own_mean() -> None:
    generator = np.random.default_rng(5)
    rows = pl.DataFrame({"zone": generator.integers(0, 300, 1_000)})
    target = generator.normal(size=1_000)
    spec = {"mean": TargetMeanSpec(kind="target_mean", by=("zone",), smoothing=1)}
    learned = fit_columns(spec, rows, target, ())
    own = np.corrcoef(learned.table["mean"].to_numpy(), target)[0, 1]
    naive = np.corrcoef(learned.fitting.apply(rows)["mean"].to_numpy(), target)[0, 1]
    assert naive > 0.4
    assert own < 0.1


def test_what_is_typical_of_a_combination_leans_on_what_is_typical_overall() -> None:
    rows = pl.DataFrame({"zone": [1, 1, 1, 2, None], "miles": [1.0, 2.0, 90.0, 5.0, None]})
    spec = TypicalSpec(kind="typical", of="miles", by=("zone",), smoothing=1, folds=2)
    learned = fit_columns({"usual": spec}, rows, np.zeros(5), ())
    # the median of 1, 2, 90 and 5 is 3.5; zone 1: (3 * 2 + 3.5)/4, zone 2: (5 + 3.5)/2
    assert learned.fitting.apply(pl.DataFrame({"zone": [1, 2, 3]}))["usual"].to_list() == [2.375, 4.25, 3.5]
    # the row that is alone in its zone gets what the other fold is overall, never its own value
    fold = folds_of(5, 2, 7)
    others = rows["miles"].to_numpy()[(fold != fold[3])]
    assert learned.table["usual"][3] == np.nanmedian(others)


def test_rows_are_counted_by_all_keys_and_an_unseen_combination_is_0() -> None:
    learned = fit_columns({"seen": CountSpec(kind="count", by=("zone", "word"))}, ZONES, MINUTES, ())
    assert learned.table["seen"].to_list() == [2.0, 1.0, 2.0, 1.0, 0.0]
    assert learned.fitting.apply(pl.DataFrame({"zone": [2, 9], "word": ["b", "a"]}))["seen"].to_list() == [0.0, 0.0]


def test_of_several_classes_the_meant_one_is_named() -> None:
    codes = np.array([0.0, 1.0, 1.0, 2.0, 0.0])
    spec = TargetMeanSpec(kind="target_mean", by=("zone",), smoothing=0, of="light")
    learned = fit_columns({"light_share": spec}, ZONES, codes, ("dead", "light", "none"))
    assert learned.fitting.apply(ZONES)["light_share"].to_list() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 0.0, 0.4])
    with pytest.raises(UsageError, match="does not say which class it means") as caught:
        fit_columns({"share": TargetMeanSpec(kind="target_mean", by=("zone",))}, ZONES, codes, ("dead", "light", "none"))
    assert caught.value.faults[0].fix == "add  of: none"


def test_formulas_match_the_hand_calculation() -> None:
    rows = pl.DataFrame({"x": [0.0, 1.0, 2.0, 3.0, None], "y": [0.0, 0.0, 10.0, 10.0, 1.0]})
    specs: dict[str, FittedSpec] = {
        "half": BinsSpec(kind="bins", of="x", count=2),  # the median is 1.5
        "whole": ImputeSpec(kind="impute", of="x", statistic="mean"),
        "even": ScaleSpec(kind="scale", of="x"),  # mean 1.5, variance (2.25+0.25+0.25+2.25)/4 = 1.25
        "cell": ClustersSpec(kind="clusters", of=("x", "y"), count=2),
    }
    made = fit_columns(specs, rows, np.zeros(5), ()).table
    assert made["half"].to_list() == [0.0, 0.0, 1.0, 1.0, None]
    assert made["whole"].to_list() == [0.0, 1.0, 2.0, 3.0, 1.5]
    assert made["even"].drop_nulls().to_list() == pytest.approx(
        [-1.5 / 1.25**0.5, -0.5 / 1.25**0.5, 0.5 / 1.25**0.5, 1.5 / 1.25**0.5]
    )
    assert made["cell"].to_list() == [0.0, 0.0, 1.0, 1.0, None]


def test_the_first_component_of_two_equal_columns_is_their_diagonal() -> None:
    rows = pl.DataFrame({"x": [1.0, 2.0, 3.0], "y": [10.0, 20.0, 30.0]})
    made = fit_columns({"axis": ComponentSpec(kind="component", of=("x", "y"))}, rows, np.zeros(3), ())
    # both standardised are -sqrt(1.5), 0, sqrt(1.5); along the diagonal that is times sqrt(2)
    assert made.table["axis"].to_list() == pytest.approx([-(3**0.5), 0.0, 3**0.5], abs=1e-12)


def _random_rows(count: int) -> pl.DataFrame:
    generator = np.random.default_rng(11)
    columns = {
        "zone": generator.integers(1, 9, count),
        "word": generator.choice(["a", "b", "ü", ""], count),
        "x": generator.normal(size=count),
        "y": generator.normal(size=count) * 100,
    }
    gaps = {name: generator.random(count) < 0.1 for name in columns}
    made = pl.DataFrame(columns)
    return made.with_columns(pl.when(pl.lit(~pl.Series(gaps[name]))).then(pl.col(name)).alias(name) for name in columns)


def test_every_engine_a_batch_and_one_row_give_the_same_columns() -> None:
    rows, others = _random_rows(2_000), _random_rows(300).with_columns(pl.col("zone") + 3)
    target = np.random.default_rng(2).normal(size=2_000)
    fitting = fit_columns(every_kind, rows, target, ()).fitting
    again = fitting_from_json(fitting_as_json(fitting))
    program = Program.build(again.features, again.names, rows.columns, again.lookups)

    batch = program.run(others).select(fitting.names)
    assert batch.equals(fitting.apply(others).select(fitting.names))
    alone = pl.concat([program.run(others[place : place + 1]).select(fitting.names) for place in range(0, 300, 7)])
    assert alone.equals(batch[::7])
    native = program.run_narwhals(nw.from_native(others)).to_native().select(fitting.names)
    for name in fitting.names:
        assert native[name].is_null().equals(batch[name].is_null())
        np.testing.assert_allclose(
            native[name].drop_nulls().to_numpy(), batch[name].drop_nulls().to_numpy(), rtol=1e-12, atol=1e-12
        )


def test_the_order_follows_what_is_read_and_a_circle_is_named() -> None:
    specs: dict[str, FittedSpec] = {"b": ScaleSpec(kind="scale", of="a"), "a": ImputeSpec(kind="impute", of="x")}
    assert in_order(specs, ["x"]) == ("a", "b")
    circle: dict[str, FittedSpec] = {"b": ScaleSpec(kind="scale", of="a"), "a": ImputeSpec(kind="impute", of="b")}
    with pytest.raises(UsageError, match="in a circle: b <- a <- b"):
        in_order(circle, ["x"])


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (TargetMeanSpec(kind="target_mean", by=("x",)), "tells rows apart by 'x', which holds Float64"),
        (CountSpec(kind="count", by=("x",)), "tells rows apart by 'x', which holds Float64"),
        (ScaleSpec(kind="scale", of="word"), "needs numbers, and 'word' holds String"),
        (ImputeSpec(kind="impute", of="empty"), "'empty', which fitted column 'new' reads, is empty"),
        (BinsSpec(kind="bins", of="endless"), "is infinite in 1 rows"),
        (ClustersSpec(kind="clusters", of=("x",), count=9), "looks for 9 centres among fewer different points"),
        (ComponentSpec(kind="component", of=("x", "y"), number=3), "is component 3 of 2 columns"),
        (TargetMeanSpec(kind="target_mean", by=("word",), of="yes"), "names the class 'yes', and the target is a quantity"),
    ],
)
def test_what_cannot_be_fitted_is_refused_with_the_reason(spec: FittedSpec, says: str) -> None:
    rows = pl.DataFrame(
        {"x": [1.0, 2.0], "y": [1.0, 3.0], "word": ["a", "b"], "empty": [None, None], "endless": [1.0, float("inf")]},
        schema_overrides={"empty": pl.Float64},
    )
    with pytest.raises(UsageError, match=says) as caught:
        fit_columns({"new": spec}, rows, np.zeros(2), ())
    assert caught.value.faults[0].fix


def test_a_fitted_table_keeps_whole_numbers_text_and_booleans_as_keys() -> None:
    rows = pl.DataFrame({"flag": [True, False, True], "small": pl.Series([1, 2, 1], dtype=pl.Int8)})
    lookup = fit_columns({"seen": CountSpec(kind="count", by=("flag", "small"))}, rows, np.zeros(3), ()).fitting.lookups[0]
    assert [column["type"] for column in table_as_json(lookup.table)] == ["boolean", "integer", "number"]
