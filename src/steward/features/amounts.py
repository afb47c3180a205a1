"""What do amounts say together: a speed, a price by distance, a share, a class of distances?"""

from collections.abc import Sequence

from steward.features.engine import Column, category, choose, only_where

KM_PER_MILE = 1.609344


def speed_kmh(km: Column, minutes: Column) -> Column:
    """Return the mean speed in km/h; null where the time is not positive.

    Where the time is what a model predicts, its speed is known only with the answer: the leak guard refuses it.
    """
    return only_where(minutes > 0, ratio(km * 60.0, minutes))


def price_per_mile(price: Column, miles: Column) -> Column:
    """Return the price of a mile, in the price's unit; null where the distance is not positive."""
    return only_where(miles > 0, ratio(price, miles))


def ratio(numerator: Column, denominator: Column, *, at_zero: float | None = None) -> Column:
    """Return one number divided by another; `at_zero`, null by default, where the second is 0; null where one is null."""
    value = choose(denominator == 0, at_zero, numerator / denominator)
    return value if at_zero is None else only_where(~numerator.is_null(), value)


def log1p(column: Column) -> Column:
    """Return the natural logarithm of 1 + x, which keeps 0 at 0 and draws long tails in; null where x is -1 or less."""
    return only_where(column > -1, (column + 1.0).log())


def distance_category(
    distance: Column, edges: Sequence[float] = (2.0, 5.0, 15.0), words: Sequence[str] = ("short", "medium", "long", "far")
) -> Column:
    """Return the class of a distance, in the unit of the edges; a distance on an edge is of the class above.

    Raises:
        ValueError: as `category`.
    """
    return category(distance, edges, words)
