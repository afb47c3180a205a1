"""Which stretch of the data do rows belong to: a calendar month, a year, or a part with a name of its own?

Calendar periods are wall-clock time of the data's own zone: taxi meters write local time without a
zone, so both ends are naive on purpose and compare with such a column only. Data without time comes in
named parts (a hospital, a survey); these are labels and nothing more.
"""

import re
from dataclasses import dataclass
from datetime import datetime

_CALENDAR = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2]))?")
_LABEL = re.compile(r"(?!\d{4}-)[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One calendar month, written ``YYYY-MM``, or year, ``YYYY`` (month 0); half-open, ``start <= t < end``."""

    year: int
    month: int = 0

    @classmethod
    def parse(cls, label: str) -> "Period":
        """Read ``YYYY-MM`` or ``YYYY``.

        Raises:
            ValueError: the text is neither a month nor a year.

        >>> Period.parse("2023-01").end
        datetime.datetime(2023, 2, 1, 0, 0)
        >>> Period.parse("2018").end
        datetime.datetime(2019, 1, 1, 0, 0)
        """
        match = _CALENDAR.fullmatch(label)
        if match is None:
            raise ValueError(f"{label!r} is neither a month nor a year; write YYYY-MM or YYYY, for example 2023-01")
        return cls(int(match[1]), int(match[2] or 0))

    @staticmethod
    def is_label(text: str) -> bool:
        """Tell whether a text is a calendar month or year."""
        return _CALENDAR.fullmatch(text) is not None

    @property
    def start(self) -> datetime:
        """First instant, local wall clock."""
        return datetime(self.year, self.month or 1, 1)  # noqa: DTZ001 - wall clock of the data's zone, see the module

    @property
    def end(self) -> datetime:
        """First instant of the next period, local wall clock."""
        return self.next().start

    def next(self) -> "Period":
        """Return the month after this month, or the year after this year."""
        if not self.month:
            return Period(self.year + 1)
        return Period(self.year + self.month // 12, self.month % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}" if self.month else f"{self.year:04d}"


def is_part_label(text: str) -> bool:
    """Tell whether a text may name a part of the data: letters, digits, and _ . - inside; it becomes part of file names.

    What begins like a month and is none is a slip of the pen.
    """
    return Period.is_label(text) or _LABEL.fullmatch(text) is not None


def as_period(label: str) -> Period | str:
    """Return a label as a calendar period where it is one, else as the name it is."""
    return Period.parse(label) if Period.is_label(label) else label
