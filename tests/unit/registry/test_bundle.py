import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl
import pytest

from steward.core.digest import digest_bytes, digest_json
from steward.core.errors import Refused
from steward.models.answer import AnswerRule
from steward.models.conformal import Margin
from steward.project.candidates import LightGbmSpec, LinearSpec, MeanSpec, MlpSpec, RandomForestSpec, XGBoostSpec
from steward.registry.bundle import BundleContent, BundleRecord, library_versions, read_bundle, write_bundle

Make = Callable[..., BundleContent]
Rows = Callable[[int], pl.DataFrame]
SPECS = [
    MeanSpec(kind="mean"),
    LinearSpec(kind="linear"),
    LightGbmSpec(kind="lightgbm", num_trees=5),
    XGBoostSpec(kind="xgboost", num_trees=5),
    RandomForestSpec(kind="random_forest", num_trees=5),
    MlpSpec(kind="mlp", hidden=(4,), epochs=2),
]


class Written(Protocol):
    folder: Path
    record: BundleRecord


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.kind)
def test_a_bundle_answers_as_its_model_did_when_it_was_made(spec: Any, make_content: Make, tmp_path: Path) -> None:
    content = make_content(spec)
    record = write_bundle(tmp_path, content)
    bundle = read_bundle(tmp_path / record.digest, record.files)
    assert np.array_equal(bundle.predict(content.selftest), content.expected)
    assert (bundle.model.kind, bundle.digest) == (spec.kind, record.digest)
    bundle.self_test()


def test_a_bundle_knows_what_it_reads_and_where_it_comes_from(written: Written, make_rows: Rows) -> None:
    bundle = read_bundle(written.folder, written.record.files)
    assert sorted(bundle.inputs) == ["pickup_at", "pickup_zone"]
    assert (bundle.wanted, bundle.categories) == (("pickup_zone", "pickup_hour", "north"), ("pickup_zone",))
    assert list(bundle.importance) == list(bundle.wanted)
    assert sum(bundle.importance.values()) == pytest.approx(1)
    assert bundle.reference == {"sketch": {"rows": 400}}
    assert bundle.dictionary.columns["dropoff_at"].known_at == "outcome"
    told = {name: bundle.manifest[name] for name in ("task", "target", "unit", "left_out")}
    assert told == {
        "task": "regression",
        "target": "duration_min",
        "unit": "min",
        "left_out": {"weather": "no lookup gives rain_mm"},
    }
    assert bundle.manifest["provenance"]["origin"] == "simulated"
    assert bundle.manifest["libraries"] == library_versions()
    # zone 2 lies at 40.75; zone 4 is not in the lookup
    features = bundle.features(make_rows(4))
    assert features["north"].to_list() == [None, 0.75, 1.0, None]


def test_the_version_of_xgboost_is_noted_where_it_answers() -> None:
    more = library_versions("xgboost").keys() - library_versions("random_forest").keys()
    assert more in ({"xgboost"}, {"xgboost-cpu"})


def test_the_same_content_makes_the_same_bytes_and_is_written_once(make_content: Make, tmp_path: Path) -> None:
    first = write_bundle(tmp_path / "a", make_content())
    second = write_bundle(tmp_path / "b", make_content())
    assert first == second
    inode = (tmp_path / "a" / first.digest / "manifest.json").stat().st_ino
    assert write_bundle(tmp_path / "a", make_content()) == first
    assert (tmp_path / "a" / first.digest / "manifest.json").stat().st_ino == inode
    assert [path.name for path in (tmp_path / "a").iterdir()] == [first.digest]


def test_the_digest_is_that_of_the_hashes_of_the_files(written: Written) -> None:
    files = {path.relative_to(written.folder).as_posix(): digest_bytes(path.read_bytes()) for path in written.folder.rglob("*.*")}
    assert files == written.record.files
    assert sorted(files) == [
        "dictionary.json",
        "features.py",
        "lookups/zones_pickup.json",
        "manifest.json",
        "model.json",
        "reference.json",
        "selftest.json",
    ]
    assert written.folder.name == written.record.digest == digest_json(files)


