import pytest

from steward.core.errors import AnswerIsNo, EnvironmentFault, Fault, Refused, StewardError, UsageError, did_you_mean, unknown_name


def test_a_fault_is_written_in_the_shape_people_know() -> None:
    fault = Fault("DATA-012", 'column "income" holds text', ("data/taxi.csv:14",), why="it is a number", fix="add na_values")
    assert str(fault).splitlines() == [
        'error[DATA-012]: column "income" holds text',
        "  --> data/taxi.csv:14",
        "  why: it is a number",
        "  fix: add na_values",
    ]


@pytest.mark.parametrize(("kind", "code"), [(AnswerIsNo, 1), (UsageError, 2), (EnvironmentFault, 3), (Refused, 4)])
def test_each_kind_of_error_has_its_exit_code(kind: type[StewardError], code: int) -> None:
    assert kind(Fault("X-001", "x")).exit_code == code


def test_an_error_tells_every_fault() -> None:
    error = UsageError(Fault("A-1", "first"), Fault("A-2", "second"))
    assert "first" in str(error)
    assert "second" in str(error)


def test_an_error_without_a_fault_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="at least one"):
        UsageError()


def test_the_nearest_known_name_is_offered() -> None:
    assert did_you_mean("lightgmb", ["linear", "lightgbm"]) == "did you mean 'lightgbm'?"
    assert did_you_mean("xyz", ["b", "a"]) == "known: a, b"
    assert "nothing is known" in did_you_mean("x", [])
    assert "lightgbm" in str(unknown_name("candidate", "lightgmb", ["lightgbm"], code="P-1"))
