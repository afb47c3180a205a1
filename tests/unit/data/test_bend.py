from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.core.errors import UsageError
from steward.data.bend import Reach, bend_rows, pressure
from steward.data.bend_amounts import read_units
from steward.project.bends import parse_bend

ROWS = 1000
START = datetime(2024, 1, 1)  # noqa: DTZ001 - wall clock of the data's zone, as everywhere in rows
LATER = START + timedelta(days=152)
TIMED = Reach(time="at")


def rows() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "at": [START + timedelta(hours=hour) for hour in range(ROWS)],
            "km": [float(1 + hour % 10) for hour in range(ROWS)],
            "riders": [1 + hour % 4 for hour in range(ROWS)],
            "fleet": ["green", "yellow", "yellow", None] * (ROWS // 4),
            "left": [hour % 5 == 0 for hour in range(ROWS)],
        }
    )


def bent(*texts: str, reach: Reach = TIMED, seed: int = 1, frame: pl.DataFrame | None = None) -> pl.DataFrame:
    return bend_rows(rows() if frame is None else frame, [parse_bend(text) for text in texts], reach, seed=seed)


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("shift:km:2.5", "km", [3.5, 4.5, 5.5]),
        ("shift:km:1sd", "km", [1 + 8.25**0.5, 2 + 8.25**0.5, 3 + 8.25**0.5]),  # 1 to 10 by turns: variance 8.25
        ("shift:riders:0.6", "riders", [2, 3, 4]),  # what counts is rounded: 1.6, 2.6, 3.6
        ("shift:at:-90m", "at", [START + timedelta(hours=hour, minutes=-90) for hour in range(3)]),
        ("scale:km:1.4", "km", [1.4, 2.8, 1.4 * 3]),
        ("unit:km:km-m", "km", [1000.0, 2000.0, 3000.0]),
        ("unit:km:c-f", "km", [33.8, 35.6, 37.4]),
        ("null:km:1", "km", [None, None, None]),
        ("constant:fleet:blue", "fleet", ["blue", "blue", "blue"]),
        ("constant:riders:7", "riders", [7, 7, 7]),
        ("constant:at:2024-06-01", "at", [LATER] * 3),
        ("swap:fleet:green=yellow", "fleet", ["yellow", "green", "green"]),
        ("swap:riders:1=3", "riders", [3, 2, 1]),
        ("new:fleet:1", "fleet", ["never seen before"] * 3),
        ("new:riders:1", "riders", [5, 5, 5]),
        ("new:fleet:blue=1", "fleet", ["blue"] * 3),
        ("vocabulary:fleet:1", "fleet", ["new-green", "new-yellow", "new-yellow"]),
        ("vocabulary:riders:1", "riders", [5, 6, 7]),
        ("flip:left:1", "left", [False, True, True]),
        ("flip:riders:1", "riders", [2, 3, 4]),
    ],
)
def test_each_kind_does_to_a_column_what_it_says(text: str, column: str, expected: list[object]) -> None:
    before, after = rows(), bent(text)
    if column == "km" and expected[0] is not None:
        assert after[column].head(3).to_list() == pytest.approx(expected)
    else:
        assert after[column].head(3).to_list() == expected
    assert after.schema == before.schema
    assert after.drop(column).equals(before.drop(column))


def test_what_was_missing_stays_missing() -> None:
    frame = rows().with_columns(pl.when(pl.col("riders") == 4).then(None).otherwise("km").alias("km"))
    for text in ("shift:km:2", "scale:km:2", "unit:km:km-m"):
        assert bent(text, frame=frame)["km"].null_count() == ROWS // 4
    for text in ("swap:fleet:green=yellow", "vocabulary:fleet:1", "flip:fleet:1"):
        assert bent(text)["fleet"].null_count() == ROWS // 4


@pytest.mark.parametrize("text", ["null:km:0.3", "new:fleet:blue=0.3", "vocabulary:riders:0.3", "flip:left:0.3"])
def test_a_share_hits_about_so_many_rows_and_the_same_seed_the_same_ones(text: str) -> None:
    column = text.split(":")[1]
    once, again, other = bent(text), bent(text), bent(text, seed=2)
    changed = (once[column].ne_missing(rows()[column])).sum()
    assert 240 <= changed <= 360  # 300, give or take four standard deviations of a binomial draw
    assert once.equals(again)
    assert not once.equals(other)


def test_rows_stop_are_late_or_come_twice() -> None:
    assert bent("stop:0.3")["at"].to_list() == rows()["at"].to_list()[:700]
    assert bent("delay:48h")["at"].to_list() == rows()["at"].to_list()[:952]
    late = bent("delay:left:48h")
    assert late.height == ROWS
    assert late["left"].is_null().to_list() == [False] * 952 + [True] * 48
    twice = bent("duplicate:0.2")
    assert 1140 <= twice.height <= 1260
    assert twice.unique(maintain_order=True).equals(rows())


def test_only_the_segment_and_the_stretch_of_time_are_reached() -> None:
    reach = Reach(("fleet", "yellow"), "at", START + timedelta(hours=100), START + timedelta(hours=200))
    changed = bent("scale:km:100", reach=reach)["km"].ne_missing(rows()["km"])
    hit = rows().filter(changed)
    assert hit["fleet"].unique().to_list() == ["yellow"]
    assert (hit["at"].min(), hit["at"].max()) == (START + timedelta(hours=101), START + timedelta(hours=198))
    assert hit.height == 50
    whole = bent("stop:0.5", reach=Reach(("fleet", "green"), "at"))
    assert whole.filter(pl.col("fleet") == "green").height == 125
    assert whole.filter(pl.col("fleet") == "yellow").height == 500


