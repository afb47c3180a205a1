import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.core.digest import canonical_json
from steward.monitoring.drift import DriftVerdict, judge_drift
from steward.monitoring.reference import Reference
from steward.monitoring.severity import severity_of
from steward.monitoring.sketch import sketch_like, sketch_reference

CATEGORIES = {"zone"}
IMPORTANCE = {"km": 0.64, "hour": 0.16, "zone": 0.04, "unused": 0.0}
samples = st.lists(st.integers(0, 100), min_size=1, max_size=30)


def trips(rows: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    km, hour = rng.gamma(2.0, 1.5, rows), rng.uniform(0, 24, rows)
    return pl.DataFrame(
        {
            "km": km,
            "hour": hour,
            "zone": rng.integers(1, 60, rows),
            "unused": rng.normal(size=rows),
            "prediction": 5 + 3 * km + np.sin(hour),
        }
    )


REFERENCE = trips(20_000, seed=1)
SKETCHED = Reference(sketch_reference(REFERENCE, CATEGORIES))


def judge(window: pl.DataFrame, *, reference: Reference = SKETCHED) -> DriftVerdict:
    current = sketch_like(window, reference.sketch)
    return judge_drift(reference, current, IMPORTANCE, chance=0.01, min_rows=200)


def of_one_column(reference: list[int], current: list[int]) -> DriftVerdict:
    # Each value stands for 500 rows, so that chance explains little.
    return of_frames(pl.DataFrame({"x": reference * 500}), pl.DataFrame({"x": current * 500}))


def of_frames(reference: pl.DataFrame, current: pl.DataFrame) -> DriftVerdict:
    made = Reference(sketch_reference(reference, ()))
    return judge_drift(made, sketch_like(current, made.sketch), dict.fromkeys(reference.columns, 1.0), chance=0.01, min_rows=1)


def test_severity_halves_its_distance_to_one() -> None:
    assert [severity_of(excess, half_at=0.1) for excess in (-1, 0, 0.1, 0.2, 0.3)] == [0, 0, 0.5, 0.75, 0.875]


def test_one_moved_column_by_hand() -> None:
    # A tenth of the rows moved: distance 0.1, margin 0.02 (chance explains less), excess 0.08: 1 - 2^-1.6
    verdict = of_one_column([*range(100)], [*range(10, 110)])
    [column] = verdict.columns
    assert column.distance == pytest.approx(0.1, abs=0.002)
    assert column.critical < 0.02
    assert verdict.severity == pytest.approx(1 - 2**-1.6, abs=0.02)
    assert verdict.moved == ("x",)


def test_a_move_within_the_margin_is_no_move() -> None:
    assert of_one_column([*range(100)], [*range(1, 101)]).severity == 0.0


def test_weights_are_roots_of_the_gain_and_the_prediction_counts_in_full() -> None:
    weights = {column.name: column.weight for column in judge(REFERENCE).columns}
    assert weights == pytest.approx({"km": 1.0, "hour": 0.5, "zone": 0.25, "unused": 0.0, "prediction": 1.0})


def test_a_model_that_reads_nothing_minds_only_its_answers() -> None:
    shifted = sketch_like(REFERENCE.with_columns(pl.col("km") + 50), SKETCHED.sketch)
    verdict = judge_drift(SKETCHED, shifted, {}, chance=0.01, min_rows=1)
    assert (verdict.severity, verdict.moved) == (0.0, ("km",))


@pytest.mark.parametrize("rows", [50, 100, 200, 500, 2000, 5000])
def test_windows_in_which_nothing_moved_are_quiet_at_every_size(rows: int) -> None:
    verdicts = [judge(trips(rows, seed=1000 + seed)) for seed in range(40)]
    assert sum(bool(verdict.moved) for verdict in verdicts) <= 2
    assert max(verdict.severity for verdict in verdicts) < 0.5


@pytest.mark.parametrize(
    "broken",
    [
        pl.lit(None, dtype=pl.Float64),
        pl.lit(0.0),
        pl.lit(2.5),
        pl.col("km") * 100,
        pl.lit("n/a"),
    ],
)
def test_a_broken_top_feature_is_serious_in_200_rows(broken: pl.Expr) -> None:
    for seed in range(5):
        assert judge(trips(200, seed).with_columns(km=broken)).severity >= 0.7


def test_a_top_feature_that_is_not_delivered_is_serious() -> None:
    verdict = judge(trips(200, seed=3).drop("km"))
    assert verdict.severity >= 0.99
    assert verdict.columns[0].name == "km"
    assert verdict.columns[0].missing == 1.0


def test_a_replaced_vocabulary_shows_as_unseen() -> None:
    zone = next(c for c in judge(trips(300, seed=3).with_columns(pl.col("zone") + 1000)).columns if c.name == "zone")
    assert (zone.moved, zone.unseen, zone.distance) == (True, 1.0, 1.0)


def test_a_small_shift_of_the_top_feature_is_seen_in_500_rows() -> None:
    spread = REFERENCE["km"].std()
    verdicts = [judge(trips(500, seed).with_columns(pl.col("km") + 0.3 * spread)) for seed in range(20)]
    assert all(verdict.severity > 0 for verdict in verdicts)


def test_a_feature_the_model_does_not_read_never_alarms() -> None:
    verdict = judge(trips(5000, seed=3).with_columns(unused=pl.lit(1e9)))
    assert verdict.severity == 0.0
    assert verdict.moved == ("unused",)


def test_no_rows_give_no_columns_and_few_rows_are_not_enough() -> None:
    assert judge(REFERENCE.clear()) == DriftVerdict((), 0.0, (), 0, enough=False)
    assert not judge(trips(199, seed=2)).enough
    assert judge(trips(200, seed=2)).enough


def test_a_reference_without_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="reference holds no rows"):
        judge(REFERENCE, reference=Reference(sketch_reference(REFERENCE.clear(), ())))


