"""The page says what the values say, escapes all of them, and needs nothing from outside."""

import re
from collections.abc import Callable
from dataclasses import fields
from html.parser import HTMLParser

import pytest

from steward.core.tasks import RULES
from steward.deploy.gate import Verdict
from steward.reporting.contents import CandidateLine, DataFacts, ModelReport, Standing, TestFigure, WindowLine
from steward.reporting.model_report import answer, render_model_report

Make = Callable[..., ModelReport]
HOSTILE = '<script>alert("1")</script>'
VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Remembers tags, headings and text; fails on tags that do not match."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[str] = []
        self.text = ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def test_a_full_report_shows_its_sections_in_order_and_their_numbers(report: Make) -> None:
    page = Page(render_model_report(report()))
    order = ["Leaderboard", "Gate", "Test metrics", "Where it is right and wrong", "Data", "Watched windows", "Provenance"]
    assert page.headings == order
    numbers = [
        "4.984",
        "5.149",
        "9.584",
        "46.3%",
        "45.7% to 46.9%",
        "above 2.0%",
        "69,384",
        "5.067 to 5.226",
        "4,928",
        "4,917",
        "0.71",
    ]
    for said in (*numbers, "ab" * 32, "cd" * 32, "centroid_km (its lookup could not be had)", "2026-01-02 03:04 UTC"):
        assert said in page.text, said


def test_the_answer_tells_what_how_well_since_when_and_from_what(report: Make) -> None:
    assert answer(report()) == (
        "rides v3 predicts minutes, off by 3.370 min on average, rmse 5.149 min [5.067, 5.226] on 69,384 test rows of 2023-03; "
        "champion since 2026-01-01 10:00 UTC; learned and tested on real rows, from files in a folder."
    )


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (Standing(4, "2026-01-01T10:00:00+00:00", was_champion=True), "NOT the champion (it was champion before; v4 is now)"),
        (Standing(None, None, was_champion=False), "NOT the champion (it never was champion)"),
    ],
)
def test_a_version_that_is_not_champion_says_so(report: Make, standing: Standing, said: str) -> None:
    assert said in answer(report(standing=standing))


def test_simulated_data_is_said_loudly_first_last_and_in_the_title(report: Make) -> None:
    page = render_model_report(report(origin="simulated"))
    assert page.count("<strong>SIMULATED DATA</strong>") == 2
    assert "SIMULATED DATA - model report</title>" in page
    assert "ALL ITS DATA WAS SIMULATED" in page
    assert "SIMULATED" not in render_model_report(report())


def test_a_hostile_column_name_stays_text_wherever_it_stands(report: Make) -> None:
    data = DataFacts((), (), None, None, features=(HOSTILE,), left_out=((HOSTILE, HOSTILE),))
    window = WindowLine(HOSTILE, 0.1, alarm=False, status=HOSTILE, text=HOSTILE, alert=0.5, watched_at=HOSTILE)
    names = dict.fromkeys(("model", "title", "target", "unit", "origin", "replayed"), HOSTILE)
    page = render_model_report(report(**names, data=data, windows=(window,), missing=(HOSTILE,), provenance=((HOSTILE, HOSTILE),)))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert all(tag != "script" for tag, _ in Page(page).tags)


def test_nothing_is_fetched_from_anywhere(report: Make) -> None:
    page = render_model_report(report())
    assert re.findall(r"https?://", page) == []
    tags = Page(page).tags
    assert {tag for tag, _ in tags} & {"link", "script", "iframe", "form", "object", "a"} == set()
    assert all((attributes["src"] or "").startswith("data:image/png;base64,") for _, attributes in tags if "src" in attributes)
    assert "default-src 'none'" in page


def test_every_picture_has_words_and_the_page_fits_a_phone(report: Make) -> None:
    tags = Page(render_model_report(report())).tags
    assert [attributes["alt"] for tag, attributes in tags if tag == "img"] == [
        "A density; half within 2 min",
        "2024-01 0.71; the alarm line is at 0.5",
    ]
    assert ("html", {"lang": "en"}) in tags
    assert any(attributes.get("name") == "viewport" for _, attributes in tags)


def _luminance(color: str) -> float:
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_contrasts_with_every_background_as_wcag_aa_asks(report: Make) -> None:
    page = render_model_report(report())
    inks = re.findall(r"--(?:ink|soft|blue|good|bad): (#\w{6})", page)
    assert len(inks) == 5
    for back in ("#ffffff", "#f2f6fb", "#fdf6ea"):
        for ink in inks:
            assert (_luminance(back) + 0.05) / (_luminance(ink) + 0.05) >= 4.5, (ink, back)


def test_what_is_not_known_is_left_out_and_what_is_missing_is_named(report: Make) -> None:
    gone = {"leaderboard": (), "gate": None, "terms": None, "figures": (), "replayed": "", "plots": (), "data": None}
    nothing = {**gone, "windows": (), "windows_plot": None, "origin": None, "tested_on": (), "provenance": ()}
    assert set(nothing) < {field.name for field in fields(ModelReport)}
    page = Page(render_model_report(report(**nothing, missing=("the snapshot is not there",))))
    assert page.headings == ["Watched windows", "Provenance"]
    assert "None yet" in page.text
    assert "the snapshot is not there" in page.text
    assert "where its rows came from was not recorded" in page.text


def classified(report: Make, **changes: object) -> ModelReport:
    """A report of a choice between two classes."""
    gate = Verdict(
        passed=True,
        metric="average_precision",
        candidate=0.84,
        champion=0.8,
        gain=0.2,
        low=0.1,
        high=0.3,
        rows=900,
        against="champion v2",
        reason="better",
    )
    figures = (TestFigure("accuracy", 0.83, 0.8, 0.86), TestFigure("average_precision", 0.84, 0.8, 0.88))
    reached = {"mean": 0.44, "linear": 0.86}
    lines = tuple(CandidateLine(kind, "average_precision", value, chosen=kind == "linear") for kind, value in reached.items())
    told = {"metric": "average_precision", "classes": ("healthy", HOSTILE), "gate": gate, "figures": figures, "leaderboard": lines}
    return report(**(told | changes))


def test_a_classification_says_how_often_it_is_right_and_which_class_is_positive(report: Make) -> None:
    made = classified(report)
    assert answer(made).startswith(
        "rides v3 predicts minutes, right in 83.0% of cases, average_precision 0.8400 [0.8000, 0.8800] on 69,384 test rows"
    )
    page = Page(render_model_report(made))
    for said in ("higher is better", "gain (share of what that lacks to 1)", f"The positive class is {HOSTILE}", "0.8000"):
        assert said in page.text, said
    assert "0.8400 min" not in page.text
    assert "share of rows whose most likely class" in page.text


def test_a_classification_has_no_column_of_units_and_errors_are_better_lower(report: Make) -> None:
    assert ">unit</th>" not in render_model_report(classified(report))
    page = render_model_report(report())
    assert ">unit</th>" in page
    assert "lower is better" in page
    assert "gain (share of that error)" in page
    assert "positive class" not in page


def test_every_metric_that_may_decide_is_explained(report: Make) -> None:
    for rules in RULES.values():
        figures = tuple(TestFigure(name, 0.5) for name in rules.metrics)
        page = render_model_report(report(figures=figures))
        assert '<td class="text"></td>' not in page
