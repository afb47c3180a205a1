from dataclasses import replace

import pytest

from steward.models.tune_trials import Trial
from steward.project.tuning import Choice, Range
from steward.reporting.tuning_report import TunedCandidate, TuningReport, answer, render_tuning_report, tuning_pictures

AXES = {"rate": Range(low=0.001, high=1, log=True), "shape": Choice(among=((32,), (64, 32))), "fast": Choice(among=(True,))}


def trial(number: int, value: float | None, rate: float = 0.1, shape: tuple[int, ...] = (32,), state: str = "done") -> Trial:
    settings = {"rate": rate, "shape": shape, "fast": True}
    error = "ValueError: <script>alert(1)</script>" if state == "failed" else ""
    return Trial(number, settings, state, "me", 0.0, value=value, seconds=1.5, error=error)  # type: ignore[arg-type]


TRIALS = (
    trial(0, 10.0, rate=0),
    trial(1, 12.0),
    trial(2, None, state="pruned"),
    trial(3, 8.0, 0.5, (64, 32)),
    trial(4, None, state="failed"),
)
FOUND = TunedCandidate(
    "mlp", "rmse", "min", False, TRIALS[3], TRIALS, AXES, {"rate": 0.75, "shape": 0.25}, "candidates:\n- kind: mlp\n"
)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (FOUND, "mlp: rmse 8.000 min at trial 4 of 5 trials; the declared settings reach 10.00, 20.0% better."),
        (replace(FOUND, best=TRIALS[0]), "mlp: none of 5 trials is better than the declared settings, which reach rmse 10.00 min."),
        (
            replace(FOUND, trials=(replace(TRIALS[0], value=None), *TRIALS[1:])),
            "mlp: rmse 8.000 min at trial 4 of 5 trials; the declared settings failed.",
        ),
    ],
)
def test_the_answer_is_one_sentence(found: TunedCandidate, said: str) -> None:
    assert answer(found) == said


def test_the_best_come_first() -> None:
    assert [one.number for one in FOUND.rows()] == [3, 0, 1]
    assert [one.number for one in replace(FOUND, higher_is_better=True).rows()] == [1, 0, 3]
    assert [FOUND.count(state) for state in ("done", "pruned", "failed")] == [3, 1, 1]


def test_there_is_a_picture_of_the_way_of_what_matters_and_of_each_parameter_that_varies() -> None:
    pictures = tuning_pictures(FOUND)
    assert [one.title for one in pictures] == ["How the search went on", "Which parameters matter", "rate", "shape"]
    assert all(one.png.startswith(b"\x89PNG") and one.alt for one in pictures)
    assert pictures[0].caption == "3 finished, 1 stopped early, 1 failed; best at trial 4."
    assert tuning_pictures(replace(FOUND, trials=TRIALS[4:])) == ()
    assert [one.title for one in tuning_pictures(replace(FOUND, importance={}))] == ["How the search went on", "rate", "shape"]


def test_the_page_needs_nothing_else_and_escapes_what_it_is_told() -> None:
    page = render_tuning_report(TuningReport("taxi", "How long?", "simulated", "2026-01-01T00:00:00+00:00", (FOUND,)))
    assert "SIMULATED" in page
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert page.count('<img src="data:image/png;base64,') == 4
    assert "http" not in page.replace("http-equiv", "")
