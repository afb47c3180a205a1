import polars as pl
import pytest

from steward.data.spelling import odd_spellings


@pytest.mark.parametrize(
    "odd",
    [
        "PARIS",
        "Par\u200bis",  # no width
        "\ufeffParis",
        "P\u0430ris",  # Cyrillic a
        "\u03a1aris",  # Greek capital rho
        "\uff30aris",  # full width
        " Paris",
        "Paris ",
    ],
)
def test_what_only_looks_like_a_value_is_an_odd_spelling_of_it(odd: str) -> None:
    values = pl.Series(["Paris", "Paris", odd, "Rome", None])
    assert odd_spellings(values).rows() == [(odd, "Paris", 1)]


@pytest.mark.parametrize("other", ["Pari", "Paris 2", "Pa-ris", "Pàris"])
def test_other_words_are_left_in_peace(other: str) -> None:
    assert odd_spellings(pl.Series(["Paris", "Paris", other])).is_empty()


def test_words_of_one_alphabet_differ_only_by_case() -> None:
    word, other = "\u0433\u043e\u0440\u0430", "\u0432\u043e\u0434\u0430"  # a mountain, and water
    values = pl.Series([word, word, word.upper(), other])
    assert odd_spellings(values).rows() == [(word.upper(), word, 1)]


def test_the_most_frequent_spelling_is_the_usual_one_and_the_first_of_equals() -> None:
    values = pl.Series(["new  york", "New York", "New York", "new york", "b", "B"])
    assert set(odd_spellings(values).rows()) == {("new  york", "New York", 1), ("new york", "New York", 1), ("b", "B", 1)}


def test_no_values_have_no_spellings() -> None:
    assert odd_spellings(pl.Series([], dtype=pl.String)).is_empty()
    assert odd_spellings(pl.Series([None, None], dtype=pl.String)).is_empty()
