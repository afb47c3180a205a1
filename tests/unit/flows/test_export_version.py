"""A version that leaves its workspace answers as it did there, and only from the very files that were exported."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.champion_world import World

from steward.core.digest import digest_file
from steward.core.errors import Refused, StewardError, UsageError
from steward.flows.champion import load_champion
from steward.flows.export_version import ExportedVersion, export_version
from steward.flows.serve import served
from steward.serving.carried import BUNDLE, RECORD, Described, log_in, read_carried, served_from
from steward.serving.log import read_segments
from steward.serving.service import Service
from steward.testing.clock import FrozenClock

ROWS = [{"zone": zone} for zone in (1, 2, 3, 9)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def described() -> list[Described]:
    return []


def write(world: World, into: Path, described: list[Described] | None = None, **options: bool) -> ExportedVersion:
    def render(told: Described) -> Mapping[str, str]:
        if described is not None:
            described.append(told)
        return {"service.py": f"SEALED = {told.sealed!r}\n"}

    return export_version(world.project, None, into, world.ports, render, **options)


def codes(error: pytest.ExceptionInfo[StewardError]) -> list[str]:
    return [fault.code for fault in error.value.faults]


def test_an_exported_version_answers_as_the_champion_does(world: World, tmp_path: Path, described: list[Described]) -> None:
    exported = write(world, tmp_path / "out", described)
    carried = read_carried(tmp_path / "out", described[0].sealed)
    away = served_from(tmp_path / "out", carried)
    loaded = load_champion(world.ports, "trips")
    champion = world.ports.registry.champion("trips")
    assert champion is not None
    home = served(world.project, loaded, champion)
    answers = [
        [(one.prediction, one.unit, one.version, one.interval) for one in Service(it, log, FrozenClock()).predict(ROWS)]
        for it, log in ((home, log_in(None, carried)), (away, log_in(None, carried)))
    ]
    assert answers[0] == answers[1]
    assert (away.inputs, away.task, away.dictionary) == (home.inputs, home.task, home.dictionary)
    assert exported.files == tuple(sorted([RECORD, "service.py", *(f"{BUNDLE}/{name}" for name in loaded.version.files)]))
    assert sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")) == list(exported.files)
    assert described[0].sealed == digest_file(tmp_path / "out" / RECORD)


def test_the_journal_says_what_went_out(world: World, tmp_path: Path) -> None:
    exported = write(world, tmp_path / "out")
    entry = [one for one in world.ports.journal.entries() if one.kind == "version.exported"][-1]
    assert (entry.subject, entry.detail["bundle"]) == ("trips v1", exported.version.digest)


@pytest.mark.parametrize("name", ["model.json", "features.py", "dictionary.json", "selftest.json", "manifest.json"])
def test_a_changed_byte_is_found_before_anything_is_loaded(
    world: World, tmp_path: Path, described: list[Described], name: str
) -> None:
    write(world, tmp_path / "out", described)
    path = tmp_path / "out" / BUNDLE / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    carried = read_carried(tmp_path / "out", described[0].sealed)
    with pytest.raises(Refused) as error:
        served_from(tmp_path / "out", carried)
    assert codes(error) == ["BUNDLE-003"]


def test_whoever_changes_file_and_record_is_found_by_the_seal(world: World, tmp_path: Path, described: list[Described]) -> None:
    write(world, tmp_path / "out", described)
    features = tmp_path / "out" / BUNDLE / "features.py"
    features.write_text(features.read_text() + "raise SystemExit('run')\n")
    record = json.loads((tmp_path / "out" / RECORD).read_text())
    record["files"]["features.py"] = digest_file(features)
    (tmp_path / "out" / RECORD).write_text(json.dumps(record))
    with pytest.raises(Refused, match="was changed or damaged") as error:
        read_carried(tmp_path / "out", described[0].sealed)
    assert codes(error) == ["EXPORT-012"]
    (tmp_path / "out" / RECORD).unlink()
    with pytest.raises(Refused, match="cannot be read"):
        read_carried(tmp_path / "out", described[0].sealed)


def test_a_file_beside_those_of_the_bundle_is_refused(world: World, tmp_path: Path, described: list[Described]) -> None:
    write(world, tmp_path / "out", described)
    (tmp_path / "out" / BUNDLE / "model.pkl").write_bytes(b"\x80\x04.")
    with pytest.raises(Refused) as error:
        served_from(tmp_path / "out", read_carried(tmp_path / "out", described[0].sealed))
    assert codes(error) == ["BUNDLE-002"]


def test_only_an_earlier_export_gives_way_and_only_when_told_so(world: World, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    for force in (False, True):
        with pytest.raises(UsageError, match="something else lies in") as error:
            write(world, mine, force=force)
        assert codes(error) == ["EXPORT-010"]
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]
    out = tmp_path / "out"
    write(world, out)
    with pytest.raises(UsageError, match="an earlier export lies in"):
        write(world, out)
    (out / "notes.txt").write_text("of the earlier one")
    write(world, out, force=True)
    assert not (out / "notes.txt").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "out"]


def test_a_bundle_that_is_not_what_was_recorded_does_not_leave_the_workspace(tmp_path: Path) -> None:
    world = World(tmp_path / "world")
    version = world.ports.registry.version("trips", 1)
    model = world.ports.workspace.bundles / version.digest / "model.json"
    model.write_bytes(model.read_bytes() + b" ")
    with pytest.raises(Refused) as error:
        write(world, tmp_path / "out")
    assert codes(error) == ["BUNDLE-003"]
    assert not (tmp_path / "out").exists()
    with pytest.raises(UsageError) as unknown:
        export_version(world.project, 7, tmp_path / "out", world.ports, lambda _: {})
    assert codes(unknown) == ["REG-001"]


def test_with_a_workspace_an_answer_is_in_its_log_and_hides_what_the_project_says(
    world: World, tmp_path: Path, described: list[Described]
) -> None:
    write(world, tmp_path / "out", described)
    carried = read_carried(tmp_path / "out", described[0].sealed).model_copy(update={"hashed": ("zone",)})
    service = Service(served_from(tmp_path / "out", carried), log_in(tmp_path / "home", carried), FrozenClock())
    answers = service.predict(ROWS)
    kept = list(read_segments(tmp_path / "home" / "predictions" / "trips"))
    assert [one["prediction_id"] for one in kept] == [one.prediction_id for one in answers]
    assert all("hidden" in one["row"]["zone"] for one in kept)
    assert list(log_in(None, carried).records()) == []
