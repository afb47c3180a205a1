"""Which commands carry a project from its source to a model, what does each read, and what does it leave under which name?

For tools that run commands when files or parameters change. The names are those people expect:
``data/raw``, ``data/processed``, ``data/features``, ``models``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

PARAMS_FILE = "params.yaml"
METRICS_FILE = "metrics.json"

_FEATURES, _SIMULATOR = "features.py", "simulator.py"


@dataclass(frozen=True, slots=True)
class Stage:
    """One command; all paths are relative to the folder it runs in.

    `reads` are files it depends on, `decides` keys of the parameter file, `makes` files and folders to keep, `measures` small
    JSON files with figures.
    """

    name: str
    command: tuple[str, ...]
    reads: tuple[str, ...]
    decides: tuple[str, ...]
    makes: tuple[str, ...]
    measures: tuple[str, ...] = ()


def rows_file(kind: str, project: str) -> str:
    """Return where rows of a kind lie: raw, processed, features, quarantine, reference, current."""
    return f"data/{kind}/{project}.parquet"


def model_folder(project: str) -> str:
    """Return where a project's bundle lies."""
    return f"models/{project}"


def stages(project: str, where: str, declared: Sequence[str], sources: Sequence[str], data: str | None) -> tuple[Stage, ...]:
    """Return the stages in order.

    Args:
        project: the project's name.
        where: its folder.
        declared: the files of the declaration, with the folder.
        sources: the data files that are known now.
        data: the folder the data is looked for in, if any.
    """
    raw, processed, features = (rows_file(kind, project) for kind in ("raw", "processed", "features"))
    behind = ("--params", PARAMS_FILE, "--into", ".", *(("--data", data) if data else ()))
    declaration = [path for path in declared if not path.endswith((_FEATURES, _SIMULATOR))]
    made_up = [path for path in declared if path.endswith(_SIMULATOR)]
    files = tuple(path for path in declared if not path.endswith(_SIMULATOR))

    def command(*verb: str) -> tuple[str, ...]:
        return ("steward", verb[0], where, *verb[1:], *behind)

    return (
        Stage("ingest", command("ingest"), (*declaration, *made_up, *sources), ("source", "split.train", "split.test"), (raw,)),
        Stage("process", command("process"), (*files, raw), ("checks", "quarantine", "cleaning"), (processed,)),
        Stage("features", command("features"), (*files, processed), ("features",), (features,)),
        Stage(
            "train",
            command("run", "--until", "bundle"),
            (*files, processed, features),
            ("split", "candidates", "gate.metric"),
            (model_folder(project),),
            (METRICS_FILE,),
        ),
    )
