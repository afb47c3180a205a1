"""How is a moment written in a request? As patterns, which every reader of the API's description understands."""

_MONTHS = "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
_FOURTH = "(0[48]|[2468][048]|[13579][26])"
_DAY = f"((000[1-9]|00[1-9][0-9]|0[1-9][0-9]{{2}}|[1-9][0-9]{{3}})-{_MONTHS}|([0-9]{{2}}{_FOURTH}|{_FOURTH}00)-02-29)"
_DAY_OF_OURS = f"([12][0-9]{{3}}-{_MONTHS}|([12][0-9]{_FOURTH}|(12|16|20|24|28)00)-02-29)"
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,6})?)?"
_ZONE = "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"

WALL_CLOCK = f"^{_DAY}[T ]{_TIME}$"
"""A day that exists and a time of it, without a zone: ``2024-02-29T08:15``."""

MOMENT = f"^{_DAY_OF_OURS}[T ]{_TIME}{_ZONE}$"
"""The same with a zone, from the year 1000 to 2999, so that it can be told in any other zone: ``2024-02-29T08:15:00Z``."""
