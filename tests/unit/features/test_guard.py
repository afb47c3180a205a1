import pytest

from steward.core.errors import UsageError
from steward.features.guard import refuse_leaks
from steward.features.program import Program
from steward.features.source import features_of
from steward.project.dictionary import DictionarySpec

SOURCE = b"""
def minutes(start, end):
    return end - start

def pace(miles, minutes):
    return miles / minutes

def hour(start):
    return start % 24

def start_again(hour):
    return hour
"""
COLUMNS = {
    "start": {"type": "integer", "meaning": "begin", "known_at": "request"},
    "end": {"type": "integer", "meaning": "end", "known_at": "outcome"},
    "miles": {"type": "number", "meaning": "way", "known_at": "outcome"},
}
DICTIONARY = DictionarySpec.model_validate({"columns": COLUMNS})


def faults(*inputs: str, target: str = "minutes") -> list[tuple[str, str, tuple[str, ...]]]:
    program = Program.build(features_of(SOURCE, "features.py"), inputs, COLUMNS, ())
    try:
        refuse_leaks(program, DICTIONARY, target, inputs)
    except UsageError as error:
        return [(fault.code, fault.what, fault.where) for fault in error.faults]
    return []


def test_inputs_known_at_the_request_pass() -> None:
    assert faults("start", "hour", "start_again") == []


def test_an_input_made_of_the_outcome_is_refused_with_the_way_down_to_it() -> None:
    assert faults("pace", "hour", target="hour")[0] == (
        "FEAT-010",
        "feature 'pace' reads what is known only after the prediction",
        ("pace <- minutes <- end", "pace <- miles"),
    )
    assert faults("miles") == [("FEAT-010", "feature 'miles' reads what is known only after the prediction", ("miles",))]


def test_the_target_itself_and_what_is_made_of_it_are_refused() -> None:
    assert faults("minutes", "pace") == [
        ("FEAT-011", "feature 'minutes' is the target", ("minutes",)),
        ("FEAT-011", "feature 'pace' is made from the target", ("pace <- minutes",)),
    ]


def test_a_raw_target_is_found_too_whatever_the_dictionary_says_of_it() -> None:
    assert [code for code, _, _ in faults("start", "hour", target="start")] == ["FEAT-011", "FEAT-011"]


def test_the_message_names_column_and_remedy() -> None:
    program = Program.build(features_of(SOURCE, "features.py"), ["miles"], COLUMNS, ())
    with pytest.raises(UsageError, match=r"(?s)known_at: outcome of miles.*take 'miles' out of the features"):
        refuse_leaks(program, DICTIONARY, "minutes", ["miles"])
