import pytest
from pydantic import ValidationError

from steward.project.leaks import LeakSpec

ALLOWED = {"allow": [{"rule": "id_like", "columns": ["serial", "batch"], "because": "serials are given out by size"}]}


def test_a_suspicion_passes_only_for_the_inputs_that_were_named() -> None:
    spec = LeakSpec.model_validate(ALLOWED)
    assert spec.reason("id_like", ("batch",)) == "serials are given out by size"
    assert spec.reason("id_like", ("other",)) == ""
    assert spec.reason("single_feature", ("batch",)) == ""


def test_without_columns_all_inputs_are_meant() -> None:
    spec = LeakSpec.model_validate({"allow": [{"rule": "single_feature", "because": "the price list is public"}]})
    assert spec.reason("single_feature", ("any",)) == "the price list is public"
    assert LeakSpec().reason("duplicates", ()) == ""


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"rule": "duplicates"}, "because"),
        ({"rule": "duplicates", "because": "fine"}, "10 characters"),
        ({"rule": "copies", "because": "a long enough reason"}, "duplicates"),
        ({"rule": "duplicates", "columns": ["age"], "because": "a long enough reason"}, "take `columns` out"),
    ],
)
def test_a_rule_passes_with_a_reason_only(said: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        LeakSpec.model_validate({"allow": [said]})
