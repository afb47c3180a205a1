"""Which classes are judged when champion and candidate know others, and when is it another question?"""

from types import SimpleNamespace
from typing import Any

import pytest

from steward.core.errors import Refused
from steward.core.tasks import Label
from steward.flows.judge import _all_classes, _last


def bundle(task: str, *classes: Label) -> Any:
    return SimpleNamespace(classes=classes, manifest={"task": task, "target": "outcome"})


def test_without_a_champion_the_candidates_classes_count() -> None:
    assert _all_classes(bundle("binary", "no", "yes"), None, "the mean baseline") == ("no", "yes")
    assert _all_classes(bundle("regression"), bundle("regression"), "champion v1") == ()


def test_of_several_classes_those_of_either_model_count() -> None:
    both = _all_classes(bundle("multiclass", 2, 3, 4), bundle("multiclass", 1, 2, 3), "champion v1")
    assert both == (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("candidate", "champion"),
    [
        (bundle("binary", 0, 1), bundle("binary", "no", "yes")),
        (bundle("binary", 0, 1), bundle("regression")),
        (bundle("regression"), bundle("multiclass", 1, 2, 3)),
        (bundle("multiclass", 1, 2, 3), bundle("multiclass", "a", "b", "c")),
        (bundle("multiclass", 1, 2, 3), bundle("binary", 1, 2)),
    ],
)
def test_a_champion_of_another_question_is_refused_with_both_named(candidate: Any, champion: Any) -> None:
    with pytest.raises(Refused, match=r"GATE-009.*against champion v4") as caught:
        _all_classes(candidate, champion, "champion v4")
    assert "another name" in caught.value.faults[0].fix


@pytest.mark.parametrize(("labels", "year"), [(["2018", "2018-03"], 2019), (["2017-12"], 2018)])
def test_periods_end_when_the_calendar_says_so(labels: list[str], year: int) -> None:
    assert _last(labels).year == year
