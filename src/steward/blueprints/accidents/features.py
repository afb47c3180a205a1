"""What is known of a road user and an accident when the call comes in?

One function a column: its name is the column, its parameters are the columns it reads.
"""

from steward.features.column import Column, choose, clock_time, recode, whole_number

_CENTURY = 2000
_NEW_CODES = 2019  # from then on departments have their own numbers, not ten times them
_LAST_PLAIN_CODE = 200  # Corsica's two, and those overseas, are the same in both


def full_year(year: Column) -> Column:
    """Year with four digits; the official tables have two until 2018."""
    return choose(year < 100, year + _CENTURY, year)  # noqa: PLR2004 - two digits


def accident_hour(hour: Column, clock: Column) -> Column:
    """Hour, 0 to 23, from its own column or from 1445 and 14:45."""
    return choose(hour.is_null(), whole_number(clock.str.replace_all(":", "")) // 100, hour)


def accident_minute(minute: Column, clock: Column) -> Column:
    """Minute, 0 to 59, from its own column or from 1445 and 14:45."""
    return choose(minute.is_null(), whole_number(clock.str.replace_all(":", "")) % 100, minute)


def accident_at(full_year: Column, month: Column, day: Column, accident_hour: Column, accident_minute: Column) -> Column:
    """Local time of the accident; null where the parts make no date."""
    return clock_time(full_year, month, day, accident_hour, accident_minute)


def hour_of_day(accident_hour: Column, accident_minute: Column) -> Column:
    """Local time in decimal hours, 0 up to 24."""
    return accident_hour + accident_minute * (1 / 60)


def weekday(accident_at: Column) -> Column:
    """Weekday, 0 for Sunday to 6 for Saturday."""
    return accident_at.dt.weekday() % 7


def month_of_year(month: Column) -> Column:
    """Month, 1 to 12."""
    return month * 1


def age(full_year: Column, birth_year: Column) -> Column:
    """Years from the year of birth to that of the accident; null where the former is unknown."""
    return full_year - birth_year


def department_number(full_year: Column, department: Column) -> Column:
    """Number of the department as it was published until 2018: 590 is Nord, 201 and 202 are Corsica, 971 is Guadeloupe."""
    corsica = department.str.replace_all("2A", "201").str.replace_all("2B", "202")
    number = whole_number(corsica)
    ready = (full_year < _NEW_CODES) | (number > _LAST_PLAIN_CODE)
    return choose(ready, number, number * 10)


def severity(injury: Column) -> Column:
    """The target: `unhurt_or_slight`, `hospitalised` or `killed`."""
    return recode(injury, {1: "unhurt_or_slight", 2: "killed", 3: "hospitalised", 4: "unhurt_or_slight"})
