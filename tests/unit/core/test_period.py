from datetime import datetime

import pytest

from steward.core.period import Period


def test_a_month_ends_where_the_next_begins() -> None:
    december = Period.parse("2023-12")
    assert (december.start, december.end) == (datetime(2023, 12, 1), datetime(2024, 1, 1))  # noqa: DTZ001
    assert str(december.next()) == "2024-01"


@pytest.mark.parametrize("text", ["2023", "2023-13", "2023-1", "23-01", "2023-01-01", ""])
def test_what_is_not_a_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="YYYY-MM"):
        Period.parse(text)
