"""Which files say of themselves that their rows are no record of the world?

A file that `steward simulate` writes carries it in its Parquet metadata, whatever it is called and wherever it is copied:
rows made up wholly are "simulated", real ones with something done to them are "bent".
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import polars as pl

from steward.core.errors import Fault, UsageError

MadeUp = Literal["simulated", "bent"]

_KEY = "steward.made"


def write_made_up(frame: pl.DataFrame, path: Path, origin: MadeUp, facts: Mapping[str, Any]) -> None:
    """Write rows as a Parquet file that says what they are; `facts` are JSON values: how they were made.

    Raises:
        UsageError: SIM-019 the file is there, and its rows were not made up: it is not written over.
    """
    if path.exists() and origin_of(path) is None:
        fix = "name another file with --output"
        raise UsageError(Fault("SIM-019", "there is a file already, and its rows are not made-up ones", (str(path),), fix=fix))
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    try:
        frame.write_parquet(beside, compression="zstd", metadata={_KEY: json.dumps({"origin": origin, **facts}, sort_keys=True)})
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def origin_of(path: Path) -> MadeUp | None:
    """Return what a file says of its rows; None where it says nothing, or is no Parquet file."""
    if path.suffix != ".parquet":
        return None
    try:
        said = json.loads(pl.read_parquet_metadata(path).get(_KEY, "null"))
    except (pl.exceptions.PolarsError, OSError, ValueError):
        return None  # whoever reads its rows says what is wrong with it
    found = said.get("origin") if isinstance(said, dict) else None
    return "simulated" if found == "simulated" else "bent" if found == "bent" else None
