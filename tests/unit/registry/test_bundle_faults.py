"""A bundle that was damaged, exchanged, replayed, or made to run code: never answered with (CATALOGUE M1 to M5)."""

import json
import os
import pickle
import random
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
from tests.reliability import count_trials

from steward.core.digest import digest_bytes
from steward.core.errors import Refused, StewardError
from steward.core.workspace import Workspace
from steward.flows import champion
from steward.flows.champion import load_version
from steward.registry import bundle as room
from steward.registry.bundle import BundleContent, BundleRecord, read_bundle, write_bundle
from steward.registry.versions import Version

Make = Callable[..., BundleContent]


class Written(Protocol):
    folder: Path
    record: BundleRecord


def outcome(folder: Path, files: dict[str, str] | Any) -> str:
    """Return the code by which a bundle is refused, or that it answered as it must."""
    try:
        read_bundle(folder, files).self_test()
    except StewardError as error:
        return error.faults[0].code
    return "answers"


@pytest.mark.parametrize("times", [60, pytest.param(2000, marks=pytest.mark.campaign)])
def test_damage_of_any_kind_is_refused_before_anything_is_parsed(
    written: Written, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    parsed: list[object] = []
    monkeypatch.setattr(room, "_assemble", lambda *given: parsed.append(given))
    draw, found = random.Random(20261121), []
    for _ in range(times):
        path = written.folder / draw.choice(sorted(written.record.files))
        whole = path.read_bytes()
        match draw.choice(["flip", "cut", "missing", "longer", "empty"]):
            case "flip":
                place = draw.randrange(len(whole))
                path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << draw.randrange(8))]) + whole[place + 1 :])
            case "cut":
                path.write_bytes(whole[: draw.randrange(len(whole))])
            case "missing":
                path.unlink()
            case "longer":
                path.write_bytes(whole + draw.randbytes(draw.randint(1, 100)))
            case _:
                path.write_bytes(b"")
        found.append(outcome(written.folder, written.record.files))
        path.write_bytes(whole)
    wrong = [code for code in found if code not in {"BUNDLE-002", "BUNDLE-003"}]
    what = "A flipped bit, a cut, a file missing, longer or empty in a bundle: refused before any of it is parsed"
    count_trials("M1", what, trials=times, failed=len(wrong) + len(parsed))
    assert (wrong, parsed) == ([], [])


@dataclass
class Mark:
    """Makes a folder when it is unpickled."""

    path: str

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.path,)


def planted(marker: str) -> dict[str, bytes]:
    """Return files that other loaders would run, by the name they look for."""
    runs = f"import os; os.mkdir({marker!r})\n".encode()
    mlmodel = f"flavors:\n  python_function:\n    loader_module: evil\n    code: ../../..{marker}\nmodel_uuid: x\n".encode()
    return {
        "model.pkl": pickle.dumps(Mark(marker)),
        "model.pkl.gz": pickle.dumps(Mark(marker)),
        "model.joblib": pickle.dumps(Mark(marker)),
        "model.skops": pickle.dumps(Mark(marker)),
        "MLmodel": mlmodel,
        "requirements.txt": f"-e ..{marker}\n".encode(),
        "conda.yaml": f"!!python/object/apply:os.mkdir [{marker}]\n".encode(),
        "code/evil.py": runs,
        "sitecustomize.py": runs,
        "lookups/__init__.py": runs,
        "features.pyc": runs,
        "bentofile.yaml": f"service: evil:{marker}\n".encode(),
    }


@pytest.mark.parametrize("vouched", ["by nobody", "by the registry"])
def test_twelve_payloads_of_other_loaders_are_neither_loaded_nor_left_lying(written: Written, tmp_path: Path, vouched: str) -> None:
    marker = tmp_path / "marker"
    payloads = planted(str(marker))
    found = []
    for name, content in payloads.items():
        path = written.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        files = {**written.record.files, **({name: digest_bytes(content)} if vouched == "by the registry" else {})}
        found.append(outcome(written.folder, files))
        path.unlink()
        if path.parent.name == "code":
            path.parent.rmdir()
    ran = int(marker.exists())
    wrong = [code for code in found if code != ("BUNDLE-001" if vouched == "by the registry" else "BUNDLE-002")]
    what = f"Files that other loaders would run (pickles, MLflow's, Python's own), vouched for {vouched}: refused, and nothing ran"
    count_trials("M2", what, trials=len(found), failed=len(wrong) + ran)
    assert (len(found), wrong, ran) == (12, [], 0)
    assert outcome(written.folder, written.record.files) == "answers"


