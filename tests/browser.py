"""Pages as a real browser shows them, without a window and without a network."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.image import imread

Pixels = npt.NDArray[np.float64]

DESKTOP, PHONE = (1280, 800), (390, 1800)
DARK = "--blink-settings=preferredColorScheme=0"


def picture(page: Path, size: tuple[int, int], folder: Path, *options: str) -> Pixels:
    """Return what a browser of this size shows of a page first, shape (height, width, 3), 0 to 1; skips where there is none."""
    chromium = shutil.which("chromium")
    if chromium is None:
        reason = "chromium is not installed; as root:  make services"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    to = folder / f"{page.stem}-{size[0]}.png"
    fixed = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={size[0]},{size[1]}")
    kept = (f"--user-data-dir={folder / 'profile'}", f"--screenshot={to}")
    command = [chromium, *fixed, *kept, *options, page.as_uri()]
    subprocess.run(command, capture_output=True, check=True, timeout=240)
    shown = np.asarray(imread(to), dtype=np.float64)[:, :, :3]
    assert shown.shape[:2] == (size[1], size[0])
    return shown


def colours(shown: Pixels) -> int:
    """Return how many colours, roughly, are in a picture; a blank page has one."""
    return len(np.unique((shown * 15).round().reshape(-1, 3), axis=0))


def has(shown: Pixels, colour: str, *, least: int = 50) -> bool:
    """Tell whether a colour, as #rrggbb, is in a part of a picture."""
    wanted = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return bool((np.abs(shown - wanted).max(axis=2) < 0.02).sum() >= least)
