"""How do arrays become bytes, and come back without anything being run?

An `.npz` as NumPy writes it, but with neither clock nor compression: the same arrays make the same bytes. Read back are arrays of
the kinds that were asked for and no others; an array of objects, which is a pickle, is none of them.
"""

import io
import re
import zipfile
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[Any]]

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the zero of a zip file's clock
_ON_UNIX = 3  # wherever it is written


def pack_arrays(arrays: Arrays) -> bytes:
    """Return the bytes of an `.npz`: the same arrays give the same bytes, whenever and wherever."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member, file = zipfile.ZipInfo(f"{name}.npy", _LONG_AGO), io.BytesIO()
            member.create_system = _ON_UNIX
            little = array.dtype.newbyteorder("<") if array.dtype.byteorder == ">" else array.dtype
            np.lib.format.write_array(file, np.ascontiguousarray(array, little), version=(1, 0), allow_pickle=False)
            archive.writestr(member, file.getvalue())
    return content.getvalue()


def unpack_arrays(content: bytes, expected: Mapping[str, str]) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of an `.npz` by name; they cannot be written to.

    Args:
        content: what `pack_arrays` returned.
        expected: what each array holds and how many dimensions it has, as ``float64 1`` or ``str 1``, by a pattern of names.

    Raises:
        ValueError: another array than those, one of another kind, or bytes that make none.
        zipfile.BadZipFile: the bytes are no archive, or damaged.
    """
    found: dict[str, npt.NDArray[Any]] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            if member.compress_type != zipfile.ZIP_STORED or name == member.filename or name in found:
                raise ValueError(f"{member.filename!r} has no place among these arrays")
            kind = next((kind for pattern, kind in expected.items() if re.fullmatch(pattern, name)), None)
            found[name] = _array(name, archive.read(member), kind)
    missing = [name for name in expected if not any(re.fullmatch(name, one) for one in found)]
    if missing:
        raise ValueError(f"there is no array {', '.join(missing)}")
    return found


def _array(name: str, content: bytes, kind: str | None) -> npt.NDArray[Any]:
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError(f"{name} is of another format")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    held = "str" if dtype.kind == "U" else dtype.name
    if f"{held} {len(shape)}" != kind or fortran or dtype.hasobject or dtype.byteorder == ">":
        raise ValueError(f"{name} holds {dtype} in {len(shape)} dimensions, not {kind or 'what belongs here'}")
    data = content[file.tell() :]
    if len(data) != prod(shape) * dtype.itemsize:
        raise ValueError(f"{name} is cut short, or goes on after its end")
    return np.ndarray(shape, dtype, buffer=data)
