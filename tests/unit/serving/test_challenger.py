"""Whatever a challenger does, the champion's answers stay what they are."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from threading import Event
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.reliability import count_trials

from steward.serving.answer import Predict, Served
from steward.serving.challenge import Challenge, new_challenge, place_of
from steward.serving.challenger import IN_A_ROW, IN_ALL, Challenger, why_unlike
from steward.serving.patience import Late, Patience
from steward.serving.service import Service
from steward.testing import FrozenClock, MemoryPredictionLog, tiny_served

ROW: dict[str, Any] = {"pickup_at": "2024-01-31T08:15:00", "pickup_zone": 74, "distance_km": 3.5}
AS_READ = ROW | {"pickup_at": datetime.fromisoformat(ROW["pickup_at"])}
CLOCK = FrozenClock()


def ninety(frame: pl.DataFrame) -> np.ndarray:
    return np.full(frame.height, 90.0)


class Stage:
    """A service with a champion that answers 8 minutes to ROW, and a challenger."""

    def __init__(self, challenge: Challenge, predict: Predict = ninety, served: Served | None = None, **options: Any) -> None:
        self.log, self.shadows = MemoryPredictionLog(), MemoryPredictionLog()
        self.service = Service(tiny_served(1), self.log, CLOCK)
        self.challenger = Challenger(challenge, served or tiny_served(2, predict=predict), CLOCK, self.shadows, **options)
        self.service.challenge(self.challenger)

    def one(self, row: Any = ROW) -> Any:
        return self.service.predict_each([row])[0]

    def state(self) -> Any:
        return self.service.challenger


def begun(*steps: float, **about: Any) -> Challenge:
    return replace(new_challenge("rides", 2, 1, steps=steps, since=CLOCK.now(), by="me", **about), id="c1", salt="s")


def row_of(arm: str, share: float = 0.5) -> dict[str, Any]:
    """A row that falls to an arm."""
    ways = (km / 2 for km in range(1, 1000))
    return next(
        ROW | {"distance_km": km}
        for km in ways
        if (place_of("s", AS_READ | {"distance_km": km}, None) < share) == (arm == "challenger")
    )


def until(holds: Callable[[], bool]) -> bool:
    return any(holds() or time.sleep(0.01) for _ in range(1000))


def test_a_split_says_who_answered_and_the_log_keeps_it() -> None:
    stage = Stage(begun(0.5))
    mine, yours = row_of("challenger"), row_of("champion")
    answers = stage.service.predict([mine, yours, mine])
    assert [(one.arm, one.version) for one in answers] == [("challenger", 2), ("champion", 1), ("challenger", 2)]
    assert [one.prediction for one in answers] == [90.0, 2 * yours["distance_km"] + 1, 90.0]
    kept = list(stage.log.records())
    assert [(one["prediction_id"], one["arm"], one["challenge"]) for one in kept] == [
        (a.prediction_id, a.arm, "c1") for a in answers
    ]
    assert [one["row"]["distance_km"] for one in kept] == [row["distance_km"] for row in (mine, yours, mine)]
    assert stage.one(mine).as_dict()["arm"] == "challenger"
    assert stage.one(yours).as_dict()["arm"] == "champion"
    assert (stage.state().ok, stage.state().answered, stage.state().failures, stage.state().share) == (True, 3, 0, 0.5)


def broken(_frame: pl.DataFrame) -> np.ndarray:
    raise RuntimeError("zone 74 is none of mine")


def leaves(_frame: pl.DataFrame) -> np.ndarray:
    raise SystemExit(3)


ODD: dict[str, Predict] = {
    "an error": broken,
    "the end of the process": leaves,
    "no number": lambda frame: np.full(frame.height, np.nan),
    "endless": lambda frame: np.full(frame.height, np.inf),
    "one too many": lambda frame: np.ones(frame.height + 1),
    "none": lambda _frame: np.empty(0),
    "a table": lambda frame: np.ones((frame.height, 3)),
    "texts": lambda frame: np.full(frame.height, "7"),  # type: ignore[dict-item] # that is the point
    "nothing": lambda _frame: None,  # type: ignore[return-value, dict-item] # so is this
}


@pytest.mark.parametrize("share", [0.5, None], ids=["split", "shadow"])
def test_a_challenger_that_goes_wrong_changes_no_answer_and_steps_aside(share: float | None) -> None:
    failed = 0
    for predict in ODD.values():
        stage = Stage(begun(*([share] if share else [])), predict)
        rows = [row_of("challenger"), row_of("champion")]
        for asked in range(IN_A_ROW + 1):
            answers = stage.service.predict(rows)
            wanted = [(2 * row["distance_km"] + 1, 1, "champion") for row in rows]
            failed += [(one.prediction, one.version, one.arm) for one in answers] != wanted
            assert until(lambda stage=stage, asked=asked: stage.state().failures >= min(asked + 1, IN_A_ROW))  # type: ignore[misc]
        assert not stage.state().ok
        assert "74" not in str(stage.state().last_error)
        assert list(stage.shadows.records()) == []
    what = f"a challenger ({'split' if share else 'shadow'}) raises, ends, says no numbers or too many: the champion's answers stay"
    count_trials("M6", what, trials=len(ODD) * (IN_A_ROW + 1), failed=failed)
    assert failed == 0


def test_rows_that_fell_to_the_champion_are_marked_until_the_challenger_steps_aside() -> None:
    stage = Stage(begun(0.5), broken)
    for _ in range(IN_A_ROW + 1):
        stage.one(row_of("challenger"))
    assert [(one.get("fell_back"), one.get("challenge")) for one in stage.log.records()] == [(True, "c1")] * IN_A_ROW + [
        (None, None)
    ]


def test_a_challenger_that_sleeps_is_waited_for_once() -> None:
    awake = Event()
    stage = Stage(begun(0.5), lambda frame: np.full(frame.height, float(awake.wait(60))), patience_s=0.02)
    answers = [stage.one(row_of("challenger")) for _ in range(5)]
    awake.set()
    assert [(one.prediction, one.arm) for one in answers] == [(2 * row_of("challenger")["distance_km"] + 1, "champion")] * 5
    assert (stage.state().ok, stage.state().failures) == (False, IN_A_ROW)


def test_now_and_then_wrong_is_too_often_in_the_end() -> None:
    said: Iterator[float] = iter([1.0, np.nan] * 50)
    stage = Stage(begun(0.5), lambda frame: np.full(frame.height, next(said)))
    arms = [stage.one(row_of("challenger")).arm for _ in range(30)]
    assert arms == ["challenger", "champion"] * IN_ALL + ["champion"] * 10
    assert stage.state().failures == IN_ALL


def test_a_row_without_what_the_challenger_needs_is_the_champions_and_no_failure() -> None:
    needy = tiny_served(2, predict=ninety)
    needy = replace(needy, inputs=(*needy.inputs, "vendor"))
    stage = Stage(begun(0.5), served=needy)
    row = row_of("challenger")
    assert stage.one(row).arm == "champion"
    assert [one.get("fell_back") for one in stage.log.records()] == [True]
    assert (stage.state().ok, stage.state().failures) == (True, 0)


def test_a_shadow_is_kept_beside_each_answer_and_never_given() -> None:
    stage = Stage(begun())
    answers = stage.service.predict([ROW, ROW | {"distance_km": 1.0}])
    assert [(one.prediction, one.arm) for one in answers] == [(8.0, "champion"), (3.0, "champion")]
    assert until(lambda: len(list(stage.shadows.records())) == 2)
    about = {"at": CLOCK.now().isoformat(), "model": "rides", "version": 2, "challenge": "c1", "arm": "shadow", "prediction": 90.0}
    assert list(stage.shadows.records()) == [{"prediction_id": one.prediction_id, **about} for one in answers]
    assert [one["arm"] for one in stage.log.records()] == ["champion"] * 2


def test_a_shadow_that_cannot_keep_up_drops_rows_and_counts_them() -> None:
    awake, begun_to = Event(), Event()

    def slow(frame: pl.DataFrame) -> np.ndarray:
        begun_to.set()
        awake.wait(60)
        return ninety(frame)

    stage = Stage(begun(), slow, queue=4)
    stage.one()
    assert begun_to.wait(60)
    assert {one.prediction for one in stage.service.predict([ROW] * 10)} == {8.0}
    assert stage.state().dropped == 6
    awake.set()
    stage.service.challenge(None)
    assert until(lambda: len(list(stage.shadows.records())) == 5)


def test_a_shadows_log_that_is_broken_stops_nobody() -> None:
    stage = Stage(begun())
    stage.shadows.broken = True
    assert stage.one().prediction == 8.0
    assert until(lambda: "SERVE-011" in str(stage.state().last_error))


def test_a_row_that_is_refused_is_refused_with_a_challenger_too() -> None:
    stage = Stage(begun(0.5))
    odd, fine = stage.service.predict_each([ROW | {"pickup_zone": 0}, row_of("challenger")])
    assert "SERVE-03" in str(odd)
    assert fine.arm == "challenger"  # type: ignore[union-attr] # an answer
    assert len(list(stage.log.records())) == 1


def test_a_challenger_of_an_older_champion_takes_no_part() -> None:
    stage = Stage(begun(0.5))
    stage.service.swap(tiny_served(3))
    assert (stage.one(row_of("challenger")).version, next(iter(stage.log.records())).get("challenge")) == (3, None)


def test_classes_come_as_the_champions_do() -> None:
    kinds = {"task": "binary", "classes": ("no", "yes"), "unit": ""}
    champion = replace(tiny_served(1, predict=lambda frame: np.tile([0.9, 0.1], (frame.height, 1))), **kinds)  # type: ignore[arg-type] # known
    for shares, arm in (([0.2, 0.8], "challenger"), ([0.2, 1.8], "champion"), ([0.2, 0.3, 0.5], "champion")):
        served = replace(tiny_served(2, predict=lambda frame, s=shares: np.tile(s, (frame.height, 1))), **kinds)  # type: ignore[arg-type, misc]
        stage = Stage(begun(0.5), served=served)
        stage.service.swap(champion)
        answer = stage.one(row_of("challenger"))
        assert (answer.arm, answer.prediction) == (arm, "yes" if arm == "challenger" else "no")


def test_a_challenger_of_another_kind_is_named_so() -> None:
    one = tiny_served(1)
    assert why_unlike(tiny_served(2), one) is None
    assert why_unlike(replace(one, classes=("a", "b")), one) == "the classes"
    assert why_unlike(replace(one, unit="hours"), one) == "the unit"


def test_patience_ends_and_comes_back() -> None:
    patience, awake = Patience("test"), Event()
    assert patience.ask(lambda: 7, 60) == 7
    with pytest.raises(Late, match="longer than"):
        patience.ask(lambda: awake.wait(60), 0.01)
    with pytest.raises(Late, match="still busy"):
        patience.ask(lambda: 8, 60)
    awake.set()

    def back() -> bool:
        try:
            return patience.ask(lambda: 9, 60) == 9
        except Late:
            return False

    assert until(back)
    with pytest.raises(ZeroDivisionError):
        patience.ask(lambda: 1 / 0, 60)
    patience.close()
    with pytest.raises(Late, match="let go"):
        patience.ask(lambda: 7, 60)
