"""A person's rows leave log and database; the journal keeps that they did."""

from pathlib import Path
from typing import Any

import pytest
from tests.small_project import open_workspace, write_project

from steward.core.errors import UsageError
from steward.flows.forget import Forgotten, forget
from steward.flows.log import open_log, open_outcome_log
from steward.flows.ports import Ports
from steward.flows.ship import Shipped, ship
from steward.project.read import Project, read_project
from steward.serving.history import Removed
from steward.serving.log import SegmentLog, read_segments
from steward.serving.private import is_hashed
from steward.serving.unfinished import hidden_folder, holding

DICTIONARY = """\
columns:
  id: {type: integer, known_at: outcome, meaning: counts the trips}
  at: {type: datetime, known_at: request, meaning: when it began, format: "%Y-%m-%d %H:%M"}
  zone: {type: integer, known_at: request, meaning: where it began}
  rider: {type: text, known_at: request, meaning: who rode, sensitivity: sensitive}
  km: {type: number, known_at: request, meaning: how far}
  shared: {type: boolean, known_at: request, meaning: whether shared, required: false}
  minutes: {type: number, unit: min, known_at: outcome, meaning: how long it took}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = write_project(tmp_path / "project")
    (folder / "dictionary.yaml").write_text(DICTIONARY)
    return read_project(folder)


@pytest.fixture
def ports(project: Project, tmp_path: Path) -> Ports:
    """Six predictions, of which four are in the database already, and an outcome for each."""
    ports = open_workspace(tmp_path / "home", None)
    log, outcomes = open_log(project, ports, "w"), open_outcome_log(project, ports, "w")
    for number, rider in enumerate(("Ann", "Bob", "Ann", "ann", "Ann", "Bob")):
        row = {"at": f"2024-01-0{1 + number}T08:00:00", "zone": number % 3, "rider": rider, "km": number / 2, "shared": number == 0}
        log.append(
            [{"prediction_id": f"p{number}", "at": "2026-01-01", "model": "trips", "version": 1, "row": row, "prediction": 1.0}]
        )
        outcomes.append([told(number)])
        if number == 3:
            ship("trips", ports)
    return ports


def told(number: int) -> dict[str, Any]:
    at = f"2026-01-02T00:00:0{number}+00:00"
    beside = {"model": "trips", "label": None, "at": at, "received_at": at}
    return {"outcome_id": f"t{number}", "prediction_id": f"p{number}", "value": 1.0, **beside}


def left(ports: Ports) -> list[set[str]]:
    """What is in the log, in the outcome log, and, after shipping all, in the database."""
    logs = [{str(found["prediction_id"]) for found in read_segments(folder)} for folder in folders(ports)]
    ship("trips", ports)
    kept = ports.predictions.predictions("trips", limit=99)
    assert all(outcome is not None for _, outcome in kept)
    return [*logs, {given.id for given, _ in kept}]


def folders(ports: Ports) -> tuple[Path, Path]:
    return ports.workspace.predictions / "trips", ports.workspace.outcomes / "trips"


def test_one_prediction_is_forgotten_everywhere(project: Project, ports: Ports) -> None:
    assert forget(project, ports, id_="p2") == Forgotten(2, Removed(1, 1))
    assert forget(project, ports, id_="p5") == Forgotten(2, Removed(0, 0))  # it was not shipped yet
    assert forget(project, ports, id_="p5") == Forgotten(0, Removed(0, 0))
    assert left(ports) == [{"p0", "p1", "p3", "p4"}] * 3
    assert ship("trips", ports, again=True) == Shipped(0, 0)


@pytest.mark.parametrize(
    ("column", "value", "gone"),
    [
        ("rider", "Ann", {"p0", "p2", "p4"}),  # hashed in the log
        ("rider", "Ann ", set()),
        ("zone", "1", {"p1", "p4"}),
        ("km", "1", {"p2"}),
        ("km", "1.0", {"p2"}),
        ("shared", "True", {"p0"}),
        ("at", "2024-01-02 08:00", {"p1"}),
    ],
)
def test_all_rows_with_a_value_are_forgotten(project: Project, ports: Ports, column: str, value: str, gone: set[str]) -> None:
    assert forget(project, ports, column=column, value=value).records == 2 * len(gone)
    assert left(ports) == [{f"p{number}" for number in range(6)} - gone] * 3


@pytest.mark.parametrize("asked", [{"id_": "s1"}, {"column": "zone", "value": "7"}])
def test_answers_that_are_not_part_of_the_log_yet_are_forgotten_too(project: Project, ports: Ports, asked: dict[str, str]) -> None:
    log = folders(ports)[0]
    left, at_work = hidden_folder(log, "left"), hidden_folder(log, "at-work")
    for hidden in (left, at_work):
        rows = [{"prediction_id": f"s{number}", "row": {"zone": zone}} for number, zone in enumerate((1, 7, 2))]
        SegmentLog(hidden, "score").append(rows)
    with holding(at_work) as mine:
        assert mine
        assert forget(project, ports, **asked) == Forgotten(1, Removed(0, 0))
        assert [found["prediction_id"] for found in read_segments(at_work)] == ["s0", "s2"]
    assert not left.exists()
    rest = b"".join(path.read_bytes() for path in log.rglob("*.segment"))
    assert b'"s1"' not in rest


def test_a_person_whose_segments_are_gone_is_forgotten_in_the_database(project: Project, ports: Ports) -> None:
    ship("trips", ports)
    for folder in folders(ports):
        for segment in folder.glob("*.segment"):
            segment.unlink()
    assert forget(project, ports, column="rider", value="Bob") == Forgotten(0, Removed(2, 2))
    assert left(ports) == [set(), set(), {"p0", "p2", "p3", "p4"}]


def test_neither_log_nor_database_nor_journal_holds_the_name(project: Project, ports: Ports) -> None:
    ship("trips", ports)
    assert all(is_hashed(found["row"]["rider"]) for found in read_segments(folders(ports)[0]))
    forget(project, ports, column="rider", value="Ann")
    forget(project, ports, id_="p1")
    entries = [(entry.subject, dict(entry.detail)) for entry in ports.journal.entries() if entry.kind == "predictions.forgotten"]
    assert entries == [
        ("model trips", {"by": "value of rider", "records": 6, "predictions": 3, "outcomes": 3}),
        ("model trips", {"by": "id", "records": 2, "predictions": 1, "outcomes": 1}),
    ]
    for path in (path for path in ports.workspace.home.rglob("*") if path.is_file()):
        assert b"Ann" not in path.read_bytes()


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "SERVE-091"),
        ({"id_": "p1", "column": "zone", "value": "1"}, "SERVE-091"),
        ({"column": "zone"}, "SERVE-091"),
        ({"value": "1"}, "SERVE-091"),
        ({"column": "zon", "value": "1"}, "SERVE-092"),
        ({"column": "minutes", "value": "1"}, "SERVE-092"),
        ({"column": "zone", "value": "one"}, "SERVE-093"),
        ({"column": "km", "value": "far"}, "SERVE-093"),
        ({"column": "km", "value": "nan"}, "SERVE-093"),
        ({"column": "shared", "value": "1"}, "SERVE-093"),
        ({"column": "at", "value": "soon"}, "SERVE-093"),
    ],
)
def test_what_cannot_be_meant_forgets_nothing(project: Project, ports: Ports, asked: dict[str, str], code: str) -> None:
    with pytest.raises(UsageError, match=code):
        forget(project, ports, **asked)
    assert left(ports) == [{f"p{number}" for number in range(6)}] * 3
