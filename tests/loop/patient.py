"""A project whose rows may hold a column of every type, and a server that may be told many wrong keys."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.loop.conftest import Steward
from tests.loop.tiny import write_project

MORE = {
    "note": {"type": "text", "known_at": "request", "required": False, "meaning": "what was said"},
    "urgent": {"type": "boolean", "known_at": "request", "required": False, "meaning": "whether it cannot wait"},
    "queue": {"type": "integer", "known_at": "request", "required": False, "meaning": "which one", "min": 1, "max": 9},
    "share": {"type": "number", "known_at": "request", "required": False, "meaning": "paid already", "min": 0, "max": 1},
}
GIVEN = '"note": pl.repeat(None, rows, dtype=pl.String, eager=True), "urgent": plan == 1, "queue": plan, "share": wait * 0.0,'
SERVER = """
import steward.apps.api.door as door
door.WRONG_KEYS_PER_MINUTE = {wrong_keys}
from steward.apps.cli.main import main
main()
"""


@dataclass
class Patient(Steward):
    """Its server answers so many wrong keys a minute by 401; what it says of errors goes to a file, which nobody has to read."""

    wrong_keys: int = 10**9

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        if arguments[0] != "serve":
            return super().start(*arguments)
        command = [sys.executable, "-c", SERVER.format(wrong_keys=self.wrong_keys), *arguments]
        with self.said.open("a") as said:
            return subprocess.Popen(
                command, env=self.environment(), stdout=subprocess.PIPE, stderr=said, text=True, cwd=self.home.parent
            )

    @property
    def said(self) -> Path:
        return self.home.parent / "said.txt"


def train_calls(folder: Path) -> tuple[Patient, str]:
    """Train a champion in a workspace of its own; return that and the project."""
    project = write_project(folder / "calls", task="binary", target="left")
    dictionary = yaml.safe_load((project / "dictionary.yaml").read_text())
    dictionary["columns"] |= MORE
    (project / "dictionary.yaml").write_text(yaml.safe_dump(dictionary))
    simulator = (project / "simulator.py").read_text()
    (project / "simulator.py").write_text(simulator.replace('"plan": plan,', f'"plan": plan, {GIVEN}'))
    steward = Patient(folder / "home")
    steward.json("run", str(project), "--set", "source.simulator.rows=1500", "--set", "candidates=[{kind: linear}]")
    return steward, str(project)
