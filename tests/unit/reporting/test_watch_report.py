import json
import re
from dataclasses import replace
from html import unescape

import pytest
from tests.watched_windows import (
    DOUBTED,
    ESTIMATE,
    MOVED,
    NULLS,
    QUIET,
    REALISED,
    SLICES,
    column,
    drift,
    line,
    report,
    verdict,
)

from steward.monitoring.faults import DataFault
from steward.monitoring.history import WatchedWindow
from steward.monitoring.watch import WindowVerdict
from steward.project.spec import PolicySpec
from steward.reporting.contents import WindowLine
from steward.reporting.recorded import error_lines, read_as, window_lines
from steward.reporting.watch_contents import ErrorLine
from steward.reporting.watch_plots import error_ends, interval, meter, share_bar, strip
from steward.reporting.watch_plots import error_lines as draw_errors
from steward.reporting.watch_report import render_watch_html
from steward.reporting.watch_words import advise, column_note, estimate_words, realised_words

FEW = verdict(drift(rows=12, enough=False), performance=None, estimate=None, slices=(), target=None)
CALM = verdict(QUIET, performance=replace(REALISED, current=5.2, change=0.01, low=-0.02, severity=0.0), slices=(), target=None)
SINGLE = DataFault("constant", "speed_kmh", 1.0, 0.9, "speed_kmh holds a single value")
STUCK = verdict(drift(column("speed_kmh", 0.5, stuck=True)), performance=None, estimate=None, faults=(SINGLE, *(NULLS,) * 3))


