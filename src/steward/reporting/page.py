"""What do all pages share: how figures and times are written, where rows come from, and the look of a page?"""

from base64 import b64encode
from datetime import UTC, datetime
from functools import cache
from math import isfinite

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from steward.core.tasks import higher_is_better

ORIGINS = {
    "folder": "real rows, from files in a folder",
    "url": "real rows, fetched from the publisher",
    "simulated": "SIMULATED rows",
    "bent": "BENT rows: something was done to them on purpose",
}

_BIG = 1000


@cache
def page_template(name: str) -> Template:
    """Return a template of the folder beside; every value it is given is escaped, and none may be missing."""
    environment = Environment(
        loader=PackageLoader("steward.reporting"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"figure": figure, "moment": moment, "share": share, "count": count, "inline": _inline}
    environment.tests["higher"] = higher_is_better
    return environment.get_template(name)


def figure(value: float | None) -> str:
    """Return a measured value with four digits, whole from a thousand on; a dash where there is none.

    >>> [figure(value) for value in (5.148693, 0.71, 12345.6, None)]
    ['5.149', '0.7100', '12,346', '-']
    """
    if value is None or not isfinite(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= _BIG else f"{value:#.4g}".rstrip(".")


def moment(text: str) -> str:
    """Return an ISO time as people read it, in UTC; anything else as it is.

    >>> moment("2026-11-21T06:02:06.466472+00:00")
    '2026-11-21 06:02 UTC'
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if at.tzinfo else at.strftime("%Y-%m-%d %H:%M")


def share(value: float) -> str:
    """Return a share of 1 in percent."""
    return f"{value:.1%}"


def count(value: int) -> str:
    """Return a whole number in groups of three digits."""
    return f"{value:,}"


def _inline(png: bytes) -> str:
    return f"data:image/png;base64,{b64encode(png).decode()}"
