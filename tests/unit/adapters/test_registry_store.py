"""Versions, the pointer, and two who promote at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from steward.adapters.sql.database import Database
from steward.adapters.sql.journal import SqlJournal
from steward.adapters.sql.registry import SqlRegistry
from steward.core.errors import Refused, UsageError
from steward.deploy.promote import promote, roll_back
from steward.registry.versions import Draft, Promotion, Version
from steward.testing.clock import FrozenClock

PASSED = {"verdict": {"passed": True, "reason": "better"}}


@pytest.fixture
def registry(database: Database) -> SqlRegistry:
    return SqlRegistry(database, FrozenClock())


def draft(key: str, **facts: object) -> Draft:
    return Draft("taxi", key, "run1", f"digest-{key}", {"model.txt": "00"}, {**PASSED, "judged_against": None, **facts})


def register(registry: SqlRegistry, key: str, **facts: object) -> Version:
    return registry.register(draft(key, **facts), actor="me")


def test_registering_the_same_bundle_twice_is_one_version(registry: SqlRegistry) -> None:
    assert register(registry, "a") == register(registry, "a")
    assert [version.number for version in registry.versions("taxi")] == [1]


def test_numbers_count_up_per_model(registry: SqlRegistry) -> None:
    assert [register(registry, key).number for key in "abc"] == [1, 2, 3]


def test_an_unknown_version_says_which_ones_there_are(registry: SqlRegistry) -> None:
    register(registry, "a")
    with pytest.raises(UsageError, match="known: v1"):
        registry.version("taxi", 7)


def test_the_first_promotion_sets_the_pointer(registry: SqlRegistry) -> None:
    champion = promote(registry, register(registry, "a"), actor="me", reason="test")
    assert (champion.number, champion.sequence) == (1, 1)
    assert registry.champion("taxi") == champion


def test_without_evidence_there_is_no_promotion(registry: SqlRegistry) -> None:
    failed = register(registry, "a", verdict={"passed": False, "reason": "worse by 3 %"})
    with pytest.raises(Refused, match="worse by 3 %"):
        promote(registry, failed, actor="me", reason="test")
    assert registry.champion("taxi") is None


def test_evidence_against_another_champion_does_not_count(registry: SqlRegistry) -> None:
    first, second = register(registry, "a"), register(registry, "b")
    promote(registry, first, actor="me", reason="test")
    with pytest.raises(Refused, match="GATE-002"):
        promote(registry, second, actor="you", reason="test")


def test_promoting_the_champion_again_says_who_did_it(registry: SqlRegistry) -> None:
    version = register(registry, "a")
    promote(registry, version, actor="first@host", reason="test")
    with pytest.raises(Refused, match="first@host"):
        promote(registry, version, actor="second@host", reason="test")


def test_one_of_many_who_promote_at_once_wins(database: Database) -> None:
    registry = SqlRegistry(database, FrozenClock())
    for key in "abcdefgh":
        register(registry, key)

    told: list[str] = []

    def try_it(number: int) -> bool:
        try:
            registry.swap_champion(Promotion("taxi", number, None, f"actor {number}", "race"))
        except Refused as error:
            told.append(str(error))
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(try_it, range(1, 9)))
    assert won.count(True) == 1
    assert all(f"actor {won.index(True) + 1} promoted it" in text for text in told)
    promoted = [e for e in SqlJournal(database, FrozenClock()).entries() if e.kind == "champion.promoted"]
    assert [entry.subject for entry in promoted] == [f"taxi v{won.index(True) + 1}"]


def test_rolling_back_needs_a_former_champion(registry: SqlRegistry) -> None:
    first = register(registry, "a")
    promote(registry, first, actor="me", reason="test")
    second = register(registry, "b", judged_against=1)
    promote(registry, second, actor="me", reason="test")
    never = register(registry, "c")
    with pytest.raises(Refused, match="never champion"):
        roll_back(registry, never, actor="me", reason="test")
    back = roll_back(registry, registry.version("taxi", 1), actor="me", reason="test")
    assert (back.number, back.sequence) == (1, 3)


def test_facts_can_be_added_later(registry: SqlRegistry) -> None:
    register(registry, "a")
    registry.note("taxi", 1, {"mlflow_run": "abc"})
    assert registry.version("taxi", 1).facts["mlflow_run"] == "abc"
    assert registry.version("taxi", 1).facts["verdict"] == PASSED["verdict"]
