import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "requirements.md"
SOURCE = ROOT.parent / "shared" / "REQUIREMENTS.md"
ROW = re.compile(r"\| (S\d+) \| (.+) \| ([A-E](?:, [A-E])*) \|(?: (.+) \|)?")
CELL = re.compile(r"`[^`]+`(?:, `[^`]+`)*")


def _rows(text: str) -> list[tuple[str, str, str, str]]:
    found = (ROW.fullmatch(line) for line in text.splitlines() if re.match(r"\| S\d", line))
    rows = [match.groups(default="") for match in found if match]
    return [(number, wording, system, shown) for number, wording, system, shown in rows]


def _headings(text: str) -> list[str]:
    return re.findall(r"^(?:## |\*\*)([A-Z]\. .+?)(?:\*\*)?$", text, flags=re.MULTILINE)


def _pointers() -> Iterator[tuple[str, str]]:
    for number, _, _, shown in _rows(PAGE.read_text()):
        if shown != "not yet":
            yield from ((number, pointer) for pointer in re.findall(r"`([^`]+)`", shown))


@cache
def _tests_of(path: Path) -> frozenset[str]:
    functions = [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return frozenset(name for name in functions if name.startswith("test_"))


@cache
def _make_targets() -> frozenset[str]:
    targets = re.findall(r"^([a-z][a-z -]*):(?!=)", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    return frozenset(" ".join(targets).split())


@cache
def _verbs() -> frozenset[str]:
    from typer.main import get_command

    from steward.apps.cli.main import app

    def walk(command: object, path: str) -> Iterator[str]:
        yield path
        for name, child in getattr(command, "commands", {}).items():
            yield from walk(child, f"{path} {name}")

    return frozenset(walk(get_command(app), "steward"))


def _mistake(pointer: str) -> str:
    """Return what is wrong with a pointer; empty if what it names exists."""
    if pointer.startswith("make "):
        return "" if pointer.removeprefix("make ") in _make_targets() else "no such target in the Makefile"
    if pointer.startswith("steward "):
        return "" if pointer in _verbs() else "no such verb"
    path, _, test = pointer.partition("::")
    if ".." in path or not (ROOT / path).exists():
        return "no such file"
    return "" if not test or test in _tests_of(ROOT / path) else f"no test called {test} in it"


def test_every_requirement_stands_on_the_page_once_and_in_order() -> None:
    text = PAGE.read_text()
    assert [number for number, *_ in _rows(text)] == [f"S{n:03d}" for n in range(1, 268)]
    assert len(re.findall(r"^\| S\d", text, flags=re.MULTILINE)) == 267


def test_every_row_says_not_yet_or_points_somewhere() -> None:
    odd = [(number, shown) for number, _, _, shown in _rows(PAGE.read_text()) if shown != "not yet" and not CELL.fullmatch(shown)]
    assert odd == [], "a cell is `not yet` or pointers in backticks with a comma and a blank between them"


def test_everything_the_page_points_at_exists() -> None:
    wrong = [f"{number}: {pointer}: {mistake}" for number, pointer in _pointers() if (mistake := _mistake(pointer))]
    assert wrong == []


@pytest.mark.parametrize(
    ("pointer", "mistake"),
    [
        ("tests/unit/docs/test_requirements.py::test_a_pointer_that_leads_nowhere_is_found", ""),
        ("tests/unit/docs/test_requirements.py::test_nothing", "no test called test_nothing in it"),
        ("tests/unit/docs/test_nothing.py::test_nothing", "no such file"),
        ("make test", ""),
        ("make nothing", "no such target in the Makefile"),
        ("steward run", ""),
        ("steward audit verify", ""),
        ("steward nothing", "no such verb"),
        ("docs/requirements.md", ""),
        ("docs/nothing.md", "no such file"),
        ("docs/../../outside.md", "no such file"),
        ("src/steward/core/journal.py", ""),
    ],
)
def test_a_pointer_that_leads_nowhere_is_found(pointer: str, mistake: str) -> None:
    assert _mistake(pointer) == mistake


@pytest.mark.skipif(not SOURCE.exists(), reason=f"{SOURCE} is not on this machine: the wording is compared with it")
def test_the_wording_is_that_of_the_list_of_requirements() -> None:
    page, source = PAGE.read_text(), SOURCE.read_text()
    assert [row[:3] for row in _rows(page)] == [row[:3] for row in _rows(source)]
    assert _headings(page) == _headings(source)
