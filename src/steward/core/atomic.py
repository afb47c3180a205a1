"""How does a file appear whole or not at all? Written beside, flushed, then renamed."""

import os
from pathlib import Path


def write_bytes_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path`; a crash leaves the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def write_text_atomically(path: Path, content: str) -> None:
    """Write `content` as UTF-8 to `path`, whole or not at all."""
    write_bytes_atomically(path, content.encode())
