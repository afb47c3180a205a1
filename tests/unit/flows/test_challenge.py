"""A version stands beside the champion in a server, is compared with it, and becomes champion where it was better."""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.champion_world import World
from tests.small_project import open_workspace

from steward.core.errors import Refused, UsageError
from steward.flows.challenge import start_challenge, stop_challenge
from steward.flows.challenge_decide import promote_by_challenge
from steward.flows.challenge_results import challenge_results, compare
from steward.flows.forget import forget
from steward.flows.log import open_log, open_shadow_log
from steward.flows.ports import Ports
from steward.flows.run import RunOptions, run
from steward.flows.serve import ChampionFollower
from steward.flows.ship import ship
from steward.project.read import Project
from steward.serving.answer import Answer
from steward.serving.challenge import Seen, new_challenge, place_of
from steward.serving.history import Outcome, Told
from steward.serving.log import read_segments
from steward.serving.service import Service
from steward.testing import FrozenClock

AT = "2026-02-01T00:00:00+00:00"
ROWS = [{"at": f"2023-02-{1 + number // 24:02d}T{number % 24:02d}:00:00", "zone": 1 + number % 3} for number in range(240)]


class Two:
    """A project whose champion is v1, a worse v2 that waits, and a server's service, in a workspace that was made before."""

    def __init__(self, project: Project, ports: Ports) -> None:
        self.project, self.ports = project, ports
        log, self.shadows = open_log(self.project, self.ports, "w"), open_shadow_log(self.project, self.ports, "w")
        self.follower = ChampionFollower(self.project, self.ports, "w")
        current = self.follower.load_current()
        self.service = Service(current, log, self.ports.clock)
        self.follower.follow_challenges(self.service, self.shadows)

    def follow(self) -> None:
        served = self.follower.load_current()
        if served is not None:
            self.service.swap(served)

    def tell(self, truths: Sequence[tuple[str, float]]) -> None:
        outcomes = (Outcome(prediction, value, None, AT) for prediction, value in truths)
        self.ports.predictions.keep_outcomes([Told(f"t{one.prediction}", "trips", one, AT) for one in outcomes])

    def shadow_records(self) -> list[Any]:
        return list(read_segments(self.ports.workspace.shadows / "trips"))

    def journal(self) -> list[str]:
        return [entry.kind for entry in self.ports.journal.entries() if entry.kind.startswith("challenge.")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("two"))
    run(RunOptions(str(world.folder / "trips"), ("candidates=[{kind: mean}]",), promote=False), world.ports)
    return world


@pytest.fixture
def two(made: World, tmp_path: Path) -> Two:
    home = tmp_path / "workspace"
    shutil.copytree(made.folder / "workspace", home)
    return Two(made.project, open_workspace(home, None))


def until(holds: Callable[[], bool]) -> bool:
    return any(holds() or time.sleep(0.05) for _ in range(400))


def test_a_shadow_that_is_better_becomes_champion_and_leaves_no_trace_among_predictions(two: Two) -> None:
    challenge = start_challenge(two.project, two.ports, number=2)
    with pytest.raises(Refused, match="SERVE-121"):
        start_challenge(two.project, two.ports, number=2)
    two.follow()
    answers = two.service.predict(ROWS)
    assert {(one.version, one.arm) for one in answers} == {(1, "champion")}
    assert until(lambda: len(two.shadow_records()) == len(ROWS))
    ship("trips", two.ports)
    assert len(two.ports.predictions.predictions("trips", limit=999)) == len(ROWS)
    with pytest.raises(Refused, match=r"(?s)GATE-014.*too few"):
        promote_by_challenge(two.project, None, "it won", two.ports)
    two.tell([(one["prediction_id"], one["prediction"] + place % 2) for place, one in enumerate(two.shadow_records())])
    found = challenge_results(two.project, two.ports)
    assert [(one.arm, one.version, one.answers, one.outcomes) for one in found.arms] == [
        ("champion", 1, 240, 240),
        ("challenger", 2, 240, 240),
    ]
    assert (found.metric, found.arms[1].loss, found.looked.word) == ("rmse", 0.5, "better")  # the mean of 0 and 1, squared
    with pytest.raises(Refused, match="GATE-016"):
        promote_by_challenge(two.project, 7, "it won", two.ports)
    assert promote_by_challenge(two.project, 2, "it won", two.ports).number == 2
    assert two.journal() == ["challenge.started", "challenge.decided"]
    two.follow()
    assert (two.service.predict(ROWS[:1])[0].version, two.service.challenger) == (2, None)

    gone = answers[0].prediction_id
    forget(two.project, two.ports, id_=gone)
    assert gone not in {one["prediction_id"] for one in two.shadow_records()}
    assert len(list(two.ports.challenges.seen(challenge))) == len(ROWS) - 1


def test_a_split_that_is_worse_is_told_so_and_stopped(two: Two) -> None:
    start_challenge(two.project, two.ports, number=2, steps=[0.5])
    two.follow()
    answers = two.service.predict(ROWS)
    theirs = [one for one in answers if one.arm == "challenger"]
    assert {one.version for one in theirs} == {2}
    assert 80 < len(theirs) < 160
    ship("trips", two.ports)
    truth = {row["zone"]: one.prediction for row, one in zip(ROWS, answers, strict=True) if one.arm == "champion"}
    two.tell([(one.prediction_id, _near(truth[row["zone"]])) for row, one in zip(ROWS, answers, strict=True)])
    found = challenge_results(two.project, two.ports)
    assert [one.answers for one in found.arms] == [len(ROWS) - len(theirs), len(theirs)]
    assert sum(one.outcomes for one in found.arms) == len(ROWS)
    assert found.looked.gain < 0
    with pytest.raises(Refused, match="GATE-014"):
        promote_by_challenge(two.project, None, "try", two.ports)
    stopped = stop_challenge(two.project, two.ports)
    assert stopped.ended is not None
    two.follow()
    assert {one.arm for one in two.service.predict(ROWS[:40])} == {"champion"}
    with pytest.raises(Refused, match="SERVE-128"):
        stop_challenge(two.project, two.ports)
    assert two.journal() == ["challenge.started", "challenge.stopped"]


