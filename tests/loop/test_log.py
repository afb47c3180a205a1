"""kill -9 at any moment: every prediction and outcome that was acknowledged is in the database once."""

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.loop.conftest import Steward
from tests.loop.serving import serving
from tests.loop.tiny import write_project
from tests.reliability import count_trials
from tests.small_project import open_workspace

pytestmark = [pytest.mark.loop, pytest.mark.timeout(1200)]

WORKER = """
import sys
from pathlib import Path
from tests.small_project import open_workspace
from steward.apps.api.shipping import LogKeeper
from steward.flows.ship import backlog, ship
from steward.serving.log import SegmentLog
from steward.serving.outcomes import OutcomeDesk
from steward.serving.service import Service
from steward.testing import tiny_served

ports, life = open_workspace(Path(sys.argv[1]), None), sys.argv[2]
log = SegmentLog(ports.workspace.predictions / "rides", "w", segment_bytes=30_000)
told = SegmentLog(ports.workspace.outcomes / "rides", "w", segment_bytes=10_000)
keeper = LogKeeper(lambda _: ship("rides", ports), lambda: None, backlog("rides", ports), every_s=0.002)
desk = OutcomeDesk("rides", "regression", told, ports.clock, lambda ids: dict.fromkeys(ids, "unchecked"))
service = Service(tiny_served(), log, ports.clock)
keeper.start()
row = {"pickup_at": "2024-01-31T08:15:00", "pickup_zone": 74, "distance_km": 3.5}
number = 0
while True:
    answers = service.predict([row] * (1 + number % 7))
    desk.take([{"prediction_id": answers[0].prediction_id, "outcome": number}])
    sys.stdout.write("".join(f"p {one.prediction_id}\\n" for one in answers) + f"o {answers[0].prediction_id}\\n")
    sys.stdout.flush()
    number += 1
"""


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.campaign)])
def test_every_acknowledged_record_is_in_the_database_once_whenever_the_process_was_killed(tmp_path: Path, kills: int) -> None:
    home, seed = tmp_path / "home", random.Random(20261121)
    ports = open_workspace(home, None)
    acknowledged: dict[str, list[str]] = {"p": [], "o": []}
    for life in range(kills):
        command = [sys.executable, "-c", WORKER, str(home), str(life)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline()]
            time.sleep(seed.uniform(0.0, 0.3))
            process.kill()
            lines += [line for line in process.stdout if line.endswith("\n")]
        for kind, id_ in (line.split() for line in lines):
            acknowledged[kind].append(id_)
    with sqlite3.connect(ports.workspace.database) as connection:
        before = connection.execute("SELECT count(*) FROM predictions").fetchone()[0]
    from steward.flows.ship import backlog, ship

    ship("rides", ports)
    with sqlite3.connect(ports.workspace.database) as connection:
        found = Counter(id_ for (id_,) in connection.execute("SELECT id FROM predictions"))
        told = Counter(id_ for (id_,) in connection.execute("SELECT prediction FROM outcome_history"))
        joined = connection.execute("SELECT count(*) FROM outcomes o JOIN predictions p ON p.id = o.prediction").fetchone()[0]
    connection.close()
    wrong = [id_ for id_ in acknowledged["p"] if found[id_] != 1] + [id_ for id_ in acknowledged["o"] if told[id_] != 1]
    records = sum(len(ids) for ids in acknowledged.values())
    seen = {"acknowledged": f"{records:,}", "lost or doubled": f"{len(wrong)}"}
    what = "kill -9 of a process that logs, takes outcomes and ships: each acknowledged record is in the database once"
    count_trials("K3", what, trials=kills, failed=int(bool(wrong)), figures=seen)
    assert len(acknowledged["o"]) >= kills
    assert {id_: found[id_] for id_ in acknowledged["p"] if found[id_] != 1} == {}
    assert {id_: told[id_] for id_ in acknowledged["o"] if told[id_] != 1} == {}
    assert (max(found.values()), max(told.values())) == (1, 1)
    assert joined == len(told)
    assert before > 0  # the processes themselves did most of the work
    assert [waiting.count for waiting in backlog("rides", ports)()] == [0, 0]


def test_a_person_asks_tells_the_truth_and_is_forgotten(steward: Steward, tmp_path: Path) -> None:
    project = str(write_project(tmp_path / "calls", task="binary", target="left"))
    dictionary = tmp_path / "calls" / "dictionary.yaml"
    dictionary.write_text(
        dictionary.read_text().replace("meaning: what was bought", "meaning: what was bought\n    sensitivity: sensitive")
    )
    steward.json("run", project, "--set", "source.simulator.rows=1500", "--set", "candidates=[{kind: linear}]")
    row = {"asked_at": "2024-02-05T10:30:00", "wait": 12.5, "plan": 1}
    with serving(steward, project) as server:
        client = server.client
        asked = [client.post("/predict", json={**row, "plan": plan}).json()["prediction_id"] for plan in (1, 2, 2)]
        outcomes = [{"prediction_id": id_, "outcome": "true"} for id_ in asked] + [{"prediction_id": "nobody", "outcome": "false"}]
        taken = client.post("/outcomes", json={"outcomes": outcomes}).json()["outcomes"]
        assert [one["status"] for one in taken] == ["known", "known", "known", "unknown"]
        assert client.get("/health").json()["log"]["last_error"] is None
        server.process.kill()
    written = b"".join(path.read_bytes() for path in (steward.home / "predictions" / "calls").glob("*.segment"))
    assert b'"plan":{"hidden":' in written
    assert b'"plan":2' not in written
    with serving(steward, project) as server:
        client = server.client
        give_up = time.monotonic() + 60
        while client.get("/health").json()["log"]["waiting"]:
            assert time.monotonic() < give_up
            time.sleep(0.05)
        assert client.post("/outcomes", json={"prediction_id": asked[0], "outcome": "false"}).json()["status"] == "known"
    assert steward.json("log", "ship", project, "--again") == {"predictions": 0, "outcomes": 0}
    joined = "SELECT p.id, o.label FROM predictions p JOIN outcomes o ON o.prediction = p.id"
    assert dict(ask(steward, joined)) == dict(zip(asked, ("false", "true", "true"), strict=True))
    gone = steward.json("forget", project, "--column", "plan", "--value", "2")
    assert gone == {"records": 4, "removed": {"predictions": 2, "outcomes": 2}}
    assert ask(steward, "SELECT id FROM predictions") == [(asked[0],)]
    assert "1 predictions, 2 outcomes" in steward("forget", project, "--id", asked[0]).stdout
    log = b"".join(path.read_bytes() for path in steward.home.glob("*/calls/*.segment"))
    assert not any(id_.encode() in log for id_ in asked)
    entries = ask(steward, "SELECT detail FROM journal WHERE kind = 'predictions.forgotten' ORDER BY number")
    assert entries == [
        ('{"by":"value of plan","outcomes":2,"predictions":2,"records":4}',),
        ('{"by":"id","outcomes":2,"predictions":1,"records":3}',),
    ]


def ask(steward: Steward, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(steward.home / "steward.db")) as connection:
        return connection.execute(query).fetchall()
