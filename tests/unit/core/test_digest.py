from pathlib import Path

import pytest

from steward.core.atomic import write_text_atomically
from steward.core.digest import canonical_json, digest_bytes, digest_file, digest_json


def test_the_digest_of_nothing_is_the_published_one(tmp_path: Path) -> None:
    known = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    (tmp_path / "empty").touch()
    assert digest_bytes(b"") == known
    assert digest_file(tmp_path / "empty") == known


def test_the_order_of_keys_does_not_matter() -> None:
    assert digest_json({"a": 1, "b": [2]}) == digest_json({"b": [2], "a": 1})


def test_not_a_number_has_no_canonical_spelling() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json(float("nan"))


def test_a_file_is_replaced_as_a_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file.txt"
    write_text_atomically(target, "first")
    write_text_atomically(target, "second")
    assert target.read_text() == "second"
    assert [path.name for path in target.parent.iterdir()] == ["file.txt"]
