"""Which content is this? SHA-256 of files, bytes and JSON values, as lower-case hex."""

import hashlib
import json
from pathlib import Path

# Made once: making one costs more than spelling a small value.
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_bytes(content: bytes) -> str:
    """Return the SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical_json(value: object) -> str:
    """Return one spelling for one value: sorted keys, no spaces, no NaN.

    >>> canonical_json({"b": 1, "a": [1.5, None]})
    '{"a":[1.5,null],"b":1}'
    """
    return _CANONICAL.encode(value)


def digest_json(value: object) -> str:
    """Return the SHA-256 of a JSON value's canonical spelling."""
    return digest_bytes(canonical_json(value).encode())
