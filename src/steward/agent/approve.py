"""May this approval be given, here and now, by this person, for exactly this action?

The action is frozen when it is asked for and known by its hash, so that what was shown is what will run. An approval
ends when it expires, when somebody decides, or when the facts it was asked with have changed.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from steward.core.digest import digest_json
from steward.core.errors import Fault, Refused

ApprovalStatus = Literal["pending", "approved", "rejected", "superseded", "expired"]


@dataclass(frozen=True, slots=True)
class FrozenAction:
    """What is asked for.

    `kind` of action, `model`, the `champion` version it was asked about, the `periods` to train on and the
    `overrides` of the project file (``key=value``) that the rows were watched with.
    `severity` is None where it was not a number; `requested_at` and `expires_at` are ISO 8601 with an offset. The fields
    are JSON values, and `FrozenAction(**fields)` reads them back (with `periods` and `overrides` as tuples).
    """

    kind: str
    model: str
    champion: int
    periods: tuple[str, ...]
    overrides: tuple[str, ...]
    severity: float | None
    reason: str
    requested_by: str
    requested_at: str
    expires_at: str

    def __post_init__(self) -> None:
        if _time(self.requested_at) >= _time(self.expires_at):
            raise ValueError(f"an action expires after it is asked for: {self.requested_at} >= {self.expires_at}")

    @property
    def digest(self) -> str:
        """SHA-256 of every field."""
        return digest_json(asdict(self))


@dataclass(frozen=True, slots=True)
class Approval:
    """A question about one action and what became of it; `digest` is the action's hash as it was shown."""

    id: str
    incident: str
    action: FrozenAction
    digest: str
    status: ApprovalStatus
    decided_by: str | None
    decided_at: str | None
    reason: str | None


def refuse_unless_valid(approval: Approval, *, by: str, now: datetime, champion_now: int | None) -> None:
    """Refuse an approval that must not be given.

    Args:
        approval: as stored.
        by: who approves.
        now: an aware time.
        champion_now: version that is champion at this moment; None where there is none.

    Raises:
        Refused: it was decided before (AGENT-001), its action is not the one that was shown (AGENT-002), it expired
            (AGENT-003), the champion changed since (AGENT-004), or asker and approver are one or nobody (AGENT-005).
    """
    checks = (_decided(approval), _changed(approval), _expired(approval, now), _stale(approval, champion_now), _own(approval, by))
    faults = [fault for fault in checks if fault is not None]
    if faults:
        raise Refused(*faults)


def is_expired(approval: Approval, now: datetime) -> bool:
    """Tell whether the time in which an approval may be given is over."""
    return now >= _time(approval.action.expires_at)


def _decided(approval: Approval) -> Fault | None:
    if approval.status == "pending":
        return None
    who = f"by {approval.decided_by} at {approval.decided_at}" if approval.decided_by else ""
    return Fault("AGENT-001", f"approval {approval.id} is {approval.status}, not pending", why=who, fix="see  steward status")


def _changed(approval: Approval) -> Fault | None:
    if approval.digest == approval.action.digest:
        return None
    why = f"its hash is {approval.action.digest[:12]}, the one shown was {approval.digest[:12]}"
    fix = "reject it, and check who can write to the database:  steward audit verify"
    return Fault("AGENT-002", f"the action of approval {approval.id} is not the one that was shown", why=why, fix=fix)


def _expired(approval: Approval, now: datetime) -> Fault | None:
    if not is_expired(approval, now):
        return None
    what = f"approval {approval.id} expired at {approval.action.expires_at}"
    return Fault(
        "AGENT-003", what, why="the facts it was asked with are old", fix="watch the newest data again; an alarm asks anew"
    )


def _stale(approval: Approval, champion_now: int | None) -> Fault | None:
    asked = approval.action.champion
    if champion_now == asked:
        return None
    now = "there is no champion now" if champion_now is None else f"champion is v{champion_now} now"
    fix = "watch the newest data with the champion of now; an alarm asks anew"
    return Fault("AGENT-004", f"approval {approval.id} was asked about v{asked}; {now}", fix=fix)


def _own(approval: Approval, by: str) -> Fault | None:
    if _person(by) and _person(by) != _person(approval.action.requested_by):
        return None
    what = f"{by or 'nobody'} cannot approve what {approval.action.requested_by} asked for"
    return Fault("AGENT-005", what, why="asker and approver must be two", fix="have another person approve it")


def _person(name: str) -> str:
    return " ".join(name.split()).casefold()


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    return time
