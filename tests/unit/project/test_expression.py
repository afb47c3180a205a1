import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.project.expression import compared_columns, parse


@pytest.mark.parametrize(
    ("rule", "columns"),
    [
        ("dropoff_at >= pickup_at", ("dropoff_at", "pickup_at")),
        ("1 <= passengers <= 6 and not is_void", ("passengers", "is_void")),
        ("payment in (1, 2) or tip is null", ("payment", "tip")),
        ("`Trip Distance` / hours > 0", ("Trip Distance", "hours")),
        ("`class` == 'a `quoted` word'", ("class",)),
        ("abs(total - fare) < 0.01", ("total", "fare")),
        ("at - sent < minutes(5) and flag == true", ("at", "sent", "flag")),
    ],
)
def test_a_rule_names_the_columns_it_looks_at(rule: str, columns: tuple[str, ...]) -> None:
    assert parse(rule).columns == columns


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fare = 1", "at character 6: write == for"),
        ("fare <> 1", "at character 6: write != for"),
        ("fare > 1 AND tip > 0", "at character 10: write and, or, not"),
        ("fare > 1 && tip > 0", "write and, or and not as words"),
        ("fare >", "at character 7: here it stops being a rule"),
        ("fare + 1", "at character 1: this is neither true nor false"),
        ("fare == null", "at character 9: null stands only after is"),
        ("fare is 3", "at character 9: after is and is not stands null"),
        ("fare in 3", "at character 9: after in stand values"),
        ("fare in (tip,)", "at character 10: a number or a text"),
        ("tip > 0 and fare.sum() > 1", "at character 13: only these functions are known"),
        ("`Größe` > 0 and fare[0] > 1", "at character 17: only columns, numbers"),
        ("1 < 2", "a rule looks at a column at least"),
        ("fare > 99999999999999999999", "at character 8: this number is too large"),
        ("", "at character 1"),
        ("(" * 300 + "fare" + ")" * 300, "at character"),
        ("not " * 60 + "fare", "nested too deeply"),
        ("fare > 0" + " or fare > 0" * 100, "at most 1000 characters"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_place_and_what_to_write(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true') == 0",
        "(lambda: fare)() > 1",
        "[fare for fare in (1,)] == 1",
        "f'{fare}' == '1'",
        "(fare := 3) > 2",
        "fare.__class__ == 1",
        "fare if tip else total",
        "fare ** 9999999 > 1",
        "abs(fare, tip) > 1",
        "abs(x=fare) > 1",
        "fare > 1j",
        "b'x' == fare",
        "\0",
    ],
)
def test_nothing_but_the_known_words_gets_through(text: str) -> None:
    with pytest.raises(ValueError, match="at character"):
        parse(text)


@given(st.text(max_size=40))
def test_any_text_is_a_rule_or_refused_with_a_place(text: str) -> None:
    try:
        assert parse(text).columns
    except ValueError as error:
        assert str(error).startswith("at character")  # noqa: PT017 - either answer is right


def test_a_rule_that_only_compares_two_columns_is_known_as_such() -> None:
    assert compared_columns("dropoff_at >= pickup_at") == ("dropoff_at", "pickup_at", True)
    assert compared_columns("`a b` < c") == ("c", "a b", False)
    assert compared_columns("a < 1") is None
    assert compared_columns("a < true") is None
    assert compared_columns("a < b < c") is None
