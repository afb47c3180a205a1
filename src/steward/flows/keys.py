"""Who may ask this workspace's servers? Keys are made, replaced and taken back; all of it is in the journal."""

from datetime import timedelta

from steward.flows.ports import Ports
from steward.serving.keys import PER_MINUTE, Issued, Key, find_key, issue, rotate


def create_key(name: str, role: str, ports: Ports, *, lifetime: timedelta | None = None, per_minute: int = PER_MINUTE) -> Issued:
    """Make a key; its secret is in what is returned, and nowhere else."""
    issued = issue(name, role, by=ports.actor, now=ports.clock.now(), lifetime=lifetime, per_minute=per_minute)
    ports.keys.add(issued.key, replaces=None, actor=ports.actor)
    return issued


def rotate_key(named: str, ports: Ports, *, overlap: timedelta) -> tuple[Issued, Key]:
    """Make the key that follows another one, and return it with that one, which ends with the overlap.

    Raises:
        UsageError: AUTH-010 there is no such key, AUTH-011 several are called so.
        Refused: AUTH-014 it has ended, AUTH-015 somebody else was first.
    """
    now = ports.clock.now()
    following, older = rotate(find_key(named, ports.keys.all(), now), by=ports.actor, now=now, overlap=overlap)
    ports.keys.add(following.key, replaces=older, actor=ports.actor)
    return following, older


def revoke_key(named: str, reason: str, ports: Ports) -> Key:
    """Take a key back; running servers refuse it within a second or two.

    Raises:
        UsageError: AUTH-010 there is no such key, AUTH-011 several are called so.
    """
    now = ports.clock.now()
    return ports.keys.revoke(find_key(named, ports.keys.all(), now).prefix, now, reason, actor=ports.actor)
