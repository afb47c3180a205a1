import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from steward.features.alone import Alone
from steward.features.dictionary import FeatureEntry
from steward.features.relation import Level
from steward.features.statistics import Associations
from steward.project.dictionary import DictionarySpec
from steward.quality.profile import profile_table
from steward.reporting.feature_contents import FeatureContents, FeatureLine, Importance, Suspicion, answer, as_json, top
from steward.reporting.feature_plots import heat, relation
from steward.reporting.feature_report import render_features_html

NAMES = ("away_km", "<b>zone</b>")


def line(name: str, gain: float, alone: float | None) -> FeatureLine:
    code = name != "away_km"
    entry = FeatureEntry(
        name=name,
        type="integer" if code else "number",
        unit="" if code else "km",
        meaning="Where & when.",
        made="column" if code else "function",
        reads=(),
        raw=("zone",),
        known_at="request",
        fitted="",
        care="none",
        codes={"1": "<i>north</i>"} if code else {},
    )
    values = pl.Series(name, [1, 2] * 20 if code else list(range(40)), dtype=pl.Int64 if code else pl.Float64)
    figures = profile_table(values.to_frame(), DictionarySpec(columns={name: entry.as_column()})).columns[0]
    levels = (Level("low", 20, (3.0,)), Level("high", 19, (9.0,)), Level("empty", 1, (5.0,)))
    return FeatureLine(entry, figures, Importance(gain, 0.1, Alone(name, "r2", alone, 0.5), 0.25), levels, 0.5, "Spearman")


FULL = FeatureContents(
    project="rides",
    title="How long?",
    target="minutes",
    unit="min",
    task="regression",
    classes=(),
    about="2024-01",
    run="r1",
    origin="folder",
    snapshot="ab" * 32,
    rows={"training": 30, "validation": 10},
    drawn={"gain": 20_000, "alone": 20_000, "information": 4_000, "pairs": 20_000},
    lines=(line(NAMES[0], 0.95, 0.6), line(NAMES[1], 0.05, 0.001)),
    pairs=Associations(
        (*NAMES, "minutes"), np.array([[1, 0.97, 0.5], [0.97, 1, np.nan], [0.5, np.nan, 1.0]]), frozenset(NAMES[1:])
    ),
    left_out=("centroid_km",),
    suspicions=(),
    commands=("steward features rides --data FOLDER",),
    following="steward run rides --data FOLDER",
)
REFUSED = Suspicion("FEAT-032", "feature 'x' alone tells it", "take it out", "")
ALLOWED = replace(REFUSED, because="the list is public")


def test_the_answer_names_what_tells_most_what_tells_nothing_and_what_is_the_same() -> None:
    told = answer(FULL)
    assert told.startswith("2 features of 40 rows; away_km tells most of minutes (95% of what a small forest gains)")
    assert "<b>zone</b> tells no more than chance" in told
    assert "away_km and <b>zone</b> say nearly the same (0.97)" in told


def test_a_feature_helps_by_chance_only_if_it_tells_nothing_alone_either() -> None:
    assert FULL.lines[1].importance.by_chance
    assert not replace(FULL.lines[1].importance, alone=Alone("x", "r2", 0.4, 0.4)).by_chance
    assert not replace(FULL.lines[1].importance, gain=0.2).by_chance


def test_a_refusal_to_come_is_said_first_on_the_page_and_an_allowance_with_its_reason() -> None:
    page = render_features_html(replace(FULL, suspicions=(REFUSED, ALLOWED)))
    assert "TRAINING WILL BE REFUSED" in page
    assert "Mend what the leak guard refuses" in page
    assert "allowed, because the list is public" in page
    assert "REFUSED" not in render_features_html(replace(FULL, suspicions=(ALLOWED,)))


def test_the_page_needs_no_network_escapes_names_and_tells_the_next_step() -> None:
    page = render_features_html(FULL)
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "<b>zone</b>" not in page
    assert "&lt;b&gt;zone&lt;/b&gt;" in page
    assert "&lt;i&gt;north&lt;/i&gt;" in page
    assert "Nothing found" in page
    assert "centroid_km" in page
    assert "steward run rides --data FOLDER" in page


def test_made_up_rows_are_loud() -> None:
    page = render_features_html(replace(FULL, origin="simulated"))
    assert page.count("<strong>SIMULATED DATA</strong>") == 2
    assert "ALL OF IT IS SIMULATED" in answer(replace(FULL, origin="simulated"))


def test_classes_are_drawn_in_colours_with_their_names() -> None:
    levels = (Level("low", 20, (0.25, 0.75)), Level("high", 20, (0.5, 0.5)))
    sick = replace(FULL, task="binary", classes=("absent", "present"), lines=(replace(FULL.lines[0], relation=levels),))
    page = render_features_html(sick)
    assert page.count('fill="#c97b12"') == 2
    assert "shares of absent, present where away_km is low up to high" in page


def test_the_dictionary_is_json_without_nan() -> None:
    told = json.loads(json.dumps(as_json(FULL), allow_nan=False))
    first = told["features"][0]
    assert (first["name"], first["unit"], first["null_share"], first["statistics"]["cells"]["mean"]) == ("away_km", "km", 0.0, 19.5)
    assert first["importance"] == {
        "gain": 0.95,
        "shuffled_gain": 0.1,
        "alone": {"metric": "r2", "value": 0.6},
        "mutual_information": 0.25,
    }
    assert first["target"]["levels"][0] == {"label": "low", "rows": 20, "values": [3.0]}
    assert told["correlations"]["values"][1][2] is None
    assert told["strongest_pairs"] == [{"columns": list(NAMES), "measure": "Cramér's V", "value": 0.97}]
    assert [one["name"] for one in top(FULL)] == list(NAMES)


def test_means_below_and_above_zero_stand_on_both_sides_of_it() -> None:
    drawn = relation((Level("a", 1, (-1.0,)), Level("b", 1, (3.0,))), "x")
    # 64 high for -1 to 3: zero lies at 48
    assert 'y="48.0" width="118.0" height="16.0"' in drawn
    assert 'y="0.0" width="118.0" height="48.0"' in drawn
    assert relation((), "x") == ""


@pytest.mark.parametrize(("value", "color"), [(1.0, "31,95,168,0.70"), (-0.5, "179,38,30,0.35"), (0.0, "31,95,168,0.00")])
def test_a_correlation_is_blue_with_and_red_against(value: float, color: str) -> None:
    assert color in heat(value)
