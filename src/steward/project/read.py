"""Which project is meant, what does it declare, and is all of it right?"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from steward.core.digest import digest_file
from steward.core.errors import Fault, StewardError, UsageError, did_you_mean
from steward.project.candidates import misfit_faults
from steward.project.dictionary import DictionarySpec
from steward.project.document import Document, line_of, read_yaml
from steward.project.faults import model_faults
from steward.project.names import name_faults, pattern_faults
from steward.project.overrides import apply_overrides, override_places
from steward.project.sources import SourceSpec
from steward.project.spec import ProjectSpec
from steward.project.tuning import tuning_faults

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Project:
    """A project that was read and found right; `frozen` is its two files as JSON values, defaults and overrides included."""

    spec: ProjectSpec
    dictionary: DictionarySpec
    folder: Path
    features_path: Path
    simulator_path: Path | None
    frozen: Mapping[str, Any]
    overrides: tuple[str, ...]

    @property
    def features_digest(self) -> str:
        """SHA-256 of features.py as it lies there now."""
        return digest_file(self.features_path)

    def part(self, name: str) -> Any:
        """Return one key of the frozen project file."""
        return self.frozen["project"][name]


def read_project(where: str | Path, overrides: Sequence[str] = ()) -> Project:
    """Read a project folder, its project.yaml, or a blueprint by name.

    Raises:
        UsageError: everything that is wrong with it, at once.
    """
    folder = find_project(where)
    project, faults = _read(folder, overrides)
    if faults or project is None:
        raise UsageError(*faults)
    return project


def check_project(where: str | Path, overrides: Sequence[str] = ()) -> list[Fault]:
    """Return everything that is wrong with a project; empty where nothing is."""
    try:
        return _read(find_project(where), overrides)[1]
    except StewardError as error:
        return list(error.faults)


def blueprint_names() -> tuple[str, ...]:
    """Return the names of the projects that ship with the package, sorted."""
    return tuple(sorted(found.parent.name for found in _shipped().glob("*/project.yaml")))


def _shipped() -> Path:
    return Path(str(files("steward") / "blueprints"))


def find_project(where: str | Path) -> Path:
    """Return the folder of a project: a path, or a blueprint's name.

    Raises:
        UsageError: PROJ-000 there is no such project.
    """
    path = Path(where)
    if path.is_file():
        return path.parent
    if (path / "project.yaml").is_file():
        return path
    known = blueprint_names()
    if str(where) in known:
        return _shipped() / str(where)
    fix = f"name a folder with a project.yaml, or a blueprint; {did_you_mean(str(where), known)}"
    raise UsageError(Fault("PROJ-000", f"there is no project {str(where)!r}", fix=fix))


def _read(folder: Path, overrides: Sequence[str]) -> tuple[Project | None, list[Fault]]:
    faults: list[Fault] = []
    found = _document(folder / "project.yaml", faults)
    described = _document(folder / "dictionary.yaml", faults)
    if found is None or described is None:
        return None, faults
    found = replace(found, value=apply_overrides(found.value, overrides), overrides=override_places(overrides))
    features_path, simulator = folder / "features.py", folder / "simulator.py"
    spec = _model(ProjectSpec, found, faults)
    faults += pattern_faults(found)
    faults += tuning_faults(found, spec.candidates, spec.task) if spec is not None else []
    faults += misfit_faults(found, spec.candidates, spec.task) if spec is not None else []
    code_faults: list[Fault] = []
    functions = _functions(features_path, code_faults)
    columns = described.value.get("columns")
    if functions is not None and isinstance(columns, dict):
        faults += name_faults(found, columns, functions)
    if spec is not None and not (_names_rows(spec.source) or simulator.is_file()):
        fix = "add  files: [...]  or  url: ...  under source, or a simulator.py"
        faults.append(Fault("PROJ-008", "source: there is nothing to read", (found.where(("source",)),), fix=fix))
    faults.sort(key=line_of)
    dictionary = _model(DictionarySpec, described, faults)
    faults += code_faults
    if faults or spec is None or dictionary is None:
        return None, faults
    frozen = {"project": spec.json_value(), "dictionary": dictionary.model_dump(mode="json")}
    there = simulator if simulator.is_file() else None
    return Project(spec, dictionary, folder, features_path, there, frozen, tuple(overrides)), []


def _names_rows(source: SourceSpec) -> bool:
    return bool(source.files or source.url or source.sql or source.tables)


def _document(path: Path, faults: list[Fault]) -> Document | None:
    try:
        return read_yaml(path)
    except UsageError as error:
        faults += error.faults
        return None


def _model(model: type[M], document: Document, faults: list[Fault]) -> M | None:
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        faults += model_faults(error, document, model)
        return None


def _functions(path: Path, faults: list[Fault]) -> set[str] | None:
    """Return the public functions of features.py, found without running it."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = str(error.strerror) if isinstance(error, OSError) else "it is not UTF-8 text"
        faults.append(Fault("PROJ-020", "features.py cannot be read", (str(path),), why, "add one: a function a feature"))
        return None
    except SyntaxError as error:
        faults.append(Fault("PROJ-021", "features.py is not Python", (f"features.py:{error.lineno or 1}",), error.msg))
        return None
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")}
