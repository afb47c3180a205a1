"""Commits of real git repositories."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from steward.project.commit import Commit, commit_from, commit_of

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *arguments: str) -> str:
    who = {f"GIT_{role}_{what}": "a@b.c" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment = {**kept, **who, "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(["git", "-C", str(folder), *arguments], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "repo" / "trips"
    folder.mkdir(parents=True)
    (folder / "project.yaml").write_text("name: trips\n")
    git(folder.parent, "init", "-q")
    return folder


def test_a_committed_project_has_its_commit_and_is_clean(project: Path) -> None:
    git(project, "add", ".")
    git(project, "commit", "-qm", "first")
    sha = git(project, "rev-parse", "HEAD")
    assert commit_of(project) == Commit(sha, dirty=False)
    (project.parent / "elsewhere.txt").write_text("no part of the project")
    assert commit_of(project) == Commit(sha, dirty=False)


@pytest.mark.parametrize("name", ["project.yaml", "features.py"])
def test_a_changed_or_new_file_of_the_project_makes_it_dirty(project: Path, name: str) -> None:
    git(project, "add", ".")
    git(project, "commit", "-qm", "first")
    (project / name).write_text("name: trips # changed\n")
    found = commit_of(project)
    assert found is not None
    assert found.dirty
    assert str(found) == f"{found.sha} with changes that are not committed"


def test_what_is_in_no_commit_has_none(project: Path, tmp_path: Path) -> None:
    assert commit_of(tmp_path) is None  # no repository
    assert commit_of(project) is None  # nothing was added
    git(project, "add", ".")
    assert commit_of(project) is None  # nothing was committed
    git(project, "commit", "-qm", "first")
    stray = project.parent / "installed"
    stray.mkdir()
    (stray / "project.yaml").write_text("name: other\n")
    assert commit_of(stray) is None  # only lies in the repository


def test_the_repository_of_a_hook_is_not_the_projects(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-qm", "first")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    assert commit_of(project) is not None


def test_without_git_there_is_no_commit(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert commit_of(project) is None


def test_a_commit_comes_back_from_its_json_value_and_nothing_from_anything_else() -> None:
    assert commit_from(Commit("ab" * 20, dirty=True).as_dict()) == Commit("ab" * 20, dirty=True)
    assert [commit_from(value) for value in (None, {}, "ab", {"sha": None})] == [None] * 4
