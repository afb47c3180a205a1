import hashlib
import math
from dataclasses import asdict, replace
from datetime import timedelta
from time import perf_counter_ns

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.core.errors import Refused, UsageError
from steward.serving.keys import ROLES, Issued, Key, Role, allows, find_key, issue, prefix_of, rotate, verify
from steward.testing import FrozenClock

NOW = FrozenClock().now()
DAY = timedelta(days=1)


def issued(name: str = "billing", role: str = "predictor", days: float | None = None) -> Issued:
    return issue(name, role, by="me", now=NOW, lifetime=None if days is None else days * DAY)


def ring(*made: Issued) -> dict[str, Key]:
    return {one.key.prefix: one.key for one in made}


def test_a_secret_holds_256_random_bits_and_only_its_hash_is_kept() -> None:
    first, second = issued(), issued()
    mark, prefix, rest = first.secret.split("_", 2)
    assert (mark, prefix) == ("stw", first.key.prefix)
    assert len(rest) == 43  # 32 bytes in base64, without padding
    assert first.key.digest == hashlib.sha256(first.secret.encode()).hexdigest()
    assert rest not in repr(asdict(first.key))
    assert first.secret != second.secret
    assert first.key.prefix != second.key.prefix


def test_a_secret_opens_until_it_expires_and_not_a_moment_longer() -> None:
    made = issued(days=30)
    assert verify(made.secret, ring(made), NOW) == made.key
    assert verify(made.secret, ring(made), NOW + 30 * DAY - timedelta(microseconds=1)) == made.key
    assert verify(made.secret, ring(made), NOW + 30 * DAY) is None
    assert issued().key.expires_at is None


def test_a_revoked_key_opens_nothing() -> None:
    made = issued()
    revoked = replace(made.key, revoked_at=NOW)
    assert revoked.status(NOW) == "revoked"
    assert verify(made.secret, {revoked.prefix: revoked}, NOW) is None


@pytest.mark.parametrize("change", [lambda s: s[:-1], lambda s: s + "a", lambda s: s[4:], lambda s: s.upper(), lambda s: f" {s}"])
def test_a_changed_secret_opens_nothing(change: object) -> None:
    made = issued()
    assert verify(change(made.secret), ring(made), NOW) is None  # type: ignore[operator]


@given(st.text(max_size=300))
def test_no_text_opens_anything_or_breaks(text: str) -> None:
    made = issued()
    assert verify(text, ring(made), NOW) is None
    assert verify(f"stw_{made.key.prefix}_{text}", ring(made), NOW) is None


def test_a_role_may_do_what_those_before_it_may() -> None:
    assert ROLES == ("viewer", "predictor", "operator", "approver", "admin")
    allowed = {(role, needed) for role in ROLES for needed in ROLES if allows(role, needed)}
    assert len(allowed) == 5 + 4 + 3 + 2 + 1
    assert allowed >= {("admin", "viewer"), ("predictor", "predictor"), ("operator", "predictor")}
    assert not allowed & {("viewer", "predictor"), ("operator", "approver"), ("approver", "admin")}


def test_a_rotated_key_and_the_older_one_both_open_while_they_overlap() -> None:
    older = issued(days=30)
    following, ending = rotate(older.key, by="me", now=NOW + 10 * DAY, overlap=DAY)
    both = {ending.prefix: ending, **ring(following)}
    assert (following.key.name, following.key.role) == ("billing", "predictor")
    assert following.key.expires_at == NOW + 40 * DAY
    assert verify(older.secret, both, NOW + 10.5 * DAY) == ending
    assert verify(following.secret, both, NOW + 10.5 * DAY) == following.key
    assert verify(older.secret, both, NOW + 11 * DAY) is None
    assert verify(following.secret, both, NOW + 11 * DAY) == following.key


def test_an_overlap_never_makes_a_key_last_longer() -> None:
    older = issued(days=3)
    _, ending = rotate(older.key, by="me", now=NOW + 2 * DAY, overlap=7 * DAY)
    assert ending.expires_at == NOW + 3 * DAY


@pytest.mark.parametrize("ended", [replace(issued().key, revoked_at=NOW), issued(days=1).key])
def test_what_ended_has_no_successor(ended: Key) -> None:
    with pytest.raises(Refused, match="AUTH-014"):
        rotate(ended, by="me", now=NOW + DAY, overlap=DAY)


@pytest.mark.parametrize(("name", "role", "code"), [("x", "root", "AUTH-012"), ("x", "Admin", "AUTH-012")])
def test_a_role_that_is_none_is_refused_with_those_there_are(name: str, role: str, code: str) -> None:
    with pytest.raises(UsageError, match=code):
        issue(name, role, by="me", now=NOW)


@pytest.mark.parametrize("name", ["", " x", "a\nb", "x" * 65, "\x1b[31m"])
def test_a_name_nobody_could_read_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="AUTH-013"):
        issue(name, "viewer", by="me", now=NOW)


def test_a_key_is_found_by_prefix_by_secret_or_by_a_name_only_one_has() -> None:
    one, two, three = issued("one"), issued("two"), issued("two")
    gone = replace(issued("one").key, revoked_at=NOW)
    keys = [one.key, two.key, three.key, gone]
    assert find_key(one.secret, keys, NOW) == one.key
    assert find_key(one.key.prefix, keys, NOW) == one.key
    assert find_key("one", keys, NOW) == one.key
    assert find_key(gone.prefix, keys, NOW) == gone
    with pytest.raises(UsageError, match=f"(?s)AUTH-011.*{three.key.prefix}"):
        find_key("two", keys, NOW)


def test_a_key_that_is_not_there_is_not_repeated_in_the_error() -> None:
    secret = issued().secret
    with pytest.raises(UsageError, match="AUTH-010") as error:
        find_key(secret, [], NOW)
    assert prefix_of(secret) not in str(error.value)


def _welch_t(first: list[int], second: list[int]) -> float:
    def moments(values: list[int]) -> tuple[float, float]:
        mean = sum(values) / len(values)
        return mean, sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values)

    (mean_1, var_1), (mean_2, var_2) = moments(first), moments(second)
    return (mean_1 - mean_2) / math.sqrt(var_1 + var_2)


@pytest.mark.campaign
def test_the_time_an_answer_takes_tells_nothing_of_the_secret() -> None:
    # CATALOGUE A2: a secret whose hash differs at its first byte against one that differs at its last, 2 x 50,000.
    made = issued()
    wrong = [f"stw_{made.key.prefix}_{number}" for number in range(4000)]
    same = hashlib.sha256
    near = max(wrong, key=lambda text: _shared(same(text.encode()).hexdigest(), made.key.digest))
    far = min(wrong, key=lambda text: _shared(same(text.encode()).hexdigest(), made.key.digest))
    keys = ring(made)
    times: dict[str, list[int]] = {near: [], far: []}
    for number in range(100_000):
        text = (near, far)[number % 2]
        began = perf_counter_ns()
        verify(text, keys, NOW)
        times[text].append(perf_counter_ns() - began)
    cut = sorted(times[near] + times[far])[95_000]  # what the machine did in between is no news of the secret
    assert abs(_welch_t(*([t for t in times[text] if t < cut] for text in (near, far)))) < 4.5


def _shared(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b), len(one))


def test_roles_are_words_and_nothing_else() -> None:
    admin: Role = "admin"
    assert issued(role=admin).key.role == "admin"
