from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.small_project import open_workspace

from steward.flows.looks import Realised, looks, realised
from steward.quality.findings import Finding
from steward.quality.history import QualityMetric
from steward.registry.versions import Draft
from steward.serving.history import Given, Outcome
from steward.testing import tiny_served

AT = "2026-01-01T00:00:00+00:00"


def given(number: int, *, version: int = 1, **answer: Any) -> Given:
    return Given(f"p{number:03}", "rides", version, f"2026-01-01T00:{number:02}:00+00:00", {}, answer)


def quantity(number: int, truth: float | None) -> tuple[Given, Outcome | None]:
    told = None if truth is None else Outcome(f"p{number:03}", truth, None, AT)
    return given(number, prediction=10.0, interval={"low": 5.0, "high": 15.0, "level": 0.9}), told


def test_realised_figures_are_those_of_answers_with_an_outcome() -> None:
    # Twenty rides: half take 2 minutes more than said, half 6; none is known of five others.
    pairs = [quantity(number, 12.0 if number % 2 else 16.0) for number in range(20)]
    found = realised(tiny_served(), [*pairs, *(quantity(number, None) for number in range(20, 25))])
    assert (found.rows, found.looked_at) == (20, 25)
    assert found.metrics["mae"].value == pytest.approx(4.0)
    assert found.metrics["rmse"].value == pytest.approx(20**0.5)  # (4 + 36) / 2
    assert found.metrics["rmse"].low <= 20**0.5 <= found.metrics["rmse"].high
    assert found.inside == 0.5  # 12 lies in 5 to 15, 16 does not


def test_few_outcomes_are_counted_and_say_nothing() -> None:
    assert realised(tiny_served(), [quantity(number, 12.0) for number in range(19)]) == Realised(19, 19, {})
    assert realised(tiny_served(), []) == Realised(0, 0, {})


def test_an_outcome_of_another_kind_is_not_counted() -> None:
    odd = [(given(number, prediction=10.0), Outcome(f"p{number:03}", None, "long", AT)) for number in range(30)]
    assert realised(tiny_served(), odd).rows == 0


def test_answers_from_before_there_were_intervals_have_no_share_inside() -> None:
    old = [(given(number, prediction=10.0), Outcome(f"p{number:03}", 12.0, None, AT)) for number in range(30)]
    assert realised(tiny_served(), old).inside is None


def test_realised_figures_of_classes_compare_labels_with_probabilities() -> None:
    served = replace(tiny_served(), task="binary", classes=(False, True))
    shares = {"false": 0.2, "true": 0.8}
    pairs = [
        (
            given(number, prediction=True, probabilities=shares),
            Outcome(f"p{number:03}", None, "true" if number % 4 else "false", AT),
        )
        for number in range(40)
    ]
    unknown = [(given(50, prediction=True, probabilities=shares), Outcome("p050", None, "perhaps", AT))]
    found = realised(served, [*pairs, *unknown])
    assert found.rows == 40
    assert found.metrics["accuracy"].value == pytest.approx(0.75)
    assert found.metrics["brier"].value == pytest.approx((0.75 * 0.2**2 + 0.25 * 0.8**2) * 1)


def test_all_questions_are_answered_from_the_stores(tmp_path: Path) -> None:
    ports = open_workspace(tmp_path / "home", None)
    facts = {"metrics": {"rmse": 4.0}, "rows": {"test": 400}, "inside": {"level": 0.9, "share": 0.88, "width": 7.5}}
    ports.registry.register(Draft("rides", "k", "r1", "d", {}, facts), actor="me")
    finding = Finding("fares", "range", ("fare",), "warn", 12, 0.03, (), "fare is below 0")
    ports.quality.keep_findings("rides", "r1", [finding])
    for run, share in (("r1", 0.5), ("r2", 0.25)):
        ports.quality.keep_metrics("rides", run, [QualityMetric("raw", "fare", "null_share", share)])
    ports.predictions.keep_predictions([given(1, prediction=10.0), given(2, version=2, prediction=10.0)])

    ask = looks("rides", ports)
    assert [one.finding for one in ask.findings(5)] == [finding]
    assert [(one.run, one.figure.value) for one in ask.missing()] == [("r2", 0.25)]
    assert (ask.windows(5), ask.experiments(5)) == ((), ())
    found = ask.performance(tiny_served(1), 100)
    assert found.tested == {"rmse": {"value": 4.0, "low": None, "high": None}}
    assert (found.rows, found.inside) == (400, {"level": 0.9, "share": 0.88, "width": 7.5})
    assert found.realised == Realised(0, 1, {})  # the answer of another version is not its own
