from datetime import datetime

import pytest

from steward.core.period import Period, as_period, is_part_label


def test_a_month_ends_where_the_next_begins() -> None:
    december = Period.parse("2023-12")
    assert (december.start, december.end) == (datetime(2023, 12, 1), datetime(2024, 1, 1))  # noqa: DTZ001
    assert str(december.next()) == "2024-01"


@pytest.mark.parametrize("text", ["202", "2023-13", "2023-1", "23-01", "2023-01-01", ""])
def test_what_is_not_a_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="YYYY-MM"):
        Period.parse(text)


def test_a_year_is_a_period_too() -> None:
    year = Period.parse("2018")
    assert (year.start, year.end, str(year)) == (datetime(2018, 1, 1), datetime(2019, 1, 1), "2018")  # noqa: DTZ001
    assert as_period("2018") == year
    assert as_period("cleveland") == "cleveland"


@pytest.mark.parametrize(("text", "may"), [("hungarian", True), ("va-2", True), ("../x", False), ("a/b", False), ("", False)])
def test_a_parts_name_may_stand_in_a_file_name(text: str, *, may: bool) -> None:
    assert is_part_label(text) is may