def test_a_verdict_is_json_with_the_worst_column_first() -> None:
    verdict = judge(trips(500, seed=4).with_columns(pl.col("km") * 2))
    assert canonical_json(verdict.as_dict()).startswith('{"columns":[{"critical":')
    contributions = [column.weighted_severity for column in verdict.columns]
    assert contributions == sorted(contributions, reverse=True)
    assert verdict.severity == contributions[0]


def test_more_rows_show_the_same_shift_more_clearly() -> None:
    def mean_severity(rows: int) -> float:
        moved = pl.col("km") + 0.8
        return float(np.mean([judge(trips(rows, seed).with_columns(moved)).severity for seed in range(10)]))

    severities = [mean_severity(rows) for rows in (50, 100, 200, 5000)]
    assert severities == sorted(severities)


@settings(deadline=None)
@given(samples, st.integers(1, 50), st.integers(1, 50))
def test_severity_grows_with_the_shift(values: list[int], small: int, more: int) -> None:
    severities = [of_one_column(values, [value + shift for value in values]).severity for shift in (0, small, small + more)]
    assert severities == sorted(severities)
    assert severities[0] == 0.0


@settings(deadline=None)
@given(samples, samples)
def test_severity_is_a_share_and_does_not_depend_on_row_order(a: list[int], b: list[int]) -> None:
    verdict = of_one_column(a, b)
    assert 0 <= verdict.severity <= 1
    assert of_one_column(a[::-1], b[::-1]) == verdict


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 5), min_size=1))
def test_identical_categories_have_no_severity_and_a_growing_new_level_ever_more(counts: dict[str, int]) -> None:
    old = [level for level, count in counts.items() for _ in range(count * 200)]

    def severity(new_rows: int) -> float:
        return of_frames(pl.DataFrame({"z": old}), pl.DataFrame({"z": old[new_rows:] + ["new"] * new_rows})).severity

    severities = [severity(rows) for rows in (0, 30, 60, 120)]
    assert severities == sorted(severities)
    assert severities[0] == 0.0