def _near(value: Any) -> float:
    return float(value) + 0.5


def test_a_challenger_whose_files_were_changed_never_answers_and_health_says_so(two: Two) -> None:
    start_challenge(two.project, two.ports, number=2, steps=[0.5])
    digest = two.ports.registry.version("trips", 2).digest
    changed = next(path for path in (two.ports.workspace.bundles / digest).iterdir() if path.name == "manifest.json")
    changed.chmod(0o644)
    changed.write_text(changed.read_text() + " ")
    two.follow()
    state = two.service.challenger
    assert state is not None
    assert not state.ok
    assert "BUNDLE" in str(state.last_error)
    assert {one.arm for one in two.service.predict(ROWS)} == {"champion"}


def test_what_cannot_begin_is_refused_with_what_to_do(two: Two) -> None:
    begin = lambda **about: start_challenge(two.project, two.ports, **{"number": 2, **about})  # noqa: E731 - one call, many ways
    with pytest.raises(Refused, match=r"(?s)SERVE-126.*steward status"):
        begin(number=1)
    with pytest.raises(UsageError, match="REG-001"):
        begin(number=9)
    with pytest.raises(UsageError, match="SERVE-124"):
        begin(entity="zones")
    for steps, every in (([1.5], None), ([0.5, 0.1], timedelta(days=1)), ([0.1, 0.5], None)):
        with pytest.raises(UsageError, match=r"(?s)SERVE-122.*--share"):
            begin(steps=steps, every=every)
    with pytest.raises(Refused, match="SERVE-128"):
        challenge_results(two.project, two.ports)
    assert two.ports.challenges.newest("trips") is None


def test_a_ramp_is_told_to_the_journal_step_by_step(two: Two) -> None:
    begun = start_challenge(two.project, two.ports, number=2, steps=[0.1, 0.5], every=timedelta(seconds=1))
    two.follow()
    assert until(lambda: bool(two.follow()) or "challenge.ramped" in two.journal())
    assert two.journal() == ["challenge.started", "challenge.ramped"]
    assert begun.share_at(two.ports.clock.now()) == 0.5


def seen(number: int, version: int, outcome: float | None, **answer: Any) -> Seen:
    told = None if outcome is None else Outcome(f"p{number}", outcome, None, AT)
    return Seen(f"p{number}", version, AT, {"zone": number % 3}, {"prediction": 1.0, **answer}, told, None)


def test_a_row_that_fell_back_counts_for_the_arm_it_was_drawn_for() -> None:
    challenge = new_challenge("trips", 2, 1, steps=[0.5], entity="zone", since=FrozenClock().now(), by="me")
    rows = [seen(0, 1, 1.0), seen(1, 1, 3.0, fell_back=True), seen(2, 2, 1.0), seen(3, 1, None), seen(4, 2, 1.0)]
    found = compare(challenge, rows, "mae", ())
    assert [(one.answers, one.outcomes, one.loss) for one in found.arms] == [(2, 1, 0.0), (3, 3, pytest.approx(2 / 3))]
    assert (found.fell_back, found.looked.word) == (1, "too few")


def test_the_arm_of_two_equal_versions_that_got_the_easier_rows_is_not_called_better() -> None:
    """240 different rows, half of them in each arm, and each asked 12 times: they say no more than 240 rows do."""
    costs = np.random.default_rng(7).exponential(size=240).tolist()
    words = []
    for trial in range(60):
        challenge = replace(new_challenge("trips", 2, 1, steps=[0.5], since=FrozenClock().now(), by="me"), salt=f"salt {trial}")
        drawn = [1 + (place_of(challenge.salt, {"zone": zone, "who": None}, None) < 0.5) for zone in range(240)]
        rows = [
            Seen(id_, drawn[zone], AT, {"zone": zone, "who": None}, {"prediction": 0.0}, Outcome(id_, cost, None, AT), None)
            for zone, cost in enumerate(costs)
            for id_ in (f"{zone} {again}" for again in range(12))
        ]
        # Whom no entity names is drawn by the row.
        looked = compare(replace(challenge, entity="who" if trial % 2 else None), rows, "mae", ()).looked
        assert looked.units == 240
        words.append(looked.word)
    assert "cannot tell" in words
    assert max(words.count("better"), words.count("worse")) <= 3


def test_each_answer_of_a_shadow_stands_for_itself() -> None:
    challenge = new_challenge("trips", 2, 1, since=FrozenClock().now(), by="me")
    rows = [replace(seen(number, 1, 1.0), shadow={"prediction": 2.0}) for number in range(9)]
    assert compare(challenge, rows, "mae", ()).looked.units == 9
    assert compare(replace(challenge, entity="zone"), rows, "mae", ()).looked.units == 3


def test_answers_name_the_arm_they_are_of() -> None:
    assert Answer("p", 1.0, "min", "trips", 2, arm="challenger").as_dict()["arm"] == "challenger"
