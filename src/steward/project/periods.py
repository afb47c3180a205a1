"""May this text name a period of this project?"""

from steward.core.errors import Fault, UsageError
from steward.core.period import Period, is_part_label
from steward.project.read import Project


def refuse_odd_period(project: Project, label: str) -> None:
    """Refuse what cannot name a period: rows with a time come in months and years, others in named parts.

    Raises:
        UsageError: WATCH-002 it cannot.
    """
    if project.spec.time is not None and not Period.is_label(label):
        what = f"{label!r} is neither a month nor a year"
        raise UsageError(Fault("WATCH-002", what, ("--period",), fix="write YYYY-MM or YYYY, for example  --period 2024-01"))
    if not is_part_label(label):
        what = f"{label!r} cannot name a part of the data"
        raise UsageError(Fault("WATCH-002", what, ("--period",), fix="name one as the files do, for example  --period hungarian"))
