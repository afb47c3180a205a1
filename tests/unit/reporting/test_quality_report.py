"""The page on quality says what the values say, masks what must not be shown, escapes the rest, and needs nothing from outside."""

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import polars as pl
import pytest

from steward.project.dictionary import DictionarySpec
from steward.quality.checks import REASON
from steward.quality.clean import RuleEffect
from steward.quality.compare import compare, compare_periods
from steward.quality.figures import Bars
from steward.quality.findings import Finding
from steward.quality.profile import profile_table
from steward.reporting.contents import SourceFile
from steward.reporting.quality_changes import change_lines
from steward.reporting.quality_contents import MASK, Comparison, QualityContents, answer, judge_fitness
from steward.reporting.quality_drill import drill_rows, mask_finding, masked_columns
from steward.reporting.quality_plots import heat, histogram, rows_bar, sparkline
from steward.reporting.quality_report import render_quality_html, render_quality_markdown

ASKED = {"known_at": "request"}
DICTIONARY = DictionarySpec.model_validate(
    {
        "columns": {
            "width": {"type": "number", "unit": "m", "meaning": "how wide the road is", **ASKED},
            "light": {"type": "integer", "meaning": "what one could see", "codes": {"1": "day", "2": "night"}, **ASKED},
            "driver": {"type": "text", "meaning": "who drove", "sensitivity": "personal", **ASKED},
            "dead": {"type": "integer", "meaning": "the target", **ASKED},
        }
    }
)
RAW = pl.DataFrame(
    {
        "width": [3.5, 4.0, None, 90.0] * 50 + [None, None, None, 4.0] * 50,
        "light": [1, 2] * 200,
        "driver": [f"person {number}" for number in range(400)],
        "dead": [0, 0, 0, 1] * 100,
        "period": ["2016"] * 200 + ["2018"] * 200,
    }
)
TOO_WIDE = Finding("range width", "range", ("width",), "quarantine", 50, 0.125, ("90",), "width is above 20, for example 90")
NAMED = Finding("allowed driver", "allowed", ("driver",), "warn", 400, 1.0, ("person 0",), "driver is odd, for example person 0")


def make(**changes: Any) -> QualityContents:
    apart = RAW.filter(pl.col("width") > 20).with_columns(pl.lit("range width").alias(REASON))
    kept = RAW.filter((pl.col("width") <= 20) | pl.col("width").is_null())
    raw = profile_table(RAW, DICTIONARY)
    clean = profile_table(kept, DICTIONARY, like=raw)
    masked = masked_columns(DICTIONARY)
    findings = tuple(mask_finding(finding, masked) for finding in (TOO_WIDE, NAMED))
    contents = QualityContents(
        project="roads",
        title="Who dies on the road?",
        target="dead",
        about="2016, 2018",
        run="abc",
        origin="folder",
        sources=(SourceFile("2016", "roads_2016.csv", "ab" * 32),),
        digests=(("raw rows", "cd" * 32),),
        raw=raw,
        clean=clean,
        findings=findings,
        rules=(RuleEffect("drop_duplicates", 0),),
        unreadable=0,
        quarantined=apart.height,
        allowed=0.5,
        stopped="",
        features=("width", "light"),
        cleaning_changes=compare(raw, clean),
        period_changes=compare_periods(raw),
        comparison=None,
        drills=drill_rows(findings, apart, masked, limit=3),
        commands=("steward process roads --data FOLDER",),
    )
    return replace(contents, **changes)


@pytest.fixture(scope="module")
def page() -> str:
    return render_quality_html(make())


