"""Which version stands next in line behind the champion?"""

from collections.abc import Mapping, Sequence

from steward.registry.versions import Champion, Version


def challenger(versions: Sequence[Version], champion: Champion | None) -> Version | None:
    """Return the version that trackers show as challenger, None where there is none.

    It is the newest version that is newer than the champion, was never champion itself, and was not found worse by its
    gate: one that passed and waits for its promotion, or of whose gain the gate could not tell.

    Args:
        versions: all of a model, by number.
        champion: the pointer of now.
    """
    floor = champion.number if champion else 0
    waiting = (version for version in reversed(versions) if version.number > floor)
    return next((version for version in waiting if not version.facts.get("was_champion") and not _is_worse(version)), None)


def _is_worse(version: Version) -> bool:
    """Tell whether even the upper bound of the gain is none, or a guard refused: for a slice, calibration, a budget."""
    verdict = version.facts.get("verdict")
    if not isinstance(verdict, Mapping) or verdict.get("passed"):
        return False
    guards = [check for check in verdict.get("checks", ()) if check["name"] != "gain"]
    high = verdict.get("high")
    return not all(check["passed"] for check in guards) or (isinstance(high, int | float) and high <= 0)
