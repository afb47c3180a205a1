"""May this version become champion, and did it?

Evidence first: the version's own verdict must have passed, and against the champion of today. Then one
compare-and-swap decides between two who promote at once.
"""

from collections.abc import Mapping

from steward.core.errors import Fault, Refused
from steward.registry.versions import Champion, Promotion, Registry, Version


def promote(registry: Registry, version: Version, *, actor: str, reason: str) -> Champion:
    """Make `version` the champion.

    Raises:
        Refused: it already is champion, its gate did not pass or looked at another champion, or
            somebody else was first.
    """
    current = registry.champion(version.model)
    refuse_without_evidence(version, current)
    expected = current.number if current else None
    return registry.swap_champion(Promotion(version.model, version.number, expected, actor, reason))


def roll_back(registry: Registry, version: Version, *, actor: str, reason: str) -> Champion:
    """Make an earlier champion the champion again; it passed its gate when it was promoted first."""
    current = registry.champion(version.model)
    if current is not None and current.number == version.number:
        raise Refused(_already(version, current))
    if not version.facts.get("was_champion"):
        what = f"{version} was never champion, so it cannot be rolled back to"
        raise Refused(Fault("GATE-005", what, fix=f"promote it by evidence:  steward promote {version.model}"))
    expected = current.number if current else None
    return registry.swap_champion(Promotion(version.model, version.number, expected, actor, reason))


def refuse_without_evidence(version: Version, current: Champion | None) -> None:
    """Raise Refused unless the stored verdict passed against the champion of now."""
    if current is not None and current.number == version.number:
        raise Refused(_already(version, current))
    verdict = version.facts.get("verdict")
    if not isinstance(verdict, Mapping) or not verdict.get("passed"):
        because = verdict.get("reason", "") if isinstance(verdict, Mapping) else "it was never judged"
        fix = "train a better candidate; the gate is in project.yaml under `gate`"
        raise Refused(Fault("GATE-001", f"{version} did not pass its gate", why=str(because), fix=fix))
    seen, now = version.facts.get("judged_against"), current.number if current else None
    if seen != now:
        what = f"{version} was judged against {_name(seen)}, but the champion is now {_name(now)}"
        who = f"promoted by {current.actor} at {current.since}" if current else ""
        raise Refused(Fault("GATE-002", what, why=who, fix=f"judge it against the champion of today:  steward run {version.model}"))


def _already(version: Version, current: Champion) -> Fault:
    why = f"promoted by {current.actor} at {current.since}"
    return Fault("GATE-004", f"{version} already is the champion", why=why, fix=f"see  steward status {version.model}")


def _name(number: object) -> str:
    return "no champion" if number is None else f"v{number}"
