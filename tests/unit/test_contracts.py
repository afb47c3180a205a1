"""The house's import contracts hold (.importlinter), and see all of it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "steward"
FOR_BLUEPRINTS = ("steward.features", "steward.core.period")


def test_every_room_imports_only_what_stands_before_it() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"lint-imports says:\n{done.stdout}{done.stderr}", pytrace=False)


def test_the_contracts_see_every_folder_of_the_package() -> None:
    # A folder without __init__.py is invisible to import-linter; blueprints are read as files and need none.
    folders = {path.parent for path in PACKAGE.rglob("*.py") if PACKAGE / "blueprints" not in path.parents}
    parents = {folder for found in folders for folder in (found, *found.parents) if PACKAGE in (folder, *folder.parents)}
    assert sorted(str(folder.relative_to(ROOT)) for folder in parents if not (folder / "__init__.py").exists()) == []


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import():
                names |= {alias.name for alias in node.names}
            case ast.ImportFrom(module=str(module)):
                names.add(module)
    return names


def test_a_blueprint_imports_nothing_of_ours_but_column_functions() -> None:
    blueprints = sorted((PACKAGE / "blueprints").rglob("*.py"))
    ours = {(path.parent.name, name) for path in blueprints for name in _imports(path) if name.split(".")[0] == "steward"}
    assert {found for found in ours if not found[1].startswith(FOR_BLUEPRINTS)} == set()
