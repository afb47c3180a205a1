"""May this version become champion, and did it?

Evidence first: the version's own verdict must have passed, and against the champion of today. Then one
compare-and-swap decides between two who promote at once.
"""

from collections.abc import Mapping

from steward.core.errors import Fault, Refused
from steward.deploy.sequential import Looked
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


def promote_by_contest(registry: Registry, version: Version, against: int, looked: Looked, *, actor: str, reason: str) -> Champion:
    """Make `version` the champion because it answered better than champion `against` beside it.

    What its gate said of the gain is no longer asked; what its guards said is.

    Raises:
        Refused: it already is champion, GATE-013 the champion is another one by now, GATE-014 it was not better for sure,
            GATE-015 a guard of its gate is in the way; GATE-003 somebody else was first.
    """
    current = registry.champion(version.model)
    if current is not None and current.number == version.number:
        raise Refused(_already(version, current))
    if current is None or current.number != against:
        what = f"{version} was compared with v{against}, but the champion is now {_name(current.number if current else None)}"
        fix = f"let it challenge the champion of today:  steward challenge {version.model} --version {version.number} --shadow"
        raise Refused(Fault("GATE-013", what, fix=fix))
    if looked.word != "better":
        fix = f"wait for more outcomes, or end it:  steward challenge {version.model} --stop"
        raise Refused(Fault("GATE-014", f"{version} was not better for sure", why=looked_at(looked), fix=fix))
    _refuse_by_guards(version)
    return registry.swap_champion(Promotion(version.model, version.number, against, actor, f"{reason}: {looked_at(looked)}"))


def looked_at(looked: Looked) -> str:
    """Return in words what a look at a challenge saw."""
    if looked.word == "too few":
        return f"too few outcomes: {looked.units:,}"
    return f"{looked.word}: loss lower by {looked.gain:.4g} ({looked.low:.4g} to {looked.high:.4g}) over {looked.units:,} outcomes"


def _refuse_by_guards(version: Version) -> None:
    verdict = version.facts.get("verdict")
    checks = verdict.get("checks", ()) if isinstance(verdict, Mapping) else ()
    failed = [check for check in checks if check["name"] != "gain" and not check["passed"]]
    if failed:
        why = "; ".join(f"{check['name']}: {check['sentence']}" for check in failed)
        fix = "train a better candidate; the guards are in project.yaml under `gate`"
        raise Refused(Fault("GATE-015", f"a guard of its gate is in the way of {version}", why=why, fix=fix))


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
