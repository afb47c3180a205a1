from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.small_project import open_workspace

from steward.core.errors import EnvironmentFault, Fault, UsageError
from steward.flows.earlier import find_given
from steward.flows.ports import Ports
from steward.flows.ship import ship
from steward.serving.history import Given
from steward.serving.log import SegmentLog

KNOWN, LOGGED = "a" * 32, "b" * 32


def record(prediction: str, model: str = "rides") -> dict[str, Any]:
    plain = {"prediction_id": prediction, "at": "2026-01-01", "model": model, "version": 2, "row": {"km": 1.5}}
    return {**plain, "prediction": 4.0, "interval": {"low": 3.0, "high": 5.0, "level": 0.9}}


ANSWER: Mapping[str, Any] = {"prediction": 4.0, "interval": {"low": 3.0, "high": 5.0, "level": 0.9}}


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Ports:
    ports = open_workspace(tmp_path_factory.mktemp("earlier") / "home", None)
    ports.predictions.keep_predictions([Given(KNOWN, "rides", 1, "2026-01-01", {"km": 1.5}, ANSWER)])
    for worker in ("1", "2"):
        log = SegmentLog(ports.workspace.predictions / "rides", worker)
        log.append([record(f"{number:032x}") for number in range(20)])
        log.append([record(LOGGED)] if worker == "1" else [record("c" * 32)])
        log.append([record(f"{number:032x}") for number in range(20, 40)])
        log.close()
    return ports


def test_an_earlier_prediction_is_found_in_the_database_and_in_the_log(ports: Ports) -> None:
    assert find_given("rides", KNOWN, ports).version == 1
    assert find_given("rides", LOGGED, ports) == Given(LOGGED, "rides", 2, "2026-01-01", {"km": 1.5}, ANSWER)
    assert find_given("rides", f"{0:032x}", ports).id == f"{0:032x}"


@pytest.mark.parametrize("prediction", ["d" * 32, "", "a" * 31, '"', "a" * 33, "A" * 32, "%", "\ud800"])
def test_an_unknown_id_is_said_to_be_none(ports: Ports, prediction: str) -> None:
    with pytest.raises(UsageError, match="SERVE-101"):
        find_given("rides", prediction, ports)


def test_a_prediction_of_another_model_is_none_of_this_one(ports: Ports) -> None:
    with pytest.raises(UsageError, match="SERVE-101"):
        find_given("uber", KNOWN, ports)


def test_an_id_that_stands_in_a_row_is_no_prediction(ports: Ports) -> None:
    log = SegmentLog(ports.workspace.predictions / "rides", "3")
    log.append([{**record("e" * 32), "row": {"note": '"prediction_id":"' + "f" * 32 + '"'}}])
    log.close()
    with pytest.raises(UsageError, match="SERVE-101"):
        find_given("rides", "f" * 32, ports)


def test_what_was_shipped_is_not_sought_in_the_log_and_what_was_not_is(tmp_path: Path) -> None:
    ports = open_workspace(tmp_path / "home", None)
    log = SegmentLog(ports.workspace.predictions / "rides", "1")
    log.append([record(KNOWN)])
    ship("rides", ports)
    log.append([record(LOGGED)])
    ports.predictions.remove_before("rides", "2027-01-01")  # the segment stays as long as it is written to
    with pytest.raises(UsageError, match="SERVE-101"):
        find_given("rides", KNOWN, ports)
    assert find_given("rides", LOGGED, ports).id == LOGGED


def test_a_database_that_is_down_is_not_needed_for_what_the_log_has(ports: Ports) -> None:
    class Down:
        def prediction(self, _id: str) -> None:
            raise EnvironmentFault(Fault("DB-001", "the database does not answer", fix="start it"))

    cut_off = replace(ports, predictions=Down())  # type: ignore[arg-type] # only this is asked
    assert find_given("rides", LOGGED, cut_off).id == LOGGED
    with pytest.raises(EnvironmentFault, match="DB-001"):
        find_given("rides", KNOWN, cut_off)
