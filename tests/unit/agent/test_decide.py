from typing import Any

import pytest

from steward.agent.decide import AskApproval, Escalate, Log, Retrain, decide
from steward.agent.diagnose import Diagnosis
from steward.core.digest import canonical_json
from steward.project.spec import PolicySpec

DRIFT = Diagnosis("drift", "the world moved", ("km",))
FAULT = Diagnosis("data_fault", "km is missing", ("km",))


@pytest.mark.parametrize(
    ("severity", "decision"),
    [
        (0, Log),
        (0.0, Log),
        (0.4999999, Log),
        (0.5, Retrain),
        (0.6999999, Retrain),
        (0.7, AskApproval),
        (0.9, AskApproval),
        (0.9000001, Escalate),
        (1, Escalate),
        (1.0, Escalate),
    ],
)
def test_four_bands(severity: float, decision: type) -> None:
    made = decide(severity, DRIFT, PolicySpec())
    assert type(made) is decision
    assert made.severity == severity
    assert made.reason.endswith(": the world moved")


@pytest.mark.parametrize("severity", [None, -1, -1e-9, 1.0000001, 1.1, float("nan"), float("inf"), "high", True, [0.6]])
@pytest.mark.parametrize("diagnosis", [DRIFT, FAULT])
def test_what_is_no_severity_goes_to_a_person_and_stays_json(severity: Any, diagnosis: Diagnosis) -> None:
    made = decide(severity, diagnosis, PolicySpec())
    assert isinstance(made, AskApproval)
    assert canonical_json(made.severity) == "null"
    assert "a person must look" in made.reason


@pytest.mark.parametrize(
    ("severity", "decision"), [(0.2, Log), (0.5, AskApproval), (0.69, AskApproval), (0.8, AskApproval), (0.95, Escalate)]
)
def test_broken_data_is_never_retrained_on_automatically(severity: float, decision: type) -> None:
    assert type(decide(severity, FAULT, PolicySpec())) is decision


@pytest.mark.parametrize(
    ("severity", "decision"), [(0.2, Log), (0.5, AskApproval), (0.69, AskApproval), (0.8, AskApproval), (0.95, Escalate)]
)
def test_broken_data_in_another_window_that_is_learned_from_goes_to_a_person(severity: float, decision: type) -> None:
    made = decide(severity, DRIFT, PolicySpec(), broken=("2024-01", "2024-02", "2024-03", "2024-04"))
    assert type(made) is decision
    assert made.reason.endswith(": the world moved; the data of 2024-01, 2024-02, 2024-03 and 1 more look broken")


def test_the_bands_are_the_projects() -> None:
    policy = PolicySpec(retrain_from=0.2, ask_from=0.3, escalate_above=0.4)
    assert [type(decide(severity, DRIFT, policy)) for severity in (0.1, 0.2, 0.3, 0.4, 0.41)] == [
        Log,
        Retrain,
        AskApproval,
        AskApproval,
        Escalate,
    ]
