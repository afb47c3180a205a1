"""What of a row is written down."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.core.errors import EnvironmentFault
from steward.project.dictionary import ColumnSpec, DictionarySpec
from steward.project.serving import ServingSpec
from steward.serving.log import SegmentLog
from steward.serving.private import care_of, hashed, hidden_in, is_hashed, read_key, row_keeper

DICTIONARY = DictionarySpec(
    columns={
        "zone": ColumnSpec(type="integer", known_at="request", meaning="where"),
        "age": ColumnSpec(type="number", known_at="request", meaning="how old", sensitivity="personal"),
        "sick": ColumnSpec(type="boolean", known_at="request", meaning="whether ill", sensitivity="sensitive", required=False),
    }
)
ROW = {"zone": 7, "age": 63.0, "sick": True}
KEY = b"k" * 32


@pytest.mark.parametrize(
    ("serving", "kept"),
    [
        (ServingSpec(), {"zone": 7, "age": 63.0, "sick": hashed("sick", value=True, key=KEY)}),
        (ServingSpec(sensitive="leave_out"), {"zone": 7, "age": 63.0}),
        (ServingSpec(sensitive="keep"), ROW),
        (ServingSpec(sensitive="leave_out", personal="hash"), {"zone": 7, "age": hashed("age", 63, KEY)}),
    ],
)
def test_the_project_says_what_is_hidden_and_how(serving: ServingSpec, kept: dict[str, object]) -> None:
    assert row_keeper(care_of(DICTIONARY, serving), KEY)(ROW) == kept


def test_a_missing_value_stays_missing() -> None:
    assert row_keeper(care_of(DICTIONARY, ServingSpec()), KEY)({"sick": None}) == {"sick": None}


def test_a_hash_tells_values_columns_and_keys_apart_and_nothing_else() -> None:
    one = hashed("age", 63, KEY)
    assert one == hashed("age", 63.0, KEY)
    assert one not in (hashed("age", 64, KEY), hashed("zone", 63, KEY), hashed("age", 63, b"other"), hashed("age", "63", KEY))
    assert "63" not in one or len(str(one)) > 40
    assert is_hashed(one)
    assert not any(map(is_hashed, ROW.values()))
    assert hidden_in([ROW, {"age": one}]) == {"age"}


@given(st.text(max_size=20), st.text(max_size=20))
def test_only_equal_texts_have_equal_hashes(one: str, other: str) -> None:
    assert (hashed("name", one, KEY) == hashed("name", other, KEY)) == (one == other)


def test_the_log_holds_what_is_kept_and_the_record_is_not_changed(tmp_path: Path) -> None:
    log = SegmentLog(tmp_path, "a", as_kept=row_keeper(care_of(DICTIONARY, ServingSpec(sensitive="leave_out")), KEY))
    record = {"prediction_id": "p1", "row": ROW, "prediction": 1.0}
    log.append([record])
    assert list(log.records()) == [{**record, "row": {"zone": 7, "age": 63.0}}]
    assert record["row"] == ROW


def test_the_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "log.key"
    key = read_key(path)
    assert len(key) == 32
    assert read_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["log.key"]


@pytest.mark.parametrize("content", ["", "ab", "not hex"])
def test_a_spoilt_key_is_refused_and_never_made_anew(tmp_path: Path, content: str) -> None:
    path = tmp_path / "log.key"
    path.write_text(content)
    with pytest.raises(EnvironmentFault, match="SERVE-090"):
        read_key(path)
    assert path.read_text() == content
