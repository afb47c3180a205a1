"""What somebody with write access to the bundle, but not to the registry, may try. Nothing of theirs is ever run."""

import os
import pickle
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steward.core.digest import digest_bytes
from steward.core.errors import Refused, UsageError
from steward.registry import bundle as room
from steward.registry.bundle import BundleRecord, read_bundle

FILES = [
    "manifest.json",
    "model.json",
    "features.py",
    "dictionary.json",
    "reference.json",
    "selftest.json",
    "lookups/zones_pickup.json",
]


class Written(Protocol):
    folder: Path
    record: BundleRecord


class Mark:
    """A pickle that writes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "marker"


@pytest.fixture
def nothing_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    def loud(*_: object) -> None:
        raise AssertionError("a file was parsed before all were verified")

    monkeypatch.setattr(room, "_assemble", loud)


def _refused(written: Written, code: str, files: dict[str, str] | None = None) -> str:
    with pytest.raises(Refused) as refused:
        read_bundle(written.folder, written.record.files if files is None else files)
    assert {fault.code for fault in refused.value.faults} == {code}
    assert all(fault.fix for fault in refused.value.faults)
    return str(refused.value)


@pytest.mark.usefixtures("nothing_is_parsed")
@pytest.mark.parametrize("name", FILES)
def test_a_single_changed_byte_is_refused(name: str, written: Written) -> None:
    content = bytearray((written.folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (written.folder / name).write_bytes(content)
    assert f"{name} is not what was recorded" in _refused(written, "BUNDLE-003")


@pytest.mark.usefixtures("nothing_is_parsed")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.sampled_from(FILES), st.data())
def test_a_flip_or_a_cut_anywhere_is_refused(written: Written, name: str, data: st.DataObject) -> None:
    path = written.folder / name
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    cut = data.draw(st.booleans())
    path.write_bytes(whole[:place] if cut else whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
    try:
        assert name in _refused(written, "BUNDLE-003")
    finally:
        path.write_bytes(whole)


@pytest.mark.usefixtures("nothing_is_parsed")
@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(name: str, written: Written) -> None:
    (written.folder / name).unlink()
    assert f"{name} is missing" in _refused(written, "BUNDLE-002")


@pytest.mark.usefixtures("nothing_is_parsed")
def test_a_missing_bundle_is_refused(written: Written) -> None:
    written.folder.rename(written.folder.with_name("elsewhere"))
    assert "folder is not there" in _refused(written, "BUNDLE-002")


@pytest.mark.usefixtures("nothing_is_parsed")
@pytest.mark.parametrize(
    "name", ["model.pkl", "conftest.py", "steward.py", ".hidden", "lookups/more.json", "code/evil.py", "__pycache__/features.pyc"]
)
def test_a_file_too_many_is_refused(name: str, written: Written, marker: Path) -> None:
    (written.folder / name).parent.mkdir(exist_ok=True)
    (written.folder / name).write_bytes(pickle.dumps(Mark(marker)))
    assert f"{name} does not belong to the bundle" in _refused(written, "BUNDLE-002")
    assert not marker.exists()


@pytest.mark.usefixtures("nothing_is_parsed")
@pytest.mark.parametrize("name", FILES)
def test_a_link_to_the_very_same_content_is_refused(name: str, written: Written, tmp_path: Path) -> None:
    away = tmp_path / "away"
    (written.folder / name).rename(away)
    (written.folder / name).symlink_to(away)
    assert name.rsplit("/", maxsplit=1)[-1] in _refused(written, "BUNDLE-001").splitlines()[0]


@pytest.mark.usefixtures("nothing_is_parsed")
def test_linked_folders_are_refused(written: Written, tmp_path: Path) -> None:
    away = tmp_path / "away"
    (written.folder / "lookups").rename(away)
    (written.folder / "lookups").symlink_to(away, target_is_directory=True)
    assert "lookups is not an ordinary file" in _refused(written, "BUNDLE-001")
    (written.folder / "lookups").unlink()
    away.rename(written.folder / "lookups")
    written.folder.rename(away)
    written.folder.symlink_to(away, target_is_directory=True)
    assert "folder is not there" in _refused(written, "BUNDLE-002")


@pytest.mark.usefixtures("nothing_is_parsed")
def test_a_pipe_in_the_place_of_a_file_does_not_hang(written: Written) -> None:
    (written.folder / "model.json").unlink()
    os.mkfifo(written.folder / "model.json")
    assert "not an ordinary file" in _refused(written, "BUNDLE-001")


@pytest.mark.usefixtures("nothing_is_parsed")
@pytest.mark.parametrize(
    "name", ["../model.json", "lookups/../model.json", "/etc/passwd", "lookups/../../x.json", "model.pkl", "lookups/a.json\n", ""]
)
def test_a_record_that_names_a_path_or_a_pickle_is_refused(name: str, written: Written, marker: Path) -> None:
    content = pickle.dumps(Mark(marker))
    if name == "model.pkl":
        (written.folder / name).write_bytes(content)
    files = {**written.record.files, name: digest_bytes(content)}
    assert f"no bundle holds a file named {name!r}" in _refused(written, "BUNDLE-001", files)
    assert not marker.exists()


@pytest.mark.parametrize(
    "name", ["model.json", "manifest.json", "reference.json", "lookups/zones_pickup.json", "selftest.json", "dictionary.json"]
)
def test_a_pickle_is_never_loaded_even_where_the_registry_was_made_to_vouch_for_it(
    name: str, written: Written, marker: Path
) -> None:
    content = pickle.dumps(Mark(marker), protocol=0)
    (written.folder / name).write_bytes(content)
    with pytest.raises((Refused, UsageError)):
        read_bundle(written.folder, {**written.record.files, name: digest_bytes(content)})
    assert not marker.exists()


@pytest.mark.usefixtures("nothing_is_parsed")
def test_changed_features_are_not_run(written: Written, marker: Path) -> None:
    with (written.folder / "features.py").open("a") as file:
        file.write(f"\nopen({str(marker)!r}, 'w')\n")
    _refused(written, "BUNDLE-003")
    assert not marker.exists()


def test_what_is_exchanged_after_verification_is_not_what_is_loaded(
    written: Written, marker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = room.read_sealed

    def exchange(*arguments: object) -> object:
        files = verified(*arguments)  # type: ignore[arg-type]
        for name in FILES:
            (written.folder / name).write_text(f"open({str(marker)!r}, 'w')")
        return files

    monkeypatch.setattr(room, "read_sealed", exchange)
    read_bundle(written.folder, written.record.files).self_test()
    assert not marker.exists()


@pytest.mark.usefixtures("nothing_is_parsed")
def test_every_damaged_file_is_named_at_once(written: Written) -> None:
    for name in ("model.json", "features.py"):
        (written.folder / name).write_text("x")
    text = _refused(written, "BUNDLE-003")
    assert "model.json" in text
    assert "features.py" in text


def test_reading_leaves_nothing_in_the_bundle(written: Written) -> None:
    before = sorted(path.relative_to(written.folder) for path in written.folder.rglob("*"))
    read_bundle(written.folder, written.record.files).self_test()
    assert sorted(path.relative_to(written.folder) for path in written.folder.rglob("*")) == before
    read_bundle(written.folder, written.record.files).self_test()
