import pytest
from pydantic import ValidationError

from steward.monitoring.budget import chance_per_window
from steward.project.spec import FalseAlarms, WatchSpec


def test_a_share_of_the_windows_is_the_chance_in_each() -> None:
    assert chance_per_window(WatchSpec(budget=0.02)) == 0.02
    assert chance_per_window(WatchSpec()) == 0.001


@pytest.mark.parametrize(
    ("alarms", "per", "every", "windows"),
    [(1, "quarter", "1d", 91.3125), (2, "year", "1h", 4383.0), (1, "month", "6h", 121.75), (1, "year", "1mo", 12)],
)
def test_so_many_false_alarms_in_a_time_are_shared_out_over_its_windows(
    alarms: float, per: str, every: str, windows: float
) -> None:
    watch = WatchSpec.model_validate({"budget": {"false_alarms": alarms, "per": per}, "every": every})
    assert chance_per_window(watch) == pytest.approx(1 / windows)


def test_a_budget_that_is_larger_than_the_windows_leaves_some_doubt() -> None:
    watch = WatchSpec(budget=FalseAlarms(false_alarms=99, per="month"), every="1mo")
    assert chance_per_window(watch) == 0.5


def test_alarms_over_time_need_a_length_of_windows_and_windows_are_of_one_kind() -> None:
    with pytest.raises(ValidationError, match="write every, for example 1d"):
        WatchSpec.model_validate({"budget": {"false_alarms": 1, "per": "quarter"}})
    with pytest.raises(ValidationError, match="write every or count, not both"):
        WatchSpec.model_validate({"every": "1d", "count": 500})
    with pytest.raises(ValidationError, match="every"):
        WatchSpec.model_validate({"every": "2d"})
