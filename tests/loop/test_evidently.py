"""Evidently's own reports of a window: drawn of our rows, kept beside the version, readable in a browser, silent to the network."""

import re
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from steward.adapters import evidently as adapter
from steward.adapters.evidently import draw_reports
from steward.core.errors import EnvironmentFault, Refused
from steward.flows import drift_reports
from steward.flows.champion import load_champion
from steward.flows.drift_reports import write_drift_reports
from steward.reporting.compared import ANSWERED, Compared, DrawnReports
from steward.serving.history import Given, Outcome, Told
from tests.browser import colours, picture
from tests.champion_world import MINUTES, World
from tests.loop.conftest import Steward
from tests.small_project import write_month

pytestmark = [pytest.mark.loop, pytest.mark.timeout(900)]


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whoever tries to reach another machine fails, and is named."""
    asked: list[object] = []

    def refuse(_self: socket.socket, address: object) -> None:
        asked.append(address)
        raise OSError(f"a test asked for {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    return asked


def sample(rows: int, *, shift: float = 0.0, seed: int = 1, positive: str = "yes", third: bool = False) -> pl.DataFrame:
    """Rows of two features and classes that are told by the first of them."""
    draw = np.random.default_rng(seed)
    speed = draw.normal(shift, 1, rows)
    share = 1 / (1 + np.exp(-2 * speed))
    names = np.array(["maybe", "no", positive] if third else ["no", positive])
    truth = np.where(draw.random(rows) < share, len(names) - 1, draw.integers(0, len(names) - 1, rows))
    answer = np.where(share > 0.5, len(names) - 1, 0)
    columns = {"speed": speed, "zone": draw.integers(0, 4, rows) * 1.0, "prediction": share, "late": names[truth]}
    return pl.DataFrame({**columns, ANSWERED: names[answer]})


def compared(**changed: Any) -> Compared:
    told: dict[str, Any] = {
        "label": "2020-03",
        "task": "binary",
        "features": ("speed", "zone"),
        "categories": ("zone",),
        "prediction": "prediction",
        "target": "late",
        "positive": "yes",
        "learnt": sample(600),
        "judged": sample(300, seed=2),
        "current": sample(400, shift=1.5, seed=3),
    }
    return Compared(**{**told, **changed})


def test_classes_have_all_three_reports_and_nobody_is_asked(at_home: list[object]) -> None:
    drawn = draw_reports(compared())
    assert list(drawn.pages) == ["data-drift", "target-drift", "performance"]
    assert {"speed", "prediction", "late"} <= set(drawn.drifted)
    assert "zone" not in drawn.drifted
    assert drawn.columns == 4  # two features, the answer, the target
    for page in drawn.pages.values():
        assert re.findall(rb'(?:src|href)="(https?://[^"]+)"', page.partition(b"</head>")[0]) == []
        assert len(page) < 8_000_000
    assert b"ROC AUC" in drawn.pages["performance"] or b"RocAuc" in drawn.pages["performance"]
    assert at_home == []


def test_what_is_not_known_or_empty_is_left_out_and_said() -> None:
    frame = sample(400, seed=3)
    bare = frame.with_columns(pl.lit(None, pl.Float64).alias("speed"), pl.lit(None, pl.String).alias("late"))
    drawn = draw_reports(compared(current=bare))
    assert list(drawn.pages) == ["data-drift"]
    assert drawn.notes == ("speed is empty, and left out", "no outcome is known: neither target drift nor performance")
    infinite = frame.with_columns(pl.when(pl.int_range(400) < 5).then(pl.lit(np.inf)).otherwise("speed").alias("speed"))
    three = compared(
        task="multiclass",
        positive=None,
        learnt=sample(600, third=True),
        judged=sample(300, seed=2, third=True),
        current=sample(400, seed=4, third=True).with_columns(infinite["speed"]),
    )
    assert draw_reports(three).columns == 5


def test_without_it_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "find_spec", lambda _: None)
    with pytest.raises(EnvironmentFault, match="Evidently is not installed") as missing:
        draw_reports(compared())
    assert (missing.value.faults[0].code, missing.value.faults[0].fix) == ("ENV-022", "pip install 'steward[drift]'")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World(tmp_path_factory.mktemp("evidently"))
    write_month(made.folder / "data", "2023-03", [minutes * 1.5 for minutes in MINUTES], first=901)
    return made


def test_a_month_is_compared_with_the_rows_learnt_from(world: World) -> None:
    seen: list[Compared] = []

    def draw(one: Compared) -> DrawnReports:
        seen.append(one)
        return DrawnReports({"data-drift": b"<html>"}, ("zone",), 2)

    written = write_drift_reports(world.project, "2023-03", draw, world.ports)
    (one,) = seen
    assert (one.learnt.height, one.judged.height, one.current.height) == (60, 60, 60)
    assert one.learnt.columns == ["zone", "minutes", "prediction"]
    assert one.current["minutes"].sort().to_list() == pytest.approx(sorted(minutes * 1.5 for minutes in MINUTES))
    assert written.pages["data-drift"].name == "trips-v1-2023-03-data-drift.html"
    assert written.text == "60 rows of 2023-03; said to have drifted: 1 of 2 columns: zone"


def test_the_log_is_compared_with_the_outcomes_that_are_known(world: World) -> None:
    def draw(one: Compared) -> DrawnReports:
        assert one.current.select("zone", "prediction", "minutes").rows() == [(3.0, 20.0, None), (2.0, 10.0, 12.5)]
        return DrawnReports({}, (), 2)

    with pytest.raises(Refused, match="nothing to compare in log") as empty:
        write_drift_reports(world.project, None, draw, world.ports)
    assert empty.value.faults[0].code == "REP-002"
    given = [
        Given(str(number), "trips", 1, f"2023-03-0{number}T00:00:00+00:00", {"zone": number + 1}, {"prediction": number * 10.0})
        for number in (1, 2)
    ]
    world.ports.predictions.keep_predictions(given)
    outcome = Outcome("1", 12.5, None, "2023-03-02T00:00:00+00:00")
    world.ports.predictions.keep_outcomes([Told("t1", "trips", outcome, "2023-03-02T00:00:00+00:00")])
    assert write_drift_reports(world.project, None, draw, world.ports).rows == 2


def test_the_command_writes_pages_that_a_browser_shows(world: World, tmp_path: Path) -> None:
    steward = Steward(world.ports.workspace.home, {"STEWARD_DATA": str(world.folder / "data")})
    told = steward.json("report", str(world.project.folder), "--evidently", "--period", "2023-03")
    assert sorted(told["html"]) == ["data-drift", "performance", "target-drift"]
    assert (told["rows"], "minutes" in told["drifted"]) == (60, True)
    kept = {path.name for path in world.ports.workspace.artifacts.rglob("reports/*.html")}
    assert {Path(path).name for path in told["html"].values()} <= kept
    shown = picture(Path(told["html"]["data-drift"]), (1200, 1000), tmp_path, "--virtual-time-budget=10000")
    assert colours(shown) > 20


def test_of_many_rows_a_sample_is_drawn_and_made_up_ones_are_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Compared] = []

    def draw(one: Compared) -> DrawnReports:
        seen.append(one)
        return DrawnReports({}, (), 2)

    monkeypatch.setattr(drift_reports, "MOST_ROWS", 20)
    written = [write_drift_reports(world.project, "2023-03", draw, world.ports) for _ in range(2)]
    assert [one.rows for one in written] == [20, 20]
    assert seen[0].learnt.height == seen[0].judged.height == 20
    assert seen[0].learnt.equals(seen[1].learnt)
    loaded = load_champion(world.ports, "trips")
    real, made_up = drift_reports._answer(pl.DataFrame({"zone": [1], "minutes": [2.0]}), world.project, loaded), True
    assert drift_reports._other_world(real, loaded) == ""
    assert drift_reports._other_world(replace(real, simulated=made_up), loaded) == "these rows are SIMULATED, the model's were not"
