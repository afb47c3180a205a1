"""From a prediction's id back to all that led to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from tests.champion_world import World

from steward.agent.approve import Approval, FrozenAction
from steward.core.errors import UsageError
from steward.flows import provenance as provenance_module
from steward.flows.provenance import Promoted, Provenance, promotion_before, provenance
from steward.flows.serve import ChampionFollower
from steward.registry.versions import Version
from steward.serving.history import Outcome, Told
from steward.serving.log import SegmentLog
from steward.serving.service import Service
from steward.testing import FrozenClock, MemoryJournal


def answer(world: World, zone: int = 2) -> str:
    """Let a server's service answer one row, and return the prediction's id."""
    log = SegmentLog(world.ports.workspace.predictions / "trips", "1")
    service = Service(ChampionFollower(world.project, world.ports, "test").load_current(), log, world.ports.clock)
    (given,) = service.predict([{"zone": zone}])
    log.close()
    return given.prediction_id


def origin(world: World, prediction: str) -> Provenance:
    return provenance(world.project, prediction, world.ports)


def test_an_answer_leads_back_to_row_version_run_data_gate_and_promotion(world: World) -> None:
    found = origin(world, answer(world))
    assert (found.given.model, found.given.version, dict(found.given.row)) == ("trips", 1, {"zone": 2})
    version = world.ports.registry.version("trips", 1)
    assert (found.lineage.run, found.lineage.bundle, found.lineage.bundle_state) == (version.run, version.digest, "whole")
    assert {rows.kind for rows in found.lineage.rows} >= {"raw", "clean", "features"}
    assert {rows.state for rows in found.lineage.rows} == {"whole"}
    assert [source.period for source in found.lineage.sources] == ["2023-01", "2023-02"]
    assert found.verdict["passed"] is True
    assert found.promoted is not None
    assert (found.promoted.by, found.approval) == ("tester", None)
    assert found.journal_whole
    assert found.journal_entries >= found.promoted.entry


def test_what_moved_the_answer_adds_up_to_it(world: World) -> None:
    found = origin(world, answer(world, zone=3))
    assert found.why is not None
    assert found.unexplained == ""
    total = found.why.base + sum(one.contribution for one in found.why.moved)
    assert total == pytest.approx(found.given.answer["prediction"])


def test_an_answer_in_bulk_leads_back_the_same_way(world: World) -> None:
    world.score(world.write("rows.csv", [1, 2]), log=True)
    answers = pl.read_csv(world.folder / "out.csv")
    found = origin(world, answers["prediction_id"][1])
    assert dict(found.given.row) == {"zone": 2}
    assert found.given.answer["prediction"] == answers["prediction"][1]
    assert found.promoted is not None
    assert found.why is not None


def test_all_that_was_told_of_an_outcome_is_there_the_last_one_last(world: World) -> None:
    prediction = answer(world)
    assert origin(world, prediction).outcomes == ()
    told = [
        Told(f"{i:032x}", "trips", Outcome(prediction, value, None, "2026-01-01T00:00:00+00:00"), f"2026-01-0{i}T00:00:00+00:00")
        for i, value in ((1, 12.0), (2, 13.0))
    ]
    world.ports.predictions.keep_outcomes(told)
    assert [one.outcome.value for one in origin(world, prediction).outcomes] == [12.0, 13.0]


def test_an_id_that_nobody_gave_is_said_to_be_none(world: World) -> None:
    for unknown in ("0" * 32, "nonsense"):
        with pytest.raises(UsageError, match="SERVE-101"):
            origin(world, unknown)


def test_a_row_that_was_kept_hashed_is_not_explained_but_the_rest_is_there(world: World) -> None:
    log = SegmentLog(world.ports.workspace.predictions / "trips", "hashed", as_kept=lambda _: {"zone": {"hidden": "0" * 32}})
    prediction = "ab" * 16
    at = world.ports.clock.now().isoformat()
    record: dict[str, Any] = {"prediction_id": prediction, "at": at, "model": "trips", "version": 1, "row": {}, "prediction": 1.0}
    log.append([record])
    log.close()
    found = origin(world, prediction)
    assert found.why is None
    assert "hashed or left out" in found.unexplained
    assert found.lineage.version == 1


@contextmanager
def damaged(world: World, name: str) -> Iterator[None]:
    path = world.ports.workspace.bundles / world.ports.registry.version("trips", 1).digest / name
    whole = path.read_bytes()
    path.write_bytes(whole + b" ")
    yield
    path.write_bytes(whole)


def test_a_bundle_that_was_changed_since_shows(world: World) -> None:
    prediction = answer(world)
    with damaged(world, "manifest.json"):
        found = origin(world, prediction)
    assert (found.lineage.bundle_state, found.why) == ("changed", None)
    assert found.unexplained != ""


def version(number: int) -> Version:
    return Version("rides", number, "run", "digest", {}, {}, "2025-01-01T00:00:00+00:00")


def test_the_promotion_that_counts_is_the_last_one_before_the_answer() -> None:
    journal = MemoryJournal(FrozenClock())
    made = [
        journal.append("champion.promoted", f"rides v{number}", {"reason": f"r{number}"}, actor="ann", key=str(key))
        for key, number in enumerate((1, 2, 1))
    ]
    entries = [replace(entry, at=f"2026-01-0{entry.number}T00:00:00+00:00") for entry in made]
    found = promotion_before(entries, version(1), "2026-01-02T12:00:00+00:00")
    assert found == Promoted("2026-01-01T00:00:00+00:00", "ann", "r1", 1)
    again = promotion_before(entries, version(1), "2026-01-03T01:00:00+01:00")
    assert again is not None
    assert again.entry == 3
    assert promotion_before(entries, version(2), "2026-01-01T23:00:00+00:00") is None
    assert promotion_before(entries, version(3), "2026-02-01T00:00:00+00:00") is None


def test_the_approval_is_the_one_whose_action_set_off_the_run() -> None:
    times = {"requested_at": "2026-01-01T00:00:00+00:00", "expires_at": "2026-01-08T00:00:00+00:00"}
    action = FrozenAction("retrain", "rides", 1, ("2024-01",), (), 0.6, "drift", "agent", **times)
    given = Approval("a1", "i1", action, action.digest, "approved", "ann", "2026-01-02T00:00:00+00:00", "fine")
    others = [replace(given, id="a2", incident="i2"), replace(given, id="a3", status="superseded")]
    approval_of = provenance_module._approval
    assert approval_of(f"incident i1, action {action.digest[:8]}", [*others, given]) == given
    assert approval_of("incident i1, action 00000000", [given]) is None
    assert approval_of("command", [given]) is None
    assert approval_of(None, [given]) is None
