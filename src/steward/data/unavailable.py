"""Which failures mean: this source has nothing to give, try the next one?"""

from steward.core.errors import EnvironmentFault


class NotPublished(EnvironmentFault):
    """The source is there and does not have the file, or not for us."""


class Unreachable(EnvironmentFault):
    """No server answered: no network, a wrong address, or a proxy in between."""
