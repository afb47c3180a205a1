"""The files that Prometheus, Alertmanager and Grafana read are right, fit together, and ask for what the server tells."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.conftest import ROOT
from tests.servers import _need

OPS = ROOT / "ops"
DASHBOARDS = sorted((OPS / "grafana" / "dashboards").glob("*.json"))
NAME = re.compile(r"\b(?:steward|process)_[a-z_]+\b")
GRAFANAS = {"timeseries", "stat", "gauge", "bargauge"}
PROCESS = {"process_cpu_seconds_total", "process_resident_memory_bytes"}  # of the Prometheus client itself


def told_by_the_server() -> frozenset[str]:
    """Return the names of all series that our code makes, as Prometheus sees them."""
    source = "".join(path.read_text() for path in (ROOT / "src" / "steward" / "apps" / "api").glob("*metrics.py"))
    source += (ROOT / "src" / "steward" / "apps" / "api" / "window_reader.py").read_text()
    names = frozenset(re.findall(r'"(steward_[a-z_]+)"', source))
    return names | {f"{name}{ending}" for name in names for ending in ("_total", "_bucket", "_info")} | PROCESS


def rules() -> list[dict[str, Any]]:
    read = yaml.safe_load((OPS / "prometheus" / "rules.yml").read_text())
    return [rule for group in read["groups"] for rule in group["rules"]]


def boards() -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in DASHBOARDS]


def run(*words: str) -> str:
    done = subprocess.run([_need(words[0]), *words[1:]], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("promtool", "check", "config", "ops/prometheus/prometheus.yml"), "valid prometheus config"),
        (("promtool", "check", "rules", "ops/prometheus/rules.yml"), "13 rules found"),
        (("amtool", "check-config", "ops/alertmanager/alertmanager.yml"), "1 receivers"),
    ],
    ids=["prometheus", "rules", "alertmanager"],
)
def test_prometheus_and_alertmanager_read_their_files(words: tuple[str, ...], said: str) -> None:
    assert said in run(*words)


def test_replicas_of_a_server_are_one_message() -> None:
    route = yaml.safe_load((OPS / "alertmanager" / "alertmanager.yml").read_text())["route"]
    assert route["group_by"] == ["job", "model"]


def test_each_rule_fires_in_its_case_and_in_no_quiet_one() -> None:
    assert "SUCCESS" in run("promtool", "test", "rules", "ops/prometheus/rules_test.yml")


def test_a_rule_that_fires_when_it_should_not_is_noticed(tmp_path: Path) -> None:
    text = (OPS / "prometheus" / "rules.yml").read_text()
    (tmp_path / "rules.yml").write_text(text.replace("steward_window_alarm == 1", "steward_window_alarm >= 0"))
    shutil.copy(OPS / "prometheus" / "rules_test.yml", tmp_path)
    words = [_need("promtool"), "test", "rules", str(tmp_path / "rules_test.yml")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "StewardModelAlarm" in done.stdout + done.stderr


def test_every_rule_says_what_how_bad_and_what_to_do_and_is_tried_out() -> None:
    tried = yaml.safe_load((OPS / "prometheus" / "rules_test.yml").read_text())["tests"]
    fired = {one["alertname"] for test in tried for one in test["alert_rule_test"] if one.get("exp_alerts")}
    for rule in rules():
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert set(rule["annotations"]) == {"summary", "runbook"}
    assert fired == {rule["alert"] for rule in rules()}


def test_rules_and_panels_ask_only_for_what_the_server_tells() -> None:
    asked = "\n".join(rule["expr"] for rule in rules())
    asked += "\n" + "\n".join(target["expr"] for board in boards() for panel in board["panels"] for target in panel["targets"])
    asked += "\n" + "\n".join(variable["definition"] for board in boards() for variable in board["templating"]["list"])
    names = set(NAME.findall(asked))
    assert len(names) > 25
    assert names - told_by_the_server() == set()


def test_dashboards_are_provisioned_and_name_the_data_source_that_is() -> None:
    folder = OPS / "grafana" / "provisioning"
    sources = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text())["datasources"]
    providers = yaml.safe_load((folder / "dashboards" / "steward.yml").read_text())["providers"]
    assert [provider["type"] for provider in providers] == ["file"]
    uids = {found for board in boards() for found in _sources_of(board)}
    assert uids == {(source["type"], source["uid"]) for source in sources}


def _sources_of(part: object) -> list[tuple[str, str]]:
    if isinstance(part, dict):
        here = [(part["datasource"]["type"], part["datasource"]["uid"])] if "datasource" in part else []
        return here + [found for value in part.values() for found in _sources_of(value)]
    return [found for value in part for found in _sources_of(value)] if isinstance(part, list) else []


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_panels_have_a_place_and_a_name_of_their_own_and_say_what_they_show(path: Path) -> None:
    board = json.loads(path.read_text())
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels) > 8
    assert {panel["type"] for panel in panels} <= GRAFANAS
    assert all(panel["description"] and panel["targets"] for panel in panels)
    assert all(panel["gridPos"]["x"] >= 0 and panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
    assert [(one["title"], other["title"]) for one, other in combinations(panels, 2) if _overlap(one, other)] == []


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    a, b = one["gridPos"], other["gridPos"]
    beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
    return not beside and not (a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"])


def test_dashboards_have_addresses_of_their_own_and_lead_to_each_other() -> None:
    uids = {board["uid"] for board in boards()}
    assert len(uids) == len(DASHBOARDS) == 2
    for board in boards():
        assert {link["url"].removeprefix("/d/") for link in board["links"]} == uids - {board["uid"]}


def test_no_secret_stands_in_a_file() -> None:
    text = "".join(path.read_text() for path in OPS.rglob("*.yml"))
    assert re.findall(r"^\s*(?:credentials|password|bearer_token|api_url):", text, re.MULTILINE) == []
    assert "credentials_file: webhook.token" in text
