"""Nested settings, one to a line."""

from hypothesis import given
from hypothesis import strategies as st

from steward.project.flat import flat

LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(alphabet="abc", min_size=1, max_size=3))
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3))


def test_settings_are_named_by_their_way_down_and_candidates_by_their_kind() -> None:
    candidates = [{"kind": "mean"}, {"kind": "lightgbm", "trees": 10}, {"kind": "lightgbm", "trees": 20}]
    assert flat({"split": {"train": ["a", "b"], "seed": 7}, "candidates": candidates, "title": "", "unit": None, "tables": []}) == {
        "split.train": "a, b",
        "split.seed": "7",
        "candidates.mean.kind": "mean",
        "candidates.lightgbm.kind": "lightgbm",
        "candidates.lightgbm.trees": "10",
        "candidates.lightgbm-2.kind": "lightgbm",
        "candidates.lightgbm-2.trees": "20",
    }


def test_things_without_a_name_go_by_their_place() -> None:
    assert flat({"rules": [{"x": 1}, {"x": 2}, "y"]}) == {"rules.0.x": "1", "rules.1.x": "2", "rules.2": "y"}


def test_a_prefix_stands_before_every_name() -> None:
    assert flat({"alpha": 1.0}, "chosen") == {"chosen.alpha": "1.0"}


@given(TREES)
def test_whatever_is_nested_comes_out_as_texts(tree: object) -> None:
    assert all(isinstance(name, str) and text != "" for name, text in flat({"root": tree}).items())
