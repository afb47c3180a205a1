"""What all tests share: where real data lies, and what is missing on this machine."""

import os
import signal
from pathlib import Path

# A run that a shell began in the background ignores Ctrl-C, and so would every process it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# As the command does (apps/cli/main.py): several test processes share the cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pytest
from hypothesis import HealthCheck, settings

# No test depends on how fast the machine is, and every run tries the same cases.
settings.register_profile("steward", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steward")

ROOT = Path(__file__).parent.parent


def data_folder() -> Path | None:
    """The folder with the real months: STEWARD_DATA, or ../shared/data where that exists."""
    named = os.environ.get("STEWARD_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder.absolute() if (folder / "taxi").is_dir() else None


@pytest.fixture(scope="session")
def data() -> Path:
    folder = data_folder()
    if folder is None:
        pytest.skip("no real data: set STEWARD_DATA to a folder that holds taxi/green/...")
    return folder


# Real servers, started only when a test asks for one.
pytest_plugins = ["tests.servers"]
