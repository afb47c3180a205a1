"""Which commit does a project's folder stand at, and was anything in it changed since?"""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 10
_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")  # set inside a git hook; they name its repository, not ours


@dataclass(frozen=True, slots=True)
class Commit:
    """A git commit; `dirty` tells whether files of the project's folder differ from it."""

    sha: str
    dirty: bool

    def as_dict(self) -> dict[str, object]:
        """Return it as a JSON object."""
        return {"sha": self.sha, "dirty": self.dirty}

    def __str__(self) -> str:
        return f"{self.sha}{' with changes that are not committed' if self.dirty else ''}"


def commit_of(folder: Path) -> Commit | None:
    """Return the commit of a project's folder.

    None where there is no git, no repository, no commit yet, or where project.yaml is not a file of it: a folder that only
    happens to lie in a repository, as an installed blueprint may, is no part of its commits.
    """
    if not _git(folder, "ls-files", "--", "project.yaml"):
        return None
    sha = _git(folder, "rev-parse", "--verify", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--", ".")
    return None if not sha or changes is None else Commit(sha, dirty=bool(changes))


def commit_from(value: object) -> Commit | None:
    """Return the commit that `as_dict` wrote down; None where nothing was."""
    if not isinstance(value, Mapping) or not isinstance(value.get("sha"), str):
        return None
    return Commit(str(value["sha"]), dirty=bool(value.get("dirty")))


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what git says, or None where it does not answer."""
    environment = {name: value for name, value in os.environ.items() if name not in _REPOSITORY}
    command = ("git", "-C", str(folder), *arguments)
    try:
        # Looking must not take git's lock from whoever commits just now.
        said = subprocess.run(  # noqa: S603 - a fixed command, and no shell
            command,
            env=environment | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return said.stdout.strip() if said.returncode == 0 else None
