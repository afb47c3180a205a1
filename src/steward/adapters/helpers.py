"""How is another process of Steward's own started, to share the trials of a study?"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def start_helper(environment: Mapping[str, str], folder: Path) -> "subprocess.Popen[bytes]":
    """Start a process on the search that a folder describes; it ends when we do, for then its standard input ends.

    Args:
        environment: which workspace and database; secrets in it are seen by this user's processes alone.
        folder: what `steward.flows.tuned` wrote.
    """
    # One thread each: the processes are what shares the machine.
    variables = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    command = [sys.executable, "-P", "-m", "steward.apps.cli.main", "tune-helper", str(folder)]
    return subprocess.Popen(  # noqa: S603 - our own command
        command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
    )