def test_any_change_of_content_changes_the_digest(make_content: Make, written: Written, tmp_path: Path) -> None:
    changed = make_content(unit="s")
    assert write_bundle(tmp_path, changed).digest != written.record.digest


def test_a_damaged_bundle_is_mended_by_writing_it_again(make_content: Make, written: Written) -> None:
    (written.folder / "model.json").write_text("{}")
    (written.folder / "more.txt").write_text("x")
    assert write_bundle(written.folder.parent, make_content()) == written.record
    read_bundle(written.folder, written.record.files).self_test()


def test_a_model_of_other_columns_does_not_come_into_a_bundle(make_content: Make) -> None:
    with pytest.raises(ValueError, match="the bundle would give it"):
        make_content(wanted=("pickup_hour", "pickup_zone", "north"))


def test_a_self_test_needs_an_answer_to_each_row(make_content: Make, make_rows: Rows) -> None:
    with pytest.raises(ValueError, match="self-test needs rows"):
        make_content(selftest=make_rows(0), expected=np.empty(0))
    with pytest.raises(ValueError, match="self-test needs rows"):
        make_content(selftest=make_rows(3))


@pytest.mark.parametrize("name", ["../evil", "a/b", "", "zones.json\n", ".hidden", "x" * 101])
def test_a_lookup_cannot_be_named_out_of_its_folder(name: str, make_content: Make, tmp_path: Path) -> None:
    content = make_content()
    with pytest.raises(ValueError, match="no bundle holds files named"):
        write_bundle(tmp_path / "bundles", replace(content, lookups=(replace(content.lookups[0], name=name),)))
    assert list(tmp_path.iterdir()) == []


def test_a_self_test_that_differs_names_the_row_and_the_library_to_install(make_content: Make, tmp_path: Path) -> None:
    content = make_content()
    expected = content.expected.copy()
    expected[3] += 1e-5
    record = write_bundle(tmp_path, make_content(expected=expected, libraries={**library_versions(), "lightgbm": "3.0.0"}))
    with pytest.raises(Refused) as refused:
        read_bundle(tmp_path / record.digest, record.files).self_test()
    text = str(refused.value)
    assert "BUNDLE-005" in text
    assert "1 of 12 stored rows" in text
    assert "row 3" in text
    assert "lightgbm was 3.0.0 and is " in text
    assert "'lightgbm==3.0.0'" in text


def test_a_self_test_on_the_same_libraries_blames_the_machine(make_content: Make, tmp_path: Path) -> None:
    record = write_bundle(tmp_path, make_content(expected=make_content().expected + 1))
    with pytest.raises(Refused, match="same versions"):
        read_bundle(tmp_path / record.digest, record.files).self_test()


def _rewrite(written: Written, name: str, content: bytes) -> dict[str, str]:
    (written.folder / name).write_bytes(content)
    return {**written.record.files, name: digest_bytes(content)}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("manifest.json", b"{}"),
        ("manifest.json", b"[]"),
        ("manifest.json", b"\xff"),
        ("dictionary.json", b'{"columns": {}}'),
        ("selftest.json", b'{"rows": [{"name": "a", "type": "complex", "values": []}], "expected": []}'),
        ("lookups/zones_pickup.json", b"{"),
    ],
)
def test_recorded_files_that_make_no_bundle_are_refused(name: str, content: bytes, written: Written) -> None:
    with pytest.raises(Refused, match="BUNDLE-004"):
        read_bundle(written.folder, _rewrite(written, name, content))


def test_a_bundle_of_a_later_format_is_refused(written: Written) -> None:
    manifest = json.loads((written.folder / "manifest.json").read_text())
    files = _rewrite(written, "manifest.json", json.dumps(manifest | {"format": 2}).encode())
    with pytest.raises(Refused, match="its format is 2, this version of Steward reads 1"):
        read_bundle(written.folder, files)


