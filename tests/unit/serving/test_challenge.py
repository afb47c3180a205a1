"""Who is answered by which arm: by chance over entities, and always the same for one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reliability import count_trials

from steward.serving.challenge import new_challenge, place_of, shadow_of

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
values = st.one_of(st.integers(), st.text(), st.floats(allow_nan=False, allow_infinity=False), st.booleans())


def begun(**about: Any) -> Any:
    return new_challenge("rides", 2, 1, since=SINCE, by="me", **about)


@pytest.mark.parametrize("trials", [1, pytest.param(20, marks=pytest.mark.campaign)])
def test_a_tenth_of_ten_thousand_entities_is_a_tenth_and_each_keeps_its_arm(trials: int) -> None:
    from scipy.stats import chisquare

    calls = [{"customer": number, "km": number % 7} for number in range(10_000)]
    failed, low = 0, 1.0
    for seed in range(trials):
        salt = f"salt {seed}"
        mine = [place_of(salt, row, "customer") < 0.1 for row in calls]
        again = [place_of(salt, {**row, "km": 99.5}, "customer") < 0.1 for row in calls]
        level = float(chisquare([sum(mine), 10_000 - sum(mine)], [1000, 9000]).pvalue)
        low = min(low, level)
        failed += mine != again or level < 0.01 / trials
    what = "10/90 split of 10,000 calls: the shares fit (chi-squared, level 0.01 over all trials), the same entity has the same arm"
    count_trials("L8", what, trials=trials, failed=failed, figures={"smallest p": f"{low:.3f}"})
    assert failed == 0


@given(values, st.floats(0.001, 0.5), st.floats(0.5, 0.999))
def test_whoever_is_the_challengers_stays_so_while_its_share_grows(customer: Any, low: float, high: float) -> None:
    place = place_of("salt", {"customer": customer}, "customer")
    assert 0 <= place < 1
    assert not place < low or place < high


def test_without_an_entity_each_different_row_stands_for_itself() -> None:
    row = {"at": datetime.fromisoformat("2026-01-01T08:00:00"), "zone": 7}
    assert place_of("s", row, None) == place_of("s", dict(reversed(row.items())), None)
    assert place_of("s", row, None) != place_of("s", row | {"zone": 8}, None)
    assert place_of("s", row, None) != place_of("other", row, None)
    assert place_of("s", row | {"customer": None}, "customer") == place_of("s", row | {"customer": None}, None)


def test_a_ramp_takes_its_steps_in_time_and_stays_at_the_last() -> None:
    ramp = begun(steps=(0.01, 0.1, 0.5), every_s=DAY.total_seconds())
    shares = [ramp.share_at(SINCE + days * DAY) for days in (-1, 0, 0.99, 1, 1.5, 2, 40)]
    assert (ramp.mode, shares) == ("ramp", [0.01, 0.01, 0.01, 0.1, 0.1, 0.5, 0.5])
    split = begun(steps=(0.3,), every_s=5)
    assert (split.mode, split.every_s, split.share_at(SINCE + DAY)) == ("split", None, 0.3)
    assert (begun().mode, begun().share_at(SINCE)) == ("shadow", 0.0)


@pytest.mark.parametrize(
    "wrong", [{"steps": (0.0,)}, {"steps": (1.0,)}, {"steps": (0.2, 0.1), "every_s": 1}, {"steps": (0.1, 0.2)}]
)
def test_shares_that_are_none_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="are no shares"):
        begun(**wrong)


def test_a_record_of_a_shadow_comes_back_as_its_answer() -> None:
    about = {"prediction_id": "p", "challenge": "c", "model": "rides", "version": 2, "at": "2026"}
    answer = shadow_of({**about, "arm": "shadow", "prediction": 7.5})
    assert (answer.id, answer.version, answer.answer) == ("p:c", 2, {"arm": "shadow", "prediction": 7.5})
