"""The small project with a champion, and files to score by it."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from steward.flows.ports import Ports
from steward.flows.run import RunOptions, run
from steward.flows.score import Scored, ScoreOptions, score
from steward.flows.score_input import matching_files
from steward.project.read import Project, read_project
from steward.serving.log import read_segments
from tests.small_project import open_workspace, write_month, write_project

LIMITED = "  zone: {type: integer, known_at: request, meaning: where it began, min: 1, max: 9, aliases: [Zone]}\n"
MINUTES = [10.0 * (1 + hour % 3) + hour * 7 % 11 for hour in range(60)]


class World:
    """A project with a champion, and files to score; `untouched` is its workspace as it was before any test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        home = write_project(folder / "trips")
        dictionary = home / "dictionary.yaml"
        plain = dictionary.read_text()
        dictionary.write_text(plain.replace("  zone: {type: integer, known_at: request, meaning: where it began}\n", LIMITED))
        write_month(folder / "data", "2023-01", MINUTES)
        write_month(folder / "data", "2023-02", MINUTES, first=101)
        self.ports: Ports = open_workspace(folder / "workspace", folder / "data")
        run(RunOptions(str(home)), self.ports)
        self.untouched = Path(shutil.copytree(self.ports.workspace.home, folder / "untouched"))
        self.project: Project = read_project(home)

    def write(self, name: str, zones: Sequence[object]) -> Path:
        path = self.folder / name
        path.write_text("order,zone\n" + "".join(f"A{i:03d},{zone}\n" for i, zone in enumerate(zones)))
        return path

    def score(self, pattern: str | Path, output: str = "out.csv", **options: Any) -> Scored:
        files = matching_files(self.project, str(pattern)).files
        return score(self.project, files, ScoreOptions(self.folder / output, **options), self.ports)

    def records(self) -> list[dict[str, Any]]:
        return [dict(record) for record in read_segments(self.ports.workspace.predictions / "trips")]
