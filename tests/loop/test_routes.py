"""A running server explains, counts and tells what it knows; its documentation page works in a real browser."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from matplotlib.image import imread

from tests.loop.conftest import Steward
from tests.loop.serving import serving
from tests.small_project import write_month, write_project

pytestmark = [pytest.mark.loop, pytest.mark.timeout(600)]

ROW = {"zone": 2}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server with a champion: a trip takes ten minutes a zone, give or take ten."""
    folder = tmp_path_factory.mktemp("routes")
    project, draw = write_project(folder / "trips"), np.random.default_rng(7)
    declared = project / "project.yaml"
    declared.write_text(declared.read_text() + "unit: min\n")
    for period in ("2023-01", "2023-02"):
        minutes = [10.0 * (1 + hour % 3) + round(draw.uniform(-10, 10), 3) for hour in range(600)]
        write_month(folder / "data", period, minutes)
    steward = Steward(folder / "home", {"STEWARD_DATA": str(folder / "data")})
    assert steward.json("run", str(project))["champion"] == 1
    with serving(steward, str(project)) as server:
        yield server.client


def test_an_answer_says_how_sure_it_is_and_is_explained_by_its_id(server: httpx.Client) -> None:
    said = server.post("/predict", json=ROW).json()
    ends = said["interval"]
    assert ends["level"] == 0.9
    assert ends["low"] == pytest.approx(said["prediction"] - 9, abs=2)  # nine in ten of a spread of ten to either side
    assert ends["high"] == pytest.approx(said["prediction"] + 9, abs=2)
    many = server.post("/predict", json={"rows": [ROW, ROW]}).json()["predictions"]
    assert [one["interval"] for one in many] == [ends, ends]
    why = server.post("/explain", json={"prediction_id": said["prediction_id"]}).json()
    assert (why["prediction"], why["interval"], why["version"]) == (said["prediction"], ends, 1)
    assert why["base"] + sum(one["contribution"] for one in why["moved"]) == pytest.approx(said["prediction"])
    assert [one["feature"] for one in why["moved"]] == ["zone"]
    assert server.post("/explain", json={"prediction_id": "0" * 32}).status_code == 404


def test_the_server_tells_how_good_its_model_is_and_what_was_recorded(server: httpx.Client) -> None:
    told = server.get("/metrics/model").json()
    tested = {one["name"]: one for one in told["tested"]["metrics"]}
    assert tested["rmse"]["low"] <= tested["rmse"]["value"] <= tested["rmse"]["high"]
    assert told["tested"]["rows"] == 600
    assert (told["tested"]["interval_level"], told["tested"]["interval_share"]) == (0.9, pytest.approx(0.9, abs=0.05))
    assert told["tested"]["interval_width"] == pytest.approx(18, abs=2)
    tried = server.get("/experiments?limit=500").json()["experiments"]
    assert {one["candidate"] for one in tried} == {"mean", "linear"}
    missing = server.get("/data-quality").json()["missing"]
    assert {(one["column"], one["share"]) for one in missing} >= {("zone", 0.0), ("minutes", 0.0)}
    assert server.get("/drift").json() == {"windows": []}


def test_outcomes_turn_into_realised_figures(server: httpx.Client) -> None:
    answers = server.post("/predict", json={"rows": [ROW] * 30}).json()["predictions"]
    outcomes = [
        {"prediction_id": one["prediction_id"], "outcome": one["prediction"] + (4 if place % 2 else -4)}
        for place, one in enumerate(answers)
    ]
    assert server.post("/outcomes", json={"outcomes": outcomes}).status_code == 200
    while (realised := server.get("/metrics/model").json()["realised"])["rows"] < 30:
        assert server.get("/health").json()["log"]["last_error"] is None
        time.sleep(0.1)
    assert {one["name"]: one["value"] for one in realised["metrics"]}["mae"] == pytest.approx(4)
    assert realised["interval_share"] == 1.0


def test_prometheus_can_read_what_is_counted(server: httpx.Client) -> None:
    assert server.post("/predict", json=ROW).status_code == 200
    text = server.get("/metrics").text
    assert "steward_model_info{" in text
    assert 'version="1"' in text
    checker = shutil.which("promtool")
    if checker is None:
        pytest.skip("promtool is not installed; as root:  make services")
    done = subprocess.run([checker, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def browse(server: httpx.Client, profile: Path, *what: str) -> str:
    """Open the documentation of /predict in a browser and return what it has made of the page."""
    chromium = shutil.which("chromium")
    if chromium is None:
        reason = "chromium is not installed; as root:  make services"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1300,2000")
    page = f"{server.base_url}/docs#/predict/predict_predict_post".replace("//docs", "/docs")
    command = [chromium, *options, f"--user-data-dir={profile}", "--virtual-time-budget=8000", *what, page]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=240).stdout


def test_the_documentation_page_shows_fields_units_and_examples_in_a_real_browser(server: httpx.Client, tmp_path: Path) -> None:
    page = browse(server, tmp_path / "profile", "--dump-dom")
    for shown in ("/predict", "/explain", "/metrics/model", "/drift", "PredictionRequest", "zone", "where it began", "in min"):
        assert shown in page, shown
    assert "Failed to load" not in page
    picture = tmp_path / "docs.png"
    browse(server, tmp_path / "profile", f"--screenshot={picture}")
    pixels = imread(picture)
    assert pixels.shape[:2] == (2000, 1300)
    assert len(np.unique((pixels[:, :, :3] * 15).round().reshape(-1, 3), axis=0)) > 50  # not a blank page
