"""Which files does a tracker keep of a version beside its bundle, and what are they called?"""

import re
from collections.abc import Mapping
from pathlib import Path

from steward.registry.tracking import Experiment


def files_of(experiment: Experiment) -> dict[str, bytes]:
    """Return pictures and documents by the name of their file."""
    return {**{picture_name(title): png for title, png in experiment.pictures.items()}, **experiment.documents}


def picture_name(title: str) -> str:
    """Return the name of the file of a picture.

    >>> picture_name("Error by hour of day")
    'plots/error_by_hour_of_day.png'
    """
    return f"plots/{re.sub(r'[^a-z0-9]+', '_', title.lower()).strip('_') or 'picture'}.png"


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files, by name, below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
