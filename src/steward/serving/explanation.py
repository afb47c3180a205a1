"""What moved an answer, and by how much? Shares of the way from the usual answer to this one (SHAP values)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moved:
    """A feature, its value in the row (None where missing, codes as numbers), and what it adds to the answer."""

    feature: str
    value: float | None
    contribution: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """`base` is the usual answer and `total` this one, both on `scale`: `base` and all contributions sum to `total`.

    `scale` is the target's unit, `probability` or `log-odds`; `about` the class meant, empty for a quantity; `moved` has the
    strongest first.
    """

    about: str
    scale: str
    base: float
    total: float
    moved: tuple[Moved, ...]


Explain = Callable[[Mapping[str, object]], Explanation]
"""Explains the answer to one row as it was read: raw request columns by name, times as naive datetimes."""