def test_a_gradual_bend_grows_from_nothing_to_all() -> None:
    shifted = bent("shift:km:10", reach=Reach(time="at", gradual=True))["km"] - rows()["km"]
    assert shifted.to_numpy() == pytest.approx(np.linspace(0, 10, ROWS))
    lost = bent("null:km:1", reach=Reach(time="at", gradual=True))["km"].is_null()
    assert lost.head(250).sum() < 60  # 31 expected
    assert lost.tail(250).sum() > 190  # 219 expected
    units = bent("unit:km:km-m", reach=Reach(time="at", gradual=True))["km"] / rows()["km"]
    assert set(units.round(6).to_list()) == {1.0, 1000.0}


def test_without_a_time_the_order_of_rows_stands_for_it() -> None:
    assert pressure(rows(), Reach(gradual=True)) == pytest.approx(np.linspace(0, 1, ROWS))
    assert bent("stop:0.25", reach=Reach()).height == 750


def test_bends_are_done_one_after_the_other() -> None:
    assert bent("shift:km:1", "scale:km:2")["km"].head(2).to_list() == [4.0, 6.0]
    assert bent("scale:km:2", "shift:km:1")["km"].head(2).to_list() == [3.0, 5.0]


@pytest.mark.parametrize(
    ("text", "reach", "code"),
    [
        ("shift:kn:1", TIMED, "SIM-012"),
        ("shift:km:1", Reach(("flet", "green")), "SIM-012"),
        ("scale:fleet:2", TIMED, "SIM-013"),
        ("flip:km:0.1", Reach(), ""),
        ("flip:at:0.1", TIMED, "SIM-013"),
        ("vocabulary:km:0.1", TIMED, "SIM-013"),
        ("new:left:0.1", TIMED, "SIM-013"),
        ("scale:km:often", TIMED, "SIM-014"),
        ("scale:km:inf", TIMED, "SIM-014"),
        ("null:km:1.5", TIMED, "SIM-014"),
        ("null:km:0", TIMED, "SIM-014"),
        ("shift:at:3", TIMED, "SIM-014"),
        ("shift:at:99999999999w", TIMED, "SIM-014"),
        ("shift:at:-5219w", TIMED, "SIM-014"),  # a hundred years are 5,217.9 weeks
        ("delay:999999999999999d", TIMED, "SIM-014"),
        ("scale:riders:1e300", TIMED, "SIM-014"),
        ("shift:riders:9.3e18", TIMED, "SIM-014"),
        ("scale:km:1e308", TIMED, "SIM-014"),
        ("unit:km:km-kg", TIMED, "SIM-014"),
        ("swap:fleet:green", TIMED, "SIM-014"),
        ("swap:fleet:green=blue", TIMED, "SIM-014"),
        ("constant:riders:many", TIMED, "SIM-014"),
        ("shift:km:1", Reach(("fleet", "blue")), "SIM-015"),
        ("delay:48h", Reach(), "SIM-016"),
        ("shift:km:1", Reach(start=START), "SIM-016"),
    ],
)
def test_what_does_not_fit_the_rows_is_refused(text: str, reach: Reach, code: str) -> None:
    if not code:
        assert bent(text, reach=reach).height == ROWS
        return
    with pytest.raises(UsageError) as caught:
        bent(text, reach=reach)
    assert caught.value.faults[0].code == code
    assert caught.value.faults[0].fix


def test_units_there_and_back_are_the_same_number() -> None:
    for pair in ("km-mi", "min-s", "kg-lb", "usd-cent", "share-%"):
        there, back = (read_units(parse_bend(f"unit:x:{text}")) for text in (pair, "-".join(reversed(pair.split("-")))))
        assert there[0] * back[0] == pytest.approx(1.0)
    (up, by), (down, off) = (read_units(parse_bend(f"unit:x:{text}")) for text in ("c-f", "f-c"))
    assert (21.5 * up + by) * down + off == pytest.approx(21.5)


KINDS: Sequence[str] = ("shift:km:3", "scale:riders:2", "null:fleet:0.5", "new:riders:0.5", "flip:left:0.5", "unit:km:h-min")


@given(st.lists(st.sampled_from(KINDS), max_size=4), st.integers(0, 99), st.booleans(), st.integers(21, 40))
def test_bends_keep_columns_types_and_rows_and_do_nothing_outside_their_reach(
    texts: list[str],
    seed: int,
    gradual: bool,  # noqa: FBT001 - drawn by hypothesis
    count: int,
) -> None:
    frame = rows().head(count)
    reach = Reach(None, "at", START + timedelta(hours=10), START + timedelta(hours=20), gradual)
    made = bent(*texts, reach=reach, seed=seed, frame=frame)
    assert made.schema == frame.schema
    assert made.height == frame.height
    outside: Callable[[pl.DataFrame], pl.DataFrame] = lambda table: pl.concat([table.head(10), table.slice(20)])  # noqa: E731
    assert outside(made).equals(outside(frame))
