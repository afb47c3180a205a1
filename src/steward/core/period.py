"""Which calendar month do rows belong to?

Periods are wall-clock months of the data's own zone: taxi meters write local time without a zone,
so both ends are naive on purpose and compare with such a column only.
"""

import re
from dataclasses import dataclass
from datetime import datetime

_LABEL = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One calendar month, written ``YYYY-MM``; half-open, ``start <= t < end``."""

    year: int
    month: int

    @classmethod
    def parse(cls, label: str) -> "Period":
        """Read ``YYYY-MM``.

        Raises:
            ValueError: the text is not a month.

        >>> Period.parse("2023-01").end
        datetime.datetime(2023, 2, 1, 0, 0)
        """
        match = _LABEL.fullmatch(label)
        if match is None:
            raise ValueError(f"{label!r} is not a month; write YYYY-MM, for example 2023-01")
        return cls(int(match[1]), int(match[2]))

    @staticmethod
    def is_label(text: str) -> bool:
        """Tell whether a text is a month, ``YYYY-MM``."""
        return _LABEL.fullmatch(text) is not None

    @property
    def start(self) -> datetime:
        """First instant of the month, local wall clock."""
        return datetime(self.year, self.month, 1)  # noqa: DTZ001 - wall clock of the data's zone, see the module

    @property
    def end(self) -> datetime:
        """First instant of the next month, local wall clock."""
        return self.next().start

    def next(self) -> "Period":
        """Return the month after this one."""
        return Period(self.year + self.month // 12, self.month % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"
