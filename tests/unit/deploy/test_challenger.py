"""Which version is shown as challenger."""

from typing import Any

import pytest

from steward.deploy.challenger import challenger
from steward.registry.versions import Champion, Version

PASSED = {"passed": True, "high": 0.2}
CANNOT_TELL = {"passed": False, "high": 0.01}
WORSE = {"passed": False, "high": -0.02}
NO_GAIN = {"passed": False, "high": 0.0}
SLICE = {"passed": False, "high": 0.2, "checks": [{"name": "gain", "passed": True}, {"name": "slices", "passed": False}]}
UNSURE = {"passed": False, "high": 0.2, "checks": [{"name": "gain", "passed": False}, {"name": "slices", "passed": True}]}


def version(number: int, verdict: object, *, was_champion: bool = False) -> Version:
    facts: dict[str, Any] = {"verdict": verdict, "was_champion": was_champion}
    return Version("trips", number, f"run{number}", "digest", {}, facts, "2026-01-01T00:00:00+00:00")


def champion(number: int) -> Champion:
    return Champion("trips", number, "2026-01-01T00:00:00+00:00", "me", 1)


FIRST = version(1, PASSED, was_champion=True)


@pytest.mark.parametrize(
    ("versions", "pointer", "expected"),
    [
        ([], None, None),
        ([version(1, CANNOT_TELL)], None, 1),
        ([FIRST], champion(1), None),
        ([FIRST, version(2, PASSED)], champion(1), 2),
        ([FIRST, version(2, CANNOT_TELL), version(3, WORSE)], champion(1), 2),
        ([FIRST, version(2, NO_GAIN)], champion(1), None),
        ([FIRST, version(2, SLICE)], champion(1), None),
        ([FIRST, version(2, UNSURE), version(3, UNSURE)], champion(1), 3),
        # an older version that waited is overtaken by the champion; one that was rolled back is no challenger
        ([FIRST, version(2, CANNOT_TELL), version(3, PASSED, was_champion=True)], champion(3), None),
        ([FIRST, version(2, PASSED, was_champion=True)], champion(1), None),
        ([version(1, None)], None, 1),
    ],
)
def test_the_challenger_is_the_newest_that_was_not_found_worse(
    versions: list[Version], pointer: Champion | None, expected: int | None
) -> None:
    found = challenger(versions, pointer)
    assert (found.number if found else None) == expected
