"""Windows of source rows: each day or week of a period, with the truth in them."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.champion_world import World
from tests.logged_world import Logged
from tests.small_project import write_month

from steward.core.errors import UsageError
from steward.core.period import is_part_label
from steward.flows.respond import respond
from steward.flows.watch_rows import Part, watch_parts, watch_period
from steward.monitoring import feed


@pytest.fixture
def march(world: World, tmp_path: Path) -> Logged:
    """Four weeks of March 2023: 24 trips a day as in January; from the 20th on of an hour each, and none on the 25th."""
    usual = [10.0 * (1 + hour % 3) + hour * 7 % 11 for hour in range(28 * 24)]
    minutes: list[float | None] = [60.0 if hour >= 19 * 24 else value for hour, value in enumerate(usual)]
    folder = tmp_path / "march"
    write_month(folder, "2023-03", minutes, first=9001)
    path = folder / "2023-03.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line for line in lines if ",2023-03-25 " not in line) + "\n")
    logged = Logged(world, tmp_path, "watch.alert=0.5")
    logged.ports = replace(logged.ports, data=folder)
    return logged


def test_each_day_is_a_window_and_one_without_rows_is_a_feed_that_stopped(march: Logged) -> None:
    days = watch_parts(march.project, "2023-03", "day", march.ports)
    assert [one.window.label for one in days][:2] == ["2023-03/2023-03-01", "2023-03/2023-03-02"]
    assert len(days) == 31
    status = {one.window.label[-2:]: one.window.status for one in days}
    assert (status["01"], status["25"], status["29"]) == ("ok", "alarm", "alarm")
    stopped = next(one for one in days if one.window.label.endswith("25")).verdict
    assert stopped is not None
    assert ([fault.kind for fault in stopped.faults], stopped.drift.rows) == (["stopped"], 0)
    assert [one.verdict.drift.rows for one in days if one.verdict][:2] == [24, 24]
    assert (days[0].window.start, days[0].window.end) == ("2023-03-01T00:00:00+00:00", "2023-03-02T00:00:00+00:00")
    again = watch_parts(march.project, "2023-03", "day", march.ports)
    assert [one.window.key for one in again] == [one.window.key for one in days]
    assert all(one.known != one.window.alarm for one in again)  # an alarm that nobody answered yet is judged again
    assert len(march.journal("window.watched")) == 31


def test_weeks_begin_on_monday_and_their_error_is_judged(march: Logged) -> None:
    march.project = replace(
        march.project,
        spec=march.project.spec.model_copy(update={"watch": march.project.spec.watch.model_copy(update={"min_rows": 100})}),
    )
    weeks = watch_parts(march.project, "2023-03", "week", march.ports)
    assert [one.window.label for one in weeks] == [
        "2023-03/2023-03-01..03-05",
        "2023-03/2023-03-06..03-12",
        "2023-03/2023-03-13..03-19",
        "2023-03/2023-03-20..03-26",
        "2023-03/2023-03-27..03-31",
    ]
    assert [one.verdict.drift.rows for one in weeks if one.verdict] == [5 * 24, 7 * 24, 7 * 24, 6 * 24, 2 * 24]
    assert weeks[-1].window.status == "not enough data"


def test_the_few_days_of_a_week_at_the_end_of_a_period_are_no_feed_that_lost_rows(
    march: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "FEWEST_WINDOWS", 2)
    weeks = watch_parts(march.project, "2023-03", "week", march.ports)
    # 120 rows of five days, 168, 168, 144 of six, and 48 of two; whole weeks are the second to the fourth
    found = [[fault.kind for fault in one.verdict.faults] for one in weeks if one.verdict]
    assert not any({"fewer", "stopped"}.intersection(kinds) for kinds in (found[0], found[-1]))
    assert len(found) == 5


def test_alarms_of_days_lead_to_one_question_about_their_month(march: Logged) -> None:
    whole = watch_period(march.project, "2023-03", march.ports)
    assert whole.window.alarm
    assert (whole.window.start, whole.window.end) == ("2023-03-01T00:00:00+00:00", "2023-04-01T00:00:00+00:00")
    response = respond(march.project, march.where, [whole], march.ports)
    assert response is not None
    assert response.approval is not None
    assert response.approval.action.periods == ("2023-03",)
    assert not is_part_label("2023-03/2023-03-01")


@pytest.mark.parametrize("by", ["day", "week"])
def test_rows_without_a_time_have_no_days(march: Logged, by: Part) -> None:
    with pytest.raises(UsageError, match=r"WATCH-00[24]"):
        watch_parts(march.project, "hungarian", by, march.ports)
