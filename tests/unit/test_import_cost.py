"""Looking at `steward --help` costs little, and importing anything of ours does nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = (
    "alembic",
    "fastapi",
    "httpx",
    "lightgbm",
    "matplotlib",
    "mlflow",
    "narwhals",
    "numpy",
    "optuna",
    "pandas",
    "polars",
    "pyarrow",
    "pyproj",
    "scipy",
    "shapely",
    "sklearn",
    "sqlalchemy",
    "uvicorn",
)

ASK_FOR_HELP = """
import json, sys
sys.argv = ["steward", "--help"]
from steward.apps.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""

# Alembic's env.py is a script that Alembic itself runs, with a database at hand; it is no module to import.
IMPORT_ALL = """
import importlib, json, os, sys
from pathlib import Path

deeds = []
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
DEEDS = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "sqlite3.connect", "subprocess.Popen",
         "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "tempfile.mkstemp", "tempfile.mkdtemp")


def notice(event, arguments):
    if event in DEEDS and arguments[:1] != ("/dev/null",):
        deeds.append(f"{current}: {event} {arguments!r}")
    elif event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES and arguments[0] != os.devnull:
        deeds.append(f"{current}: writes {arguments[0]}")


package = Path(sys.argv[1])
current = "steward"
sys.addaudithook(notice)
for path in sorted(package.rglob("*.py")):
    if path.stem == "__main__" or path.match("migrations/env.py"):
        continue
    parts = path.relative_to(package.parent).with_suffix("").parts
    current = ".".join(parts).removesuffix(".__init__")
    importlib.import_module(current)
print(json.dumps(deeds))
"""


def _python(script: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "STEWARD_HOME": str(cwd / "workspace")}
    command = [sys.executable, "-W", "error", "-c", script, *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def test_help_is_shown_without_any_heavy_library(tmp_path: Path) -> None:
    done = _python(ASK_FOR_HELP, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "run" in done.stdout
    loaded = json.loads(done.stderr.splitlines()[-1])
    assert [name for name in HEAVY if name in loaded] == []
    assert list(tmp_path.iterdir()) == []


def test_importing_any_module_opens_no_socket_and_writes_no_file(tmp_path: Path) -> None:
    done = _python(IMPORT_ALL, str(ROOT / "src" / "steward"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
    assert list(tmp_path.iterdir()) == []