@pytest.mark.parametrize("loads", [40, pytest.param(1000, marks=pytest.mark.campaign)])
def test_what_is_exchanged_while_it_is_read_is_refused_or_was_read_before(written: Written, tmp_path: Path, loads: int) -> None:
    marker, stop = tmp_path / "marker", threading.Event()
    evil = tmp_path / "evil"
    shutil.copytree(written.folder, evil)
    with (evil / "features.py").open("ab") as features:
        features.write(f"\nimport os\nos.mkdir({str(marker)!r})\n".encode())
    (evil / "model.json").write_bytes(pickle.dumps(Mark(str(marker))))

    def exchange() -> None:
        draw = random.Random(20261121)
        while not stop.is_set():
            name = draw.choice(["features.py", "model.json"])
            beside = written.folder.parent / "beside"
            source = (evil, written.folder.parent / "good")[draw.random() < 0.8]
            shutil.copy(source / name, beside)
            beside.replace(written.folder / name)

    shutil.copytree(written.folder, written.folder.parent / "good")
    swapping = threading.Thread(target=exchange)
    swapping.start()
    found: list[str] = []
    while len(found) < loads or (len(set(found)) < 2 and len(found) < 50 * loads):
        found.append(outcome(written.folder, written.record.files))
    stop.set()
    swapping.join()
    wrong = [code for code in found if code not in {"answers", "BUNDLE-003"}]
    figures = {"loaded": str(found.count("answers")), "refused": str(found.count("BUNDLE-003"))}
    what = (
        "A bundle whose files are exchanged all the time for hostile ones: what loads is what was recorded, and nothing else runs"
    )
    count_trials("M3", what, trials=len(found), failed=len(wrong) + marker.exists(), figures=figures)
    assert (wrong, marker.exists()) == ([], False)
    assert {"answers", "BUNDLE-003"} == set(found)


def test_an_older_version_in_the_place_of_a_newer_one_and_a_record_that_was_stripped_are_refused(
    make_content: Make, tmp_path: Path
) -> None:
    older, newer = write_bundle(tmp_path, make_content()), write_bundle(tmp_path, make_content(unit="s"))
    assert outcome(tmp_path / newer.digest, newer.files) == "answers"
    replayed = tmp_path / "replayed"
    shutil.copytree(tmp_path / older.digest, replayed)
    empty = tmp_path / "empty"
    empty.mkdir()
    found = {
        "older files": outcome(replayed, newer.files),
        "another record": outcome(tmp_path / newer.digest, older.files),
        "no record": outcome(tmp_path / newer.digest, {}),
        "half a record": outcome(tmp_path / newer.digest, dict(list(newer.files.items())[1:])),
        "nothing at all": outcome(empty, {}),
    }
    wrong = [name for name, code in found.items() if code not in {"BUNDLE-002", "BUNDLE-003", "BUNDLE-004"}]
    what = "An older version's files or record in the place of a newer one's, a record stripped or halved: refused"
    count_trials("M4", what, trials=len(found), failed=len(wrong))
    assert wrong == []


def test_no_other_order_of_the_features_is_taken_in_silence(make_content: Make, tmp_path: Path) -> None:
    record = write_bundle(tmp_path, make_content())
    folder = tmp_path / record.digest
    manifest, model = (json.loads((folder / name).read_text()) for name in ("manifest.json", "model.json"))
    found = []
    for order in list(permutations(manifest["wanted"]))[1:]:
        for changed in ("manifest", "model", "both"):
            parts = {"manifest.json": manifest, "model.json": model}
            if changed != "model":
                parts["manifest.json"] = manifest | {"wanted": list(order)}
            if changed != "manifest":
                parts["model.json"] = model | {"names": list(order)}
            contents = {name: json.dumps(part).encode() for name, part in parts.items()}
            for name, content in contents.items():
                (folder / name).write_bytes(content)
            found.append(outcome(folder, {**record.files, **{name: digest_bytes(content) for name, content in contents.items()}}))
    wrong = [code for code in found if code not in {"BUNDLE-004", "BUNDLE-005"}]
    what = "Features in another order in the manifest, the model or both, vouched for by the registry: refused, never reordered"
    count_trials("M5", what, trials=len(found), failed=len(wrong))
    assert (len(found), wrong) == (15, [])


class Odd:
    """A model that answers as it was told, whatever it was asked."""

    kind = "mean"

    def __init__(self, answers: Any) -> None:
        self.answers = answers

    def predict(self, matrix: Any) -> Any:
        return self.answers(len(matrix))


ODD: dict[str, Callable[[int], Any]] = {
    "NaN": lambda rows: np.full(rows, np.nan),
    "one NaN": lambda rows: np.r_[np.full(rows - 1, 10.0), np.nan],
    "infinite": lambda rows: np.full(rows, np.inf),
    "one row short": lambda rows: np.full(rows - 1, 10.0),
    "one row for all": lambda _: np.full(1, 10.0),
    "a number for all": lambda _: np.float64(10.0),
    "probabilities": lambda rows: np.full((rows, 2), 0.5),
    "as columns": lambda rows: np.full((rows, rows), 10.0),
    "none": lambda _: np.empty(0),
}


@pytest.mark.parametrize("answers", ODD)
def test_answers_of_another_shape_or_none_at_all_fail_the_self_test(make_content: Make, tmp_path: Path, answers: str) -> None:
    content = make_content(expected=np.full(12, 10.0))
    record = write_bundle(tmp_path, content)
    bundle = read_bundle(tmp_path / record.digest, record.files)
    object.__setattr__(bundle, "model", Odd(ODD[answers]))
    with pytest.raises(Refused, match="BUNDLE-005"):
        bundle.self_test()


def test_a_version_that_answers_its_stored_rows_too_slowly_does_not_serve(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = Version("rides", 1, "r1", written.record.digest, written.record.files, {}, "2026-01-01T00:00:00+00:00")
    assert load_version(Workspace(tmp_path), version).bundle.digest == written.record.digest
    monkeypatch.setattr(champion, "MOST_S", -1.0)
    with pytest.raises(Refused, match=r"BUNDLE-006.*rides v1 answers too slowly to serve[\s\S]*12 stored rows took 0 s"):
        load_version(Workspace(tmp_path), version)
