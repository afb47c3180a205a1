"""Twelve artifacts that would run code in a reader that trusts them. Each is tried as the model of every kind, twice:

without the registry's hash being changed, and with it, as somebody could who writes to both. Nothing of theirs is ever run.
"""

import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import joblib
import numpy as np
import pytest

from steward.core.digest import digest_bytes
from steward.core.errors import StewardError
from steward.models.zoo import FILES, parse
from steward.registry.bundle import BundleRecord, read_bundle
from steward.registry.content import bundle_digest


class Written(Protocol):
    folder: Path
    record: BundleRecord


class Mark:
    """Touches a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.path,)


def _pickle(protocol: int) -> Callable[[str], bytes]:
    return lambda marker: pickle.dumps(Mark(marker), protocol)


def _joblib(marker: str) -> bytes:
    buffer = io.BytesIO()
    joblib.dump({"model": Mark(marker)}, buffer)
    return buffer.getvalue()


def _joblib_compressed(marker: str) -> bytes:
    buffer = io.BytesIO()
    joblib.dump([Mark(marker)], buffer, compress=("zlib", 3))
    return buffer.getvalue()


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _skops(marker: str) -> bytes:
    """A skops archive that brings the list of types to be trusted along, as one that is asked to trust itself."""
    schema = {
        "__class__": "mkdir",
        "__module__": "os",
        "__loader__": "ReduceNode",
        "content": {"args": [marker]},
        "trusted": ["os.mkdir"],
        "protocol": 2,
    }
    return _zip({"schema.json": json.dumps(schema).encode()})


def _torch(marker: str) -> bytes:
    return _zip({"archive/data.pkl": pickle.dumps(Mark(marker)), "archive/version": b"3"})


def _array_of_objects(marker: str) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([Mark(marker)], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def _archive_of_objects(marker: str) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, value=np.array([Mark(marker)], dtype=object))
    return buffer.getvalue()


def _archive_that_climbs(marker: str) -> bytes:
    return _zip({f"../../../..{marker}/evil.py": b"import os", f"{marker}/evil.npy": _array_of_objects(marker)})


def _yaml(marker: str) -> bytes:
    return f'!!python/object/apply:os.mkdir ["{marker}"]\n'.encode()


def _python(marker: str) -> bytes:
    return f'__import__("os").mkdir({marker!r})\n'.encode()


def _trees_that_name_files(marker: str) -> bytes:
    lines = ["tree", "version=v4", "num_class=1", f"forcedsplits_filename={marker}", f"[output_model: {marker}]", "end of trees"]
    return "\n".join(lines).encode()


ARTIFACTS: dict[str, Callable[[str], bytes]] = {
    "a pickle of the oldest protocol": _pickle(0),
    "a pickle of the newest protocol": _pickle(5),
    "a joblib file": _joblib,
    "a compressed joblib file": _joblib_compressed,
    "a skops archive with a trust list of its own": _skops,
    "a PyTorch archive": _torch,
    "an array of objects": _array_of_objects,
    "an archive of arrays of objects": _archive_of_objects,
    "an archive whose members climb out of it": _archive_that_climbs,
    "YAML with a Python tag": _yaml,
    "a Python file": _python,
    "trees that name files": _trees_that_name_files,
}


@pytest.mark.parametrize("kind", sorted(FILES))
@pytest.mark.parametrize("artifact", ARTIFACTS)
def test_a_hostile_artifact_in_the_place_of_a_model_is_refused_and_not_run(artifact: str, kind: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    with pytest.raises(StewardError) as refused:
        parse(kind, ARTIFACTS[artifact](str(marker)))
    assert refused.value.faults[0].code in {"MODEL-003", "MODEL-020"}
    assert not marker.exists()


@pytest.mark.parametrize("recorded", ["with the hash of the model", "with a hash of its own"])
@pytest.mark.parametrize("artifact", ARTIFACTS)
def test_a_bundle_with_a_hostile_model_is_refused_and_not_run(
    artifact: str, recorded: str, written: Written, tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    content = ARTIFACTS[artifact](str(marker))
    (written.folder / "model.json").write_bytes(content)
    files = dict(written.record.files)
    if recorded == "with a hash of its own":
        files["model.json"] = digest_bytes(content)
    with pytest.raises(StewardError) as refused:
        read_bundle(written.folder, BundleRecord(bundle_digest(files), files).files)
    assert refused.value.faults[0].code in {"BUNDLE-003", "MODEL-003"}
    assert not marker.exists()


@pytest.mark.parametrize("artifact", ARTIFACTS)
def test_a_link_to_a_hostile_file_is_not_followed(artifact: str, written: Written, tmp_path: Path) -> None:
    marker, evil = tmp_path / "marker", tmp_path / "evil"
    evil.write_bytes(ARTIFACTS[artifact](str(marker)))
    (written.folder / "model.json").unlink()
    (written.folder / "model.json").symlink_to(evil)
    files = {**written.record.files, "model.json": digest_bytes(evil.read_bytes())}
    with pytest.raises(StewardError) as refused:
        read_bundle(written.folder, files)
    assert refused.value.faults[0].code == "BUNDLE-001"
    assert not marker.exists()


def test_the_artifacts_do_run_code_in_a_reader_that_trusts_them(tmp_path: Path) -> None:
    for number, artifact in enumerate(["a pickle of the oldest protocol", "a pickle of the newest protocol"]):
        marker = tmp_path / str(number)
        pickle.loads(ARTIFACTS[artifact](str(marker)))
        assert marker.exists()
    marker = tmp_path / "joblib"
    joblib.load(io.BytesIO(_joblib(str(marker))))
    assert marker.exists()
    marker = tmp_path / "arrays"
    assert np.load(io.BytesIO(_archive_of_objects(str(marker))), allow_pickle=True)["value"].shape == (1,)
    assert marker.exists()
