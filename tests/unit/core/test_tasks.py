import pytest

from steward.core.tasks import RULES, TaskRules, higher_is_better


@pytest.mark.parametrize("rules", RULES.values(), ids=list(RULES))
def test_what_decides_by_default_may_decide(rules: TaskRules) -> None:
    assert rules.metric in rules.metrics
    assert rules.loss in rules.metrics
    assert not higher_is_better(rules.loss)


def test_errors_are_better_when_lower_and_shares_when_higher() -> None:
    lower = {metric for rules in RULES.values() for metric in rules.metrics if not higher_is_better(metric)}
    assert lower == {"rmse", "mae", "rmsle", "mape", "pinball_10", "pinball_90", "log_loss", "brier"}
    assert not higher_is_better("calibration_error")
    assert [rules.metric for rules in RULES.values()] == ["rmse", "average_precision", "macro_f1"]
