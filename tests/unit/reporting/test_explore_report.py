import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from steward.models.explore import explore_rows
from steward.reporting.explore_arrows import spread_out
from steward.reporting.explore_contents import ExploreContents, FeatureWords
from steward.reporting.explore_facts import as_json
from steward.reporting.explore_pictures import component_picture, explained_picture
from steward.reporting.explore_report import render_explore_html
from steward.reporting.explore_words import MASK, answer, cluster_words, component_words, structure, why_so_many

NAMES = ("trip_km", "hour", "plan")
WORDS = {
    "trip_km": FeatureWords("km", {}, personal=False),
    "hour": FeatureWords("", {}, personal=False),
    "plan": FeatureWords("", {"1": "cheap", "2": "dear <b>", "3": "old"}, personal=True),
}


def contents(*, classes: tuple[str, ...] = (), columns: int = 3, rows: int = 240, **asked: Any) -> ExploreContents:
    """Two heaps of trips, near and far ones; the far ones take longer, and their plan is mostly dear."""
    draw = np.random.default_rng(1)
    far = np.arange(rows) % 4 == 0
    plan = np.where(far & (draw.random(rows) < 0.8), 2.0, draw.integers(1, 4, rows))
    matrix = np.column_stack([np.where(far, 40, 5) + draw.normal(0, 1, rows), draw.integers(0, 24, rows), plan])[:, :columns]
    target = far + (draw.random(rows) < 0.3) * 1.0 if classes else matrix[:, 0] * 2
    settings: dict[str, Any] = {"components": None, "clusters": 2, "seed": 7, "tell": lambda _: None}
    codes = [name for name in ("plan",) if columns == 3]
    found = explore_rows(matrix, target, names=NAMES[:columns], codes=codes, classes=len(classes), **{**settings, **asked})
    return ExploreContents(
        project="trips",
        title="How long?",
        target="outcome" if classes else "minutes",
        unit="" if classes else "min",
        classes=classes,
        about="2023-01",
        run="abc",
        origin="folder",
        snapshot="cd" * 32,
        rows=rows,
        seed=7,
        fewest=10,
        features=WORDS,
        found=found,
        commands=("steward explore trips",),
        following="steward run trips",
    )


def test_the_page_shows_every_picture_with_words_and_needs_nothing_else() -> None:
    page = render_explore_html(contents())
    assert page.count('<img src="data:image/png;base64,') == 7
    assert page.count('alt="') == 7
    assert "http" not in page.replace("http-equiv", "")
    assert "<b>" not in page
    assert "dear &lt;b&gt;" in page
    assert "All 240 training rows" in page
    assert "SIMULATED" not in page
    for title in ("Explained variance", "Components and the target", "Discriminants", "How many clusters", "Clusters of k-means"):
        assert title in page
    assert "divided into 4 groups" in page
    assert "steward run trips" in page


def test_the_page_says_which_rows_it_is_about_and_that_they_are_made_up() -> None:
    page = render_explore_html(replace(contents(), rows=56_052, origin="simulated"))
    assert "240 of 56,052 training rows were drawn, with seed 7" in page
    assert page.count("SIMULATED DATA") == 3
    assert "ALL OF IT IS SIMULATED" in page


@pytest.mark.parametrize("classes", [("no", "yes", "maybe"), ()])
@pytest.mark.parametrize("columns", [1, 3])
def test_one_feature_and_many_have_their_pictures(classes: tuple[str, ...], columns: int) -> None:
    told = contents(classes=classes, columns=columns)
    page = render_explore_html(told)
    assert page.count("<img ") == 7
    assert component_picture(told).png.startswith(b"\x89PNG")
    assert ("Bars along the only component" in page) == (columns == 1)


def test_what_is_not_there_has_no_place_on_the_page() -> None:
    told = contents()
    bare = replace(told, found=replace(told.found, lda=None, centres=None, clouds=None, profile=None, notes=("no clusters",)))
    page = render_explore_html(bare)
    assert page.count("<img ") == 2
    assert "no clusters" in page
    assert "k-means)" not in page
    assert as_json(bare)["k_means"] is None


def test_the_answer_and_the_components_are_told_in_words() -> None:
    told = contents()
    assert answer(told).startswith("3 features of 240 training rows: 2 components show ")
    assert "2 clusters of k-means are" in answer(told)
    assert component_words(told, told.found.pca, 0).startswith("component 1 (")
    assert "rises with trip_km and plan: dear <b>" in component_words(told, told.found.pca, 0)
    assert explained_picture(told).caption.endswith("%.")


def test_the_number_of_clusters_is_given_a_reason() -> None:
    told = contents(columns=1, clusters=3)
    assert told.found.centres is not None
    reason = why_so_many(told.found.centres, "k-means")
    assert reason.startswith("2 clusters have the highest silhouette, 0.9")
    assert reason.endswith("; the inertia bends at 2; 3 were asked for.")
    assert told.found.clouds is not None
    assert "the lowest BIC" in why_so_many(told.found.clouds, "mixture")


def test_clusters_are_told_by_what_sets_them_apart() -> None:
    told = contents(columns=1)
    assert told.found.profile is not None
    said = cluster_words(told, told.found.profile, 1)
    assert said == "Cluster 2, 60 rows (25%): trip_km 39.96, of all rows 13.81. Mean minutes 79.91 min (all: 27.62)."
    of_classes = contents(classes=("no", "yes", "maybe"))
    assert of_classes.found.profile is not None
    assert "outcome is " in cluster_words(of_classes, of_classes.found.profile, 0)


def test_what_is_typical_of_a_few_people_is_not_told() -> None:
    told = contents()
    page, masked = render_explore_html(told), render_explore_html(replace(told, fewest=100))
    assert MASK not in page
    assert MASK in masked


@pytest.mark.parametrize(
    ("silhouette", "said"),
    [
        (None, "too few rows to be judged"),
        (0.8, "clearly apart (silhouette 0.80)"),
        (0.6, "fairly well apart (silhouette 0.60)"),
        (0.3, "apart, but overlap (silhouette 0.30)"),
        (0.1, "hardly apart (silhouette 0.10): rows do not fall into groups by themselves"),
    ],
)
def test_a_silhouette_has_a_meaning(silhouette: float | None, said: str) -> None:
    assert structure(silhouette).startswith(said)


def test_the_facts_are_json_without_any_row() -> None:
    told = contents(classes=("no", "yes", "maybe"))
    facts = json.loads(json.dumps(as_json(told), allow_nan=False))
    assert facts["columns"] == ["trip_km", "hour", "plan: cheap", "plan: dear <b>", "plan: old"]
    assert len(facts["pca"]["loadings"]) == 5
    assert facts["lda"]["groups"] == ["no", "yes", "maybe"]
    assert [one["clusters"] for one in facts["k_means"]["tried"]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert sum(facts["k_means"]["rows"]) == 240
    assert facts["profile"][-1]["rows"] == 240
    assert "scores" not in facts["pca"]
    assert facts["pca"]["cumulated"][-1] == pytest.approx(1)


def test_labels_move_apart_as_little_as_need_be() -> None:
    assert spread_out(np.array([0.0, 5.0]), 1).tolist() == [0, 5]
    assert spread_out(np.array([2.0, 2.0]), 1).tolist() == [1.5, 2.5]
    apart = np.sort(spread_out(np.array([1.0, 0.9, 3.0, 1.1]), 0.5))
    assert (np.diff(apart) >= 0.5 - 1e-12).all()
