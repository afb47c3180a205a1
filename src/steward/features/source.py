"""Which feature functions does a project's features.py define?"""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import Parameter, getdoc, signature
from pathlib import Path
from types import FunctionType, ModuleType

from steward.core.digest import digest_bytes
from steward.core.errors import Fault, UsageError
from steward.features.column import Column


@dataclass(frozen=True, slots=True)
class Feature:
    """One column function: the column it makes, the columns it reads, and what its docstring says of it."""

    name: str
    reads: tuple[str, ...]
    function: Callable[..., Column]
    doc: str

    @property
    def place(self) -> str:
        """Where the function stands: `file:line`, or its name where that is not known."""
        code = getattr(self.function, "__code__", None)
        return self.name if code is None else f"{code.co_filename}:{code.co_firstlineno}"


def load_features(path: Path) -> Mapping[str, Feature]:
    """Return the public functions that a features.py defines, by name, in the order of the file.

    The file is read once and leaves nothing behind: no byte code beside it, no entry among the modules.

    Raises:
        UsageError: FEAT-005 the file does not run, FEAT-006 a function has no plain list of columns.
    """
    try:
        source = path.read_bytes()
    except OSError as error:
        raise UsageError(Fault("FEAT-005", f"features cannot be read: {error.strerror}", (str(path),))) from error
    return features_of(source, str(path))


def features_of(source: bytes, where: str) -> Mapping[str, Feature]:
    """Return the public functions of a feature file's content; `where` is the name that errors show.

    Raises:
        UsageError: as `load_features`.
    """
    module = ModuleType(f"_steward_features_{digest_bytes(source)[:16]}")
    module.__file__ = where
    try:
        exec(compile(source, where, "exec"), module.__dict__)  # noqa: S102 - a project's features are its own code
    except Exception as error:
        raise UsageError(
            Fault("FEAT-005", f"features do not run: {type(error).__name__}: {error}", (_place(error, where),))
        ) from error
    found = {name: value for name, value in vars(module).items() if _is_feature(value, name, module)}
    faults = [fault for function in found.values() for fault in _signature_faults(function, where)]
    if faults:
        raise UsageError(*faults)
    return {
        name: Feature(name, tuple(signature(function).parameters), function, getdoc(function) or "")
        for name, function in found.items()
    }


def _is_feature(value: object, name: str, module: ModuleType) -> bool:
    return isinstance(value, FunctionType) and value.__module__ == module.__name__ and not name.startswith("_")


def _signature_faults(function: FunctionType, where: str) -> list[Fault]:
    place = f"{where}:{function.__code__.co_firstlineno}"
    why = "a feature's parameters are the names of the columns it reads"
    fix = "list the columns by name, without * and defaults"
    parameters = list(signature(function).parameters.values())
    if parameters and all(p.kind is Parameter.POSITIONAL_OR_KEYWORD and p.default is Parameter.empty for p in parameters):
        return []
    return [Fault("FEAT-006", f"feature {function.__name__!r} does not say which columns it reads", (place,), why, fix)]


def _place(error: Exception, where: str) -> str:
    if isinstance(error, SyntaxError):
        return f"{where}:{error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == where]
    return f"{where}:{lines[-1]}" if lines else where
