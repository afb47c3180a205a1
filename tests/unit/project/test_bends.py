import pytest

from steward.core.errors import UsageError
from steward.project.bends import BENDS, Bend, parse_bend, parse_segment
from steward.project.spec import DriftCase

CASE = {"period": "2023-02", "learned": ["2023-01"], "expect": "alarm", "because": "a test"}


def test_a_bend_names_kind_column_and_amount_and_is_written_as_it_was_read() -> None:
    texts = ("shift:km:0.3sd", "swap:zone:1=2", "constant:at:2024-01-01T10:30", "delay:minutes:48h", "delay:48h", "stop:0.5")
    read = [parse_bend(text) for text in texts]
    assert [str(bend) for bend in read] == list(texts)
    assert read[2] == Bend("constant", "at", "2024-01-01T10:30")
    assert (read[4].column, read[5].column) == (None, None)


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("shrink:km:2", "SIM-010", "no bend is called 'shrink'"),
        ("sift:km:2", "SIM-010", "did you mean 'shift'?"),
        ("shift", "SIM-011", "shift:COLUMN:2.5"),
        ("shift:km", "SIM-011", "not complete"),
        ("shift:km:", "SIM-011", "not complete"),
        ("stop:km:0.3", "SIM-011", "stop:0.3"),
    ],
)
def test_what_is_no_bend_is_refused_with_the_right_form(text: str, code: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        parse_bend(text)
    assert caught.value.faults[0].code == code


def test_every_kind_is_described_by_a_text_that_it_reads() -> None:
    assert all(parse_bend(words.split(" ")[0].rstrip(",")).kind == kind for kind, words in BENDS.items())


def test_a_segment_is_a_column_and_a_value() -> None:
    assert parse_segment("fleet = green") == ("fleet", "green")
    for text in ("fleet", "=green", "fleet="):
        with pytest.raises(UsageError, match="names no segment"):
            parse_segment(text)


def test_a_case_of_the_plan_names_its_bends_and_a_mistake_in_them_is_told() -> None:
    case = DriftCase.model_validate({**CASE, "name": "metres", "bend": ["unit:km:km-m"], "segment": "zone=3"})
    assert (case.bend, case.segment, case.gradual) == (("unit:km:km-m",), "zone=3", False)
    for wrong in ({"bend": ["unit:km:km-m"]}, {"name": "metres"}, {"name": "x", "bend": ["unti:km:km-m"]}):
        with pytest.raises(ValueError, match=r"write name and bend|did you mean 'unit'"):
            DriftCase.model_validate({**CASE, **wrong})
