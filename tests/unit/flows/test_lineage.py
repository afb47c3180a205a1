"""From a version back to the source files and the commit."""

import json
from pathlib import Path

import pytest
from tests.small_project import FEATURES, open_workspace, write_month, write_project

from steward.core.digest import digest_bytes, digest_file
from steward.core.errors import Refused, UsageError
from steward.core.runs import Run
from steward.flows.lineage import Lineage, lineage
from steward.flows.ports import Ports
from steward.flows.run import RunOptions, run
from steward.project.commit import Commit
from steward.registry.versions import Draft, Promotion

MANIFEST = json.dumps({"libraries": {"polars": "2.1.0"}}).encode()
COMMIT = {"sha": "ab" * 20, "dirty": False}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for period, first in (("2023-01", 1), ("2023-02", 101)):
        write_month(tmp_path / "data", period, [10.0, 20.0, 30.0, 99.0], first=first)
    return tmp_path / "data"


@pytest.fixture
def ports(tmp_path: Path, data: Path) -> Ports:
    return open_workspace(tmp_path / "workspace", data)


@pytest.fixture
def made(tmp_path: Path, ports: Ports) -> Run:
    """Carry a small project to its feature table; the version is registered by hand, as training has no part in this."""
    folder = write_project(tmp_path / "trips")
    return run(RunOptions(str(folder), ("gate.min_gain=0.01",), until="features"), ports)


def register(ports: Ports, made: Run, **facts: object) -> str:
    files = {"manifest.json": MANIFEST, "features.py": FEATURES.encode()}
    hashes = {name: digest_bytes(content) for name, content in files.items()}
    bundle = digest_bytes(repr(hashes).encode())
    for name, content in files.items():
        (ports.workspace.bundles / bundle).mkdir(parents=True, exist_ok=True)
        (ports.workspace.bundles / bundle / name).write_bytes(content)
    told = {"clean": made.result["clean"], "overrides": ["gate.min_gain=0.01"], **facts}
    ports.registry.register(Draft("trips", bundle, made.id, bundle, hashes, told), actor="tester")
    return bundle


def test_a_version_is_traced_to_rows_files_declaration_commit_and_libraries(data: Path, ports: Ports, made: Run) -> None:
    bundle = register(ports, made, commit=COMMIT, mlflow_run="m1")
    found = lineage(ports, "trips", 1)
    assert (found.bundle, found.bundle_state, found.run, found.champion) == (bundle, "whole", made.id, False)
    assert [(rows.kind, rows.rows, rows.state) for rows in found.rows] == [
        ("raw", 8, "whole"),
        ("quarantine", 2, "whole"),
        ("clean", 6, "whole"),
        ("features", 6, "whole"),
    ]
    assert found.rows[0].digest == made.result["snapshot"]
    assert [(source.name, source.origin, source.sha256) for source in found.sources] == [
        (f"{period}.csv", "folder", digest_file(data / f"{period}.csv")) for period in ("2023-01", "2023-02")
    ]
    assert found.features == digest_bytes(FEATURES.encode())
    assert (found.commit, found.overrides) == (Commit("ab" * 20, dirty=False), ("gate.min_gain=0.01",))
    assert (found.libraries, found.mlflow_run, found.missing) == ({"polars": "2.1.0"}, "m1", ())


def test_what_an_older_version_did_not_record_is_named(ports: Ports, made: Run) -> None:
    register(ports, made)
    found = lineage(ports, "trips", 1)
    assert found.commit is None
    assert [sentence.partition(":")[0] for sentence in found.missing] == ["no commit"]


def test_a_broken_link_shows(ports: Ports, made: Run) -> None:
    bundle = register(ports, made, commit=COMMIT)
    raw, _, clean, _ = lineage(ports, "trips", 1).rows
    (ports.workspace.snapshots / f"{raw.digest}.parquet").unlink()
    (ports.workspace.snapshots / f"{clean.digest}.parquet").write_bytes(b"other rows")
    (ports.workspace.bundles / bundle / "manifest.json").write_bytes(b"{}")
    found: Lineage = lineage(ports, "trips", 1)
    assert [rows.state for rows in found.rows] == ["gone", "whole", "changed", "whole"]
    assert (found.bundle_state, found.libraries) == ("changed", {})
    assert [sentence.partition(":")[0] for sentence in found.missing] == ["no libraries"]


def test_a_version_whose_run_is_forgotten_still_tells_its_files(ports: Ports, made: Run) -> None:
    sources = [{"period": "2023-01", "name": "a.parquet", "sha256": "cd" * 32}]
    hashes = {"features.py": "00" * 32}
    ports.registry.register(Draft("trips", "key", "no such run", "ef" * 32, hashes, {"sources": sources}), actor="tester")
    found = lineage(ports, "trips", 1)
    assert (found.rows, found.trigger, found.project, found.bundle_state) == ((), None, None, "gone")
    assert [(source.name, source.origin) for source in found.sources] == [("a.parquet", "unknown")]
    assert len(found.missing) == 3
    assert made.project == "trips"


def test_an_address_is_shown_without_the_password_in_it(ports: Ports, made: Run) -> None:
    sources = [{"period": "1", "name": "a", "sha256": "0", "origin": "url", "detail": "https://me:secret@host.example/a.csv?x=1"}]
    ports.registry.register(Draft("trips", "key", "no such run", "ef" * 32, {}, {"sources": sources}), actor=made.id)
    assert lineage(ports, "trips", 1).sources[0].address == "https://host.example/a.csv?x=1"


def test_without_a_number_the_champion_is_meant(ports: Ports, made: Run) -> None:
    with pytest.raises(Refused, match="REG-002"):
        lineage(ports, "trips")
    register(ports, made)
    with pytest.raises(UsageError, match="REG-001"):
        lineage(ports, "trips", 7)
    ports.registry.swap_champion(Promotion("trips", 1, None, "tester", "by hand"))
    assert lineage(ports, "trips").champion