def test_a_model_that_reads_its_columns_in_another_order_is_refused(written: Written) -> None:
    model = json.loads((written.folder / "model.json").read_text())
    files = _rewrite(written, "model.json", json.dumps(model | {"names": model["names"][::-1]}).encode())
    with pytest.raises(Refused, match="BUNDLE-004"):
        read_bundle(written.folder, files)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.kind)
def test_a_bundle_of_classes_answers_with_their_probabilities(spec: Any, make_content: Make, tmp_path: Path) -> None:
    content = make_content(spec, classes=("long", "short", "usual"), task="multiclass")
    record = write_bundle(tmp_path, content)
    bundle = read_bundle(tmp_path / record.digest, record.files)
    assert bundle.classes == ("long", "short", "usual")
    assert bundle.predict(content.selftest).shape == (12, 3)
    bundle.self_test()


def test_a_probability_that_differs_names_its_row(make_content: Make, tmp_path: Path) -> None:
    content = make_content(classes=(False, True), task="binary")
    expected = content.expected.copy()
    expected[4] = [0.5, 0.5]
    record = write_bundle(tmp_path, replace(content, expected=expected))
    bundle = read_bundle(tmp_path / record.digest, record.files)
    assert bundle.classes == (False, True)
    with pytest.raises(Refused, match=r"BUNDLE-005.*1 of 12 stored rows[\s\S]*row 4: \[0.5, 0.5\] then"):
        bundle.self_test()


def test_answers_of_another_shape_than_the_classes_make_no_bundle(make_content: Make, tmp_path: Path) -> None:
    content = make_content(classes=(0, 1, 2), task="multiclass")
    with pytest.raises(ValueError, match="a self-test needs rows and an answer to each"):
        replace(content, classes=(0, 1))
    record = write_bundle(tmp_path, content)
    folder = tmp_path / record.digest
    manifest = json.loads((folder / "manifest.json").read_text())
    changed = json.dumps(manifest | {"classes": [0, 1]}).encode()
    (folder / "manifest.json").write_bytes(changed)
    with pytest.raises(Refused, match="BUNDLE-004"):
        read_bundle(folder, {**record.files, "manifest.json": digest_bytes(changed)})


def test_a_bundle_of_a_quantity_says_nothing_of_classes(written: Written) -> None:
    bundle = read_bundle(written.folder, written.record.files)
    assert bundle.classes == ()
    assert "classes" not in bundle.manifest


MARGIN = Margin(0.9, (12.5,), (1.0, 2.0), (3.0, 4.0), least=0.0)


def test_a_margin_travels_in_the_bundle_and_changes_no_answer(make_content: Make, tmp_path: Path) -> None:
    plain, content = make_content(), make_content(rule=AnswerRule(margin=MARGIN))
    record = write_bundle(tmp_path, content)
    bundle = read_bundle(tmp_path / record.digest, record.files)
    assert bundle.rule.margin == MARGIN
    assert np.array_equal(bundle.predict(content.selftest), plain.expected)
    assert record.digest != write_bundle(tmp_path, plain).digest  # it is part of what was verified
    bundle.self_test()


def test_a_bundle_from_before_there_were_margins_has_none(make_content: Make, tmp_path: Path) -> None:
    record = write_bundle(tmp_path, make_content())
    assert "answer.json" not in record.files
    assert read_bundle(tmp_path / record.digest, record.files).rule.margin is None


@pytest.mark.parametrize("change", [{"below": [1.0]}, {"level": 2}, {"above": ["wide", 1.0]}, {"edges": None}, {"least": {}}])
def test_a_margin_that_is_none_makes_no_bundle(make_content: Make, tmp_path: Path, change: dict[str, Any]) -> None:
    record = write_bundle(tmp_path, make_content(rule=AnswerRule(margin=MARGIN)))
    told = {"calibration": None, "threshold": None, "margin": {**MARGIN.as_dict(), **change}}
    changed = json.dumps(told).encode()
    (tmp_path / record.digest / "answer.json").write_bytes(changed)
    with pytest.raises(Refused, match="BUNDLE-004"):
        read_bundle(tmp_path / record.digest, {**record.files, "answer.json": digest_bytes(changed)})
