from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from steward.models.arrays import pack_arrays, unpack_arrays

KINDS = {"a": "float64 2", r"b_\d": "int32 1", "names": "str 1"}


@given(arrays.arrays(np.float64, st.tuples(st.integers(0, 4), st.integers(0, 3))), arrays.arrays(np.int32, st.integers(0, 5)))
def test_arrays_come_back_as_they_were_and_make_the_same_bytes(first: np.ndarray, second: np.ndarray) -> None:
    given_ = {"a": first, "b_0": second, "names": np.array(["x", "straße"])}
    content = pack_arrays(given_)
    found = unpack_arrays(content, KINDS)
    assert list(found) == list(given_)
    assert all(np.array_equal(found[name], array, equal_nan=array.dtype.kind == "f") for name, array in given_.items())
    assert pack_arrays(found) == content


def test_numpy_reads_it_too(tmp_path: Path) -> None:
    (tmp_path / "some.npz").write_bytes(pack_arrays({"a": np.eye(2)}))
    with np.load(tmp_path / "some.npz", allow_pickle=False) as found:
        assert found["a"].tolist() == [[1, 0], [0, 1]]


def test_big_endian_numbers_make_the_same_bytes() -> None:
    assert pack_arrays({"a": np.eye(2, dtype=">f8")}) == pack_arrays({"a": np.eye(2)})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"a": np.eye(2, dtype=np.float32)}, "a holds float32 in 2 dimensions, not float64 2"),
        ({"a": np.ones(2)}, "a holds float64 in 1 dimensions"),
        ({"c": np.ones(2)}, "not what belongs here"),
        ({"a": np.eye(3)[:, ::2].T.copy(order="C").T}, None),
    ],
)
def test_other_arrays_than_expected_are_refused(changed: dict[str, np.ndarray], message: str | None) -> None:
    content = pack_arrays({"a": np.eye(2), "b_1": np.zeros(3, np.int32), "names": np.array(["x"]), **changed})
    if message is None:
        assert unpack_arrays(content, KINDS)["a"].shape == (3, 2)
        return
    with pytest.raises(ValueError, match=message):
        unpack_arrays(content, KINDS)
    with pytest.raises(ValueError, match="there is no array names"):
        unpack_arrays(pack_arrays({"a": np.eye(2), "b_1": np.zeros(3, np.int32)}), KINDS)
