"""No name that comes from elsewhere leads out of the folder it is meant for (CATALOGUE F4).

What makes a path of such a name: an archive's member, a file of a bundle, the documentation's files, a project's name.
"""

import ntpath
import os
import posixpath
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from tests.reliability import count_trials
from tests.unit.apps.house import House

from steward.apps.api.app import create_app
from steward.data.zipped import is_harmless, last_part
from steward.project.spec import ProjectSpec
from steward.registry.content import ALLOWED
from steward.serving.service import Service
from steward.testing import FrozenClock, MemoryPredictionLog

TRICKS = [
    *("..", "../", "..\\", "....//", "....\\\\", "..;/", "..%2f", "%2e%2e/", "%252e%252e%252f", "%c0%ae%c0%ae/", "%00", "\0", "."),
    *(
        "/",
        "//",
        "\\",
        "\\\\host\\share",
        "/etc/passwd",
        "C:",
        "C:\\",
        "c:/",
        "file:///",
        "~",
        "~root/",
        "$HOME",
        "#",
        "?",
        "?/../",
    ),
    *(
        "\n",
        "\r",
        "\t",
        " ",
        " ..",
        ".. ",
        "\u2024\u2024/",
        "\uff0e\uff0e\uff0f",
        "\u2215",
        "\u29f5",
        "\ud800",
        "é",
        "CON",
        "NUL.json",
    ),
    *("model.json", "lookups/", "lookups/a.json", "features.py", "swagger-ui.css", "taxi", "a", "data.csv", "x" * 260, "::$DATA"),
]
ROOT = "/srv/root"
WINDOWS_ROOT = "C:\\srv\\root"


def names(count: int) -> Iterator[str]:
    draw = random.Random(20261121)
    for _ in range(count):
        yield "".join(draw.choices(TRICKS, k=draw.randint(1, 5)))


def stays(name: str) -> bool:
    """Tell whether a name, joined to a folder as a program would, stays below it on either kind of system."""
    on_windows = ntpath.normpath(ntpath.join(WINDOWS_ROOT, name))
    on_others = posixpath.normpath(posixpath.join(ROOT, name))
    return on_others.startswith(f"{ROOT}/") and on_windows.startswith(f"{WINDOWS_ROOT}\\")


@pytest.fixture(scope="module")
def house() -> House:
    return House()


@pytest.fixture(scope="module")
def leads_inside() -> Callable[[str], bool]:
    """Tell whether the documentation's files are all that a path below theirs leads to."""
    app = create_app(Service(None, MemoryPredictionLog(), FrozenClock()), lambda: None)
    mount = next(route for route in app.routes if isinstance(route, Mount) and route.name == "static-offline-docs")
    assert isinstance(mount.app, StaticFiles)
    files, folder = mount.app, os.path.realpath(str(mount.app.directory))

    def found(name: str) -> bool:
        try:
            path, status = files.lookup_path(files.get_path({"path": f"/{name}", "root_path": ""}))
        except (ValueError, OSError):
            return True  # as it answers by 404, or 500 never: see the test below
        return status is None or os.path.realpath(path).startswith(folder)

    return found


@pytest.mark.parametrize("count", [5_000, pytest.param(1_000_000, marks=pytest.mark.campaign)])
def test_no_name_leads_out_of_its_folder(leads_inside: Callable[[str], bool], count: int) -> None:
    project = re.compile(next(one.pattern for one in ProjectSpec.model_fields["name"].metadata if hasattr(one, "pattern")))
    wrong, taken = [], 0
    for number, name in enumerate(names(count)):
        held = {
            "archive": not is_harmless(name)
            or (stays(name) and stays(last_part(name)) and last_part(name) == Path(last_part(name)).name),
            "bundle": ALLOWED.fullmatch(name) is None or stays(name),
            "project": project.fullmatch(name) is None or (stays(name) and Path(name).name == name),
            "documentation": number % 50 > 0 or leads_inside(name),
        }
        taken += is_harmless(name)
        wrong += [(name, what) for what, right in held.items() if not right]
    what = (
        "Names made of every trick there is, as an archive's member, a bundle's file, a project and a page's file: none leads out"
    )
    count_trials("F4", what, trials=count, failed=len(wrong), figures={"of them harmless members": f"{taken:,}"})
    assert wrong == []
    assert 0 < taken < count


@pytest.mark.parametrize("trick", [trick for trick in TRICKS if "\ud800" not in trick])
def test_a_path_below_the_documentation_is_answered_and_never_by_a_mistake(house: House, trick: str) -> None:
    for path in (quote(trick, safe=""), quote(trick), f"{quote(trick)}/../swagger-ui.css"):
        answer = house.ask("GET", f"/static-offline-docs/{path}", "viewer")
        assert answer.status_code in {200, 301, 307, 400, 404, 405}, (path, answer.text)
        assert "root:" not in answer.text