class _Outline(HTMLParser):
    """Counts elements and checks that what opens closes."""

    void = frozenset({"meta", "br", "img", "path", "rect", "i"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: dict[str, int] = {}

    def handle_starttag(self, tag: str, _attributes: list[tuple[str, str | None]]) -> None:
        self.seen[tag] = self.seen.get(tag, 0) + 1
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.void:
            assert self.open.pop() == tag


def outline(page: str) -> dict[str, int]:
    parser = _Outline()
    parser.feed(page)
    assert parser.open == []
    return parser.seen


def test_the_page_is_one_file_that_needs_nothing(page: str) -> None:
    seen = outline(page)
    assert not {"script", "link", "img", "iframe"} & set(seen)
    assert re.findall(r"https?://|url\(|@import", page) == []
    assert "default-src 'none'" in page
    assert len(page.encode()) < 500_000


def test_every_section_is_there(page: str) -> None:
    headings = re.findall(r"<h2[^>]*>(.*?)</h2>", page)
    assert headings == [
        "Where the rows went",
        "What the checks found",
        "What cleaning did",
        "From period to period",
        "Before and after cleaning",
        "Column by column",
        "Where it comes from",
    ]
    for said in ("ab" * 32, "cd" * 32, "roads_2016.csv", "run abc", "steward process roads --data FOLDER", "drop_duplicates"):
        assert said in page, said


def test_findings_rows_and_words_of_codes_are_told(page: str) -> None:
    assert "width is above 20" in page
    assert "<summary>range width: 3 of 50 rows</summary>" in page
    assert "1 day" in page
    assert "how wide the road is" in page
    assert page.count('<svg class="bars"') == 2  # width and dead; codes and texts have a list


def test_a_column_that_goes_empty_is_said_loudly_and_warm_in_the_table(page: str) -> None:
    # 50 of 200 widths are missing in 2016, 150 of 200 in 2018
    assert '<td class="text bad">going empty: empty in 25.0% of the rows before, in 75.0% after</td>' in page
    assert '<td class="n" style="background:rgba(179,38,30,0.52)">75.0%</td>' in page


def test_personal_cells_are_shown_nowhere(page: str) -> None:
    markdown = render_quality_markdown(make())
    for text in (page, markdown):
        assert "person 0" not in text
        assert "person 3" not in text
        assert MASK in text
    assert "driver is odd" in page


def test_hostile_names_and_values_are_text_and_no_more() -> None:
    evil = "<script>alert(1)</script>"
    frame = pl.DataFrame({evil: [evil, "a|b", "`x`"] * 5, "period": ["<b>1", "<b>2", "<b>2"] * 5})
    raw = profile_table(frame, DICTIONARY)
    found = Finding(evil, "allowed", (evil,), "quarantine", 2, 0.1, (evil,), f"{evil} is none of a|b, for example {evil}")
    contents = make(
        project=evil,
        title=evil,
        about=evil,
        target=evil,
        raw=raw,
        clean=raw,
        findings=(found,),
        drills=drill_rows((found,), frame.with_columns(pl.lit(evil).alias(REASON)), frozenset()),
        commands=(evil,),
        period_changes=compare_periods(raw),
    )
    page = render_quality_html(contents)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    outline(page)
    markdown = render_quality_markdown(contents)
    assert "<script" not in markdown.replace(f"    {evil}", "")  # an indented line is code
    assert "&lt;script&gt;" in markdown
    assert r"a\|b" in markdown
    tables = [line for line in markdown.splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", line)) > 1 for line in tables)


def test_markdown_has_the_same_facts_and_bars() -> None:
    text = render_quality_markdown(make())
    assert text.startswith("# Who dies on the road?\n")
    assert "| left to learn from | 350 | 4 | 0 |" in text
    assert "going empty: empty in 25.0% of the rows before, in 75.0% after" in text
    assert "█" in text
    assert "| width | number | 50.0% → 57.1% |" in text
    assert "### range width: 3 of 50 rows" in text


def test_the_answer_says_whether_what_and_how_much() -> None:
    said = answer(make())
    assert said.startswith(
        "The roads rows of 2016, 2018 are FIT WITH CARE to learn from; 350 of 400 rows are left (87.5%), 50 set apart;"
    )
    assert "most wrong: width is going empty: empty in 25.0% of the rows before, in 75.0% after (2016 to 2018)" in said


@pytest.mark.parametrize(
    ("changes", "level", "reason"),
    [
        ({"features": ("light",), "period_changes": ()}, "fit", None),
        ({"features": ("width",), "period_changes": ()}, "fit with care", "width is empty in 57.1% of the rows that are left"),
        ({"features": (), "allowed": 0.2}, "fit with care", "12.5% of the rows are set apart, 20.0% may be"),
        ({"stopped": "check 'x' stops the run"}, "not fit", "check 'x' stops the run"),
        ({"clean": profile_table(RAW.clear(), DICTIONARY)}, "not fit", "no row is left"),
        ({"clean": profile_table(RAW.with_columns(dead=1), DICTIONARY)}, "not fit", "the target dead is always the same"),
        ({"clean": profile_table(RAW.with_columns(dead=None), DICTIONARY)}, "not fit", "the target dead is always empty"),
    ],
)
def test_the_verdict_follows_from_the_figures(changes: dict[str, Any], level: str, reason: str | None) -> None:
    fitness = judge_fitness(make(**changes))
    assert fitness.level == level
    assert fitness.reasons[:1] == (() if reason is None else (reason,))
    assert f"are {level.upper()} to learn from" in render_quality_html(make(**changes))


def test_simulated_rows_are_said_twice_in_every_form() -> None:
    page, text = render_quality_html(make(origin="simulated")), render_quality_markdown(make(origin="simulated"))
    assert page.count("<strong>SIMULATED DATA</strong>") == 2
    assert "ALL OF IT IS SIMULATED" in page
    assert "**SIMULATED DATA**" in text
    assert "SIMULATED" not in render_quality_html(make())


def test_a_comparison_stands_before_the_checks() -> None:
    halves = [profile_table(RAW.filter(pl.col("period") == year), DICTIONARY) for year in ("2016", "2018")]
    one = Comparison("2016", "2018", 200, 200, compare(*halves))
    page = render_quality_html(make(comparison=one))
    assert page.index("2018 against 2016</h2>") < page.index("What the checks found")
    assert "200 of 2016 (before) and 200 of 2018 (after)" in page
    assert "## 2018 against 2016" in render_quality_markdown(make(comparison=one))
    assert "(2016 to 2018)" in answer(make(comparison=one, features=()))


def test_nothing_found_and_nothing_read_make_pages_too() -> None:
    empty = profile_table(pl.DataFrame(), DICTIONARY)
    bare = make(
        raw=empty, clean=empty, findings=(), rules=(), drills=(), cleaning_changes=(), period_changes=(), sources=(), digests=(),
        quarantined=0, origin=None,
    )  # fmt: skip
    page = render_quality_html(bare)
    assert "every row passed every check" in page
    assert "declares no cleaning rules" in page
    assert "was not recorded" in page
    outline(page)
    assert "no check found anything" in answer(make(findings=(), features=(), period_changes=()))
    assert render_quality_markdown(bare)


def test_the_same_contents_give_the_same_bytes() -> None:
    assert render_quality_html(make()) == render_quality_html(make())
    assert render_quality_markdown(make()) == render_quality_markdown(make())


def test_columns_to_which_the_same_happened_share_a_line() -> None:
    frame = pl.DataFrame({"a": [1.0] * 300, "b": [1.0] * 300, "c": [1.0] * 300})
    after = frame.with_columns(pl.when(pl.int_range(300) < 150).then(pl.col("a", "b")))
    (line,) = change_lines(compare(profile_table(frame, DICTIONARY), profile_table(after, DICTIONARY)))
    assert (line.columns, line.loud) == ("a, b", True)


def test_rows_behind_a_finding_show_its_columns_first_and_that_a_masked_cell_is_empty() -> None:
    rows = pl.DataFrame(
        {"x": [1.25, None], "who": ["Eve", None], "y": [1, 2], REASON: ["a; range y", "range y; b"]},
        schema_overrides={"x": pl.Float64},
    )
    found = Finding("range y", "range", ("y",), "quarantine", 2, 1.0, ("1",), "y is odd, for example 1")
    other = Finding("range", "range", ("x",), "quarantine", 1, 0.5, (), "the name of another check is part of this one's")
    (drill,) = drill_rows((found, other), rows, {"who"})
    assert drill.columns == ("y", "x", "who")
    assert drill.marked == ("y",)
    assert drill.cells == (("1", "1.25", MASK), ("2", "", ""))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("driver is odd, for example Eve", "driver is odd"),
        ("driver is Eve, which is Éve elsewhere, for example Eve", "spelling driver does not hold in 3 rows (30.00%)"),
    ],
)
def test_examples_of_personal_columns_leave_the_text_too(text: str, said: str) -> None:
    found = Finding("spelling driver", "spelling", ("driver",), "warn", 3, 0.3, ("Eve",), text)
    masked = mask_finding(found, {"driver"})
    assert (masked.text, masked.examples) == (said, (MASK,))
    assert mask_finding(found, {"other"}) == found
    by_row = replace(found, examples=("row 7",))
    assert mask_finding(by_row, {"driver"}) == by_row


def test_small_plots_are_vectors_of_known_size() -> None:
    bars = Bars((0.0, 1.0, 2.0), (1, 4), 0, 0, "0", "2")
    drawn = histogram(bars, replace(bars, counts=(0, 4)), "x < y")
    assert drawn.count("<path") == 3  # before, after, axis
    assert 'aria-label="x &lt; y"' in drawn
    assert histogram(bars, replace(bars, edges=(0.0, 5.0, 9.0)), "x").count("<path") == 2
    assert histogram(None, None, "x") == ""
    assert rows_bar([("left", 3, "#fff"), ("gone", 1, "#000")]).count('width="750.0"') == 1
    assert rows_bar([]) == ""
    assert heat(0.0) == ""
    assert sparkline(bars) == "▂█"


@pytest.mark.parametrize("render", [render_quality_html, render_quality_markdown])
def test_many_columns_and_periods_still_fit(render: Callable[[QualityContents], str]) -> None:
    columns = {f"column number {number}": [number, None, 3, 4] * 12 for number in range(120)}
    frame = pl.DataFrame({**columns, "period": [f"20{year}" for year in range(10, 22) for _ in range(4)]})
    raw = profile_table(frame, DICTIONARY)
    text = render(make(raw=raw, clean=raw, period_changes=compare_periods(raw)))
    assert len(text.encode()) < 500_000