def text_of(page: str) -> str:
    """What a reader sees, without the style."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page.partition("</style>")[2])))


def window_of(judged: WindowVerdict) -> WindowLine:
    return WindowLine("2020-03", judged.severity, judged.alarm, judged.status, judged.text, judged.alert, "2020-04-01T00:00:00Z")


@pytest.mark.parametrize(
    ("judged", "word", "because"),
    [
        (CALM, "no", "Nothing moved beyond chance in 5,104 rows, and the error did not grow (rmse 5.200, was 5.149)."),
        (FEW, "not known", "12 rows are too few to judge."),
        (
            STUCK,
            "no: mend the data first",
            "speed_kmh holds a single value; trip_km is missing in 41% of the rows, 0.2% in training; and 2 more.",
        ),
        (verdict(), "yes, if you approve", "The world moved, most of all in speed_kmh, trip_km and pickup_hour"),
        (verdict(drift(column("speed_kmh", 0.105)), performance=None, estimate=None), "yes", "The world moved"),
    ],
)
def test_the_answer_follows_from_verdict_and_policy(judged: WindowVerdict, word: str, because: str) -> None:
    advice = advise(window_of(judged), judged, PolicySpec())
    assert advice.word == word
    assert because in advice.because


def test_a_policy_that_waits_and_a_newer_champion_change_the_answer() -> None:
    judged = verdict(drift(column("speed_kmh", 0.1)), performance=None, estimate=None)
    patient = PolicySpec(retrain_from=0.9, ask_from=0.95, escalate_above=0.99)
    assert advise(window_of(judged), judged, patient).word == "not yet"
    newer = advise(window_of(judged), judged, PolicySpec(), newer=4)
    assert (newer.word, newer.because) == ("not known", "v4 became champion after this window; watch one with it.")


def test_what_an_older_steward_stored_is_told_by_its_text() -> None:
    old = WindowLine("2020-03", 0.8, alarm=True, status="alarm", text="speed moved", alert=0.5, watched_at="2020-04-01T00:00:00Z")
    told = advise(old, None, PolicySpec())
    assert (told.word, told.because) == ("not yet", "Speed moved. Its details were stored by another version of Steward.")
    page = render_watch_html(replace(report(), verdict=None, window=old, advice=told, errors=()))
    assert "speed moved" in page
    assert "What moved" not in page


def test_a_feed_that_stopped_is_mended_not_retrained_on() -> None:
    stopped = DataFault("stopped", None, 1.0, 0.4, "no rows came, 4,800 were to be expected")
    judged = verdict(drift(rows=0, enough=False), performance=None, estimate=None, slices=(), target=None, faults=(stopped,))
    advice = advise(window_of(judged), judged, PolicySpec())
    assert (advice.word, advice.because) == ("no: mend the data first", "No rows came, 4,800 were to be expected.")


def test_a_small_change_is_told_and_calls_for_nothing() -> None:
    judged = verdict(drift(column("rain_mm", 0.3, weight=0.0)), performance=None, estimate=None, slices=(), target=None)
    said = advise(window_of(judged), judged, PolicySpec())
    assert said.word == "no"
    assert said.because == "rain_mm moved, but matters too little to the model: severity 0.00, an alarm begins at 0.5."


def test_the_page_answers_and_needs_nothing_else() -> None:
    page = render_watch_html(report(done="Incident 7: the agent asks to retrain, approval 7."))
    assert len(page.encode()) < 60_000
    assert re.findall(r"https?://|<script|<link|<img|url\(", page) == []
    shown = text_of(page)
    for said in (
        "Should taxi be retrained today?",
        "Yes, if you approve.",
        "Severity 0.87",
        "Incident 7: the agent asks to retrain",
        "steward approve taxi 20200317-1",
        "speed_kmh",
        "the model's answers",
        "6.231 min, was 5.149: +21% (surely at least +17%) on 4,812 known outcomes",
        "6.020 min [5.710, 6.340], +17%",
        "the target itself moved",
        "JFK Airport",
        "+42 %",
        "1 alarm in 20",
        "retrains from 0.5, asks from 0.7, calls above 0.9",
    ):
        assert said in shown, said
    assert "<b>" not in page
    assert "dear &lt;b&gt;" in page
    assert "SIMULATED" not in page


def test_the_largest_page_stays_small() -> None:
    wide = drift(*(column(f"a_very_long_name_of_a_column_{place:03d}", 0.2) for place in range(300)))
    faults = tuple(replace(NULLS, text=f"column {place} is missing in 41% of the rows") for place in range(100))
    judged = verdict(wide, faults=faults, slices=SLICES * 30)
    days = [f"2020-{1 + place // 28:02d}-{1 + place % 28:02d}" for place in range(60)]
    history = tuple(line(day, 0.4, text=judged.text) for day in days)
    page = render_watch_html(report(judged, history=history, errors=tuple(ErrorLine(day, 5.0, 5.1, 4.9, 5.3) for day in days)))
    assert len(page.encode()) < 300_000
    assert page.count('<tr><th scope="row" class="label">a_very_long') == 40


def test_parts_without_facts_are_not_there() -> None:
    shown = text_of(render_watch_html(report(FEW, errors=(), age=None)))
    assert "Not known." in shown
    assert "Severity not known" in shown
    assert "No outcomes are known yet, and nothing was estimated." in shown
    assert shown.count("Too few rows to tell.") == 2
    for absent in (
        "Who feels it first",
        "The error over time",
        "Every column that moved",
        "the window ended",
        "Nothing looks broken",
    ):
        assert absent not in shown, absent


def test_an_estimate_that_is_not_trusted_says_so_and_made_up_rows_are_loud() -> None:
    page = render_watch_html(report(verdict(performance=None, estimate=DOUBTED, faults=(NULLS,)), origin="simulated"))
    assert "not trusted: 31% of the rows lie outside what the model was trained on" in page
    assert 'class="span doubtful"' in page
    assert "trip_km is missing in 41% of the rows, 0.2% in training" in page
    assert "SIMULATED DATA" in page
    unused = text_of(render_watch_html(report(verdict(faults=(replace(NULLS, severity=0.0),)))))
    assert "0.2% in training of no weight to the model" in unused


def test_a_page_about_old_rows_says_so() -> None:
    old = report()
    assert old.age is not None
    page = render_watch_html(replace(old, age=replace(old.age, days=12.0, old=True)))
    assert "12 days before this page: newer ones should be there" in text_of(page).replace(" : ", ": ")


def test_a_verdict_is_the_same_after_it_was_stored() -> None:
    judged = verdict(faults=(NULLS,))
    assert read_as(WindowVerdict, json.loads(json.dumps(judged.as_dict()))) == judged
    assert read_as(WindowVerdict, {"status": "ok"}) is None


def stored(label: str, judged: WindowVerdict, created: str, *, version: int = 3, start: str | None = None) -> WatchedWindow:
    told = json.loads(json.dumps(judged.as_dict()))
    severity, alarm = judged.severity, judged.alarm
    return WatchedWindow(label, "taxi", version, label, severity, alarm, alarm, told, created, start=start, end=start)


def test_windows_are_told_in_the_order_of_their_time() -> None:
    windows = [
        stored("2020-03-02", CALM, "5", start="2020-03-02T00:00:00+00:00"),
        stored("12 logged predictions", FEW, "4"),
        stored("2020-03-01", verdict(), "3", start="2020-03-01T00:00:00+00:00"),
        stored("2020-02", CALM, "2"),
        stored("2020-01", CALM, "1", version=2),
    ]
    assert [one.label for one in window_lines(windows, 3, limit=9)] == [
        "2020-02",
        "2020-03-01",
        "2020-03-02",
        "12 logged predictions",
    ]
    assert [(one.label, one.realised) for one in error_lines(windows, 3)] == [
        ("2020-02", 5.2),
        ("2020-03-01", 6.2314),
        ("2020-03-02", 5.2),
    ]
    assert error_lines(windows, 3)[0].estimate == 6.02


def test_errors_of_another_metric_are_not_drawn_together() -> None:
    other = verdict(performance=replace(REALISED, metric="mae", current=3.0), estimate=ESTIMATE)
    assert (
        error_lines([stored("2020-03", other, "2"), stored("2020-02", CALM, "1")], 3)
        == (
            ErrorLine("2020-02", None, None),
            ErrorLine("2020-03", 3.0),
        )[1:]
    )


def test_columns_and_errors_are_told_in_words() -> None:
    said = column_note(column("rain_mm", 0.4, weight=0.0, missing=0.05, unseen=1.0, stuck=True))
    assert said == "one single value, missing in 5.0% more of the rows, all outside what was learnt, not used by the model"
    assert column_note(column("rain_mm", 0.4)) == ""
    assert realised_words(replace(REALISED, rows=12, enough=False), "min") == "12 known outcomes are too few to judge"
    assert estimate_words(ESTIMATE, "") == "6.020 [5.710, 6.340], +17%"


def test_drawings_tell_the_same_in_words_and_stay_within_their_frame() -> None:
    drawn = strip([line("2020-01", 0.0), line("2020-02", None), line("2020-03", 1.0)], 0.5)
    assert 'aria-label="Severity of 3 windows, 2020-01 to 2020-03: 1 alarm"' in drawn
    assert '<rect class="calm" x="6.0" y="98.5"' in drawn
    assert (
        '<rect class="alarm" x="672.7" y="0.0" width="321.3" height="100.0"><title>2020-03: severity 1.00, alarm</title>' in drawn
    )
    assert "<title>2020-02: not enough data</title>" in drawn
    assert '<rect class="alarm" width="800.0"' in meter(0.8, 0.5, [0.7])
    assert 'aria-label="Severity is not known; an alarm begins at 0.5"' in meter(None, 0.5, [])
    assert '<rect class="calm" width="1000.0"' in share_bar(0.9, 0.1, 0.3, alarm=False)
    assert "M250.0 50H1000.0" in interval(1.0, 3.0, 9.0, ends=(0.0, 4.0), reference=2.0, level="calm")
    assert strip([], 0.5) == ""
    assert strip([line("<x>", 0.2), line("y", 0.3)], None).count("&lt;x&gt;") == 2


def test_errors_over_time_have_room_and_gaps() -> None:
    lines = (ErrorLine("a", 5.0), ErrorLine("b", None), ErrorLine("c", 7.0, 6.0, 5.5, 6.5))
    assert error_ends(lines, 6.0) == pytest.approx((4.7, 7.3))
    drawn = draw_errors(lines, 6.0, (4.0, 8.0))
    assert 'd="M166.7 75.0L833.3 25.0"' in drawn
    assert drawn.count('<rect class="band"') == 1
    assert 'aria-label="Realised error by window: a 5, c 7"' in drawn
    assert error_ends((ErrorLine("a", 0.0),), 0.0) == pytest.approx((0.0, 0.0), abs=1e-6)


def test_moved_columns_have_one_scale() -> None:
    page = render_watch_html(report(verdict(MOVED, target=None)))
    widths = [float(found) for found in re.findall(r'class="share".*?<rect class="alarm" width="([\d.]+)"', page)]
    assert max(widths[:5]) == pytest.approx(1000 * 0.187 / 0.33, abs=0.1)
