"""A real server with a challenger beside its champion: begun, seen, compared and stopped without a restart."""

from pathlib import Path
from typing import Any

from steward.serving.log import read_segments
from tests.loop import tiny
from tests.loop.conftest import Steward
from tests.loop.serving import Server, serving, until

CALLS = [
    {"asked_at": f"2024-03-{1 + n % 28:02d}T{n % 24:02d}:{n // 24:02d}:00", "wait": n / 10, "plan": 1 + n % 3} for n in range(60)
]


def answers(server: Server) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = server.client.post("/predict", json={"rows": CALLS}).raise_for_status().json()["predictions"]
    return said


def arms(server: Server) -> set[str]:
    return {one["arm"] for one in answers(server)}


def challenger(server: Server) -> Any:
    return server.client.get("/health").json()["challenger"]


def test_a_challenger_answers_its_share_watches_and_goes_without_a_restart(steward: Steward, tmp_path: Path) -> None:
    project = str(tiny.write_project(tmp_path / "calls", task="binary", target="left"))
    steward("run", project)
    steward("run", project, "--no-promote", "--set", "candidates=[{kind: linear}]", "--set", "gate.min_gain=-0.99")
    assert steward("challenge", project, code=4).stderr.startswith("error[SERVE-128]")
    with serving(steward, project) as server:
        assert arms(server) == {"champion"}
        assert steward.json("challenge", project, "--share", "0.5", "--by", "wait")["version"] == 2
        assert "SERVE-121" in steward("challenge", project, "--shadow", code=4).stderr
        assert until(lambda: challenger(server) is not None)
        said = answers(server)
        assert {(one["arm"], one["version"]) for one in said} == {("champion", 1), ("challenger", 2)}
        assert [one["arm"] for one in said] == [one["arm"] for one in answers(server)]
        assert [server.client.post("/predict", json=row).json()["arm"] for row in CALLS[:20]] == [one["arm"] for one in said[:20]]
        told = [{"prediction_id": one["prediction_id"], "outcome": one["prediction"]} for one in said]
        server.client.post("/outcomes", json={"outcomes": told}).raise_for_status()
        assert until(lambda: sum(arm["outcomes"] for arm in steward.json("challenge", project)["arms"]) == len(CALLS))
        assert 'steward_predictions_total{arm="challenger",model="calls",version="2"}' in server.client.get("/metrics").text
        assert "GATE-014" in steward("promote", project, "--by-challenge", code=4).stderr

        steward("challenge", project, "--stop")
        assert until(lambda: challenger(server) is None)
        assert arms(server) == {"champion"}
        steward("challenge", project, "--shadow", "--version", "2")
        assert until(lambda: challenger(server) is not None)
        watched = {one["prediction_id"] for one in answers(server)}
        shadows = lambda: list(read_segments(steward.home / "shadows" / "calls"))  # noqa: E731 - looked at twice
        assert until(lambda: len(shadows()) == len(CALLS))
        assert {one["prediction_id"] for one in shadows()} == watched
        assert {(one["arm"], one["version"]) for one in shadows()} == {("shadow", 2)}
        logged = {record["prediction_id"]: record["arm"] for record in read_segments(steward.home / "predictions" / "calls")}
        assert {logged[one] for one in watched} == {"champion"}
        told_now = steward("challenge", project).stdout
        assert "watches beside v1" in told_now
        assert "next:" in told_now
