"""The watch of a log that hides some columns."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.champion_world import World

from steward.flows.champion import load_champion
from steward.flows.log import open_log
from steward.flows.watch_log import watch_log
from steward.project.read import Project
from steward.serving.log import read_segments
from steward.serving.private import is_hashed


def with_care(world: World, kept: str) -> Project:
    """The project with a sensitive zone, which the log keeps in some way."""
    dictionary, spec = world.project.dictionary, world.project.spec
    zone = dictionary.columns["zone"].model_copy(update={"sensitivity": "sensitive"})
    serving = spec.serving.model_copy(update={"sensitive": kept})
    return replace(
        world.project,
        dictionary=dictionary.model_copy(update={"columns": {**dictionary.columns, "zone": zone}}),
        spec=spec.model_copy(update={"serving": serving}),
    )


@pytest.mark.parametrize(
    ("kept", "watched"), [("keep", {"zone", "prediction"}), ("hash", {"prediction"}), ("leave_out", {"prediction"})]
)
def test_what_is_made_of_hidden_columns_is_not_watched(world: World, tmp_path: Path, kept: str, watched: set[str]) -> None:
    project, name = with_care(world, kept), world.project.spec.name
    ports = replace(world.ports, workspace=replace(world.ports.workspace, home=tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "bundles").symlink_to(world.ports.workspace.bundles)
    loaded = load_champion(ports, name)

    def record(number: int) -> dict[str, Any]:
        answer = {"model": name, "version": loaded.version.number, "prediction": 10.0 * (1 + number % 3)}
        return {"prediction_id": f"{kept}{number}", "at": "2026-01-01", "row": {"zone": 1 + number % 3}, **answer}

    open_log(project, ports, "w").append([record(number) for number in range(300)])
    (first, *_) = read_segments(ports.workspace.predictions / name)
    assert (is_hashed(first["row"].get("zone")), "zone" in first["row"]) == (kept == "hash", kept != "leave_out")
    (found,) = watch_log(project, ports)
    assert found.verdict is not None
    assert {column.name for column in found.verdict.drift.columns} == watched
    assert found.window.severity == found.verdict.severity
