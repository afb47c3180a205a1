"""How does a table of one's own become a project that runs? Its columns are judged, and what was judged is written down to be read.

What cannot be known from rows - what a column means, whether it is known when a prediction is asked for - is
written as an assumption with a mark, for a person to look at.
"""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from steward.core.atomic import write_text_atomically
from steward.core.errors import Fault, UsageError, unknown_name
from steward.core.tasks import TaskKind
from steward.data.infer import Guess, guess_columns, read_raw
from steward.flows.draft import Draft, dictionary_text, features_of, features_text, project_text
from steward.project.read import blueprint_names, find_project, read_project

_MOST_CLASSES = 20
_TIME_NAME = re.compile(r"(^|_)(at|on|time|date|datetime|timestamp|when|day)($|_)|time$|date$")
_FEWEST_ROWS = 50


@dataclass(frozen=True, slots=True)
class Drafted:
    """A project that was written: its folder, what was judged in sentences, and which columns were left out and why."""

    folder: Path
    task: TaskKind
    judged: tuple[str, ...]
    left_out: tuple[str, ...]


def init_project(table: Path, target: str, into: Path, *, name: str | None = None, time: str | None = None) -> Drafted:
    """Write a project for a table.

    Args:
        table: a CSV, gzipped CSV or Parquet file.
        target: the column to predict, as the file spells it.
        into: the folder to make; it must not hold a project yet.
        name: the project's name; made of the file's by default.
        time: the column of the event's time; found by itself where one column holds times.

    Raises:
        UsageError: INIT-001 there is a project already, INIT-002 the target is no column or cannot be predicted,
            INIT-003 too few rows.
    """
    _refuse_existing(into)
    frame = read_raw(table)
    if frame.height < _FEWEST_ROWS:
        what = f"{frame.height} rows are too few to learn from"
        raise UsageError(Fault("INIT-003", what, (str(table),), fix=f"give a table of at least {_FEWEST_ROWS} rows"))
    draft = _judge(frame, table, target, name, time)
    into.mkdir(parents=True, exist_ok=True)
    used, left_out, functions = features_of(draft)
    write_text_atomically(into / "dictionary.yaml", dictionary_text(draft))
    write_text_atomically(into / "features.py", features_text(functions))
    write_text_atomically(into / "project.yaml", project_text(draft, used, into))
    read_project(into)
    return Drafted(into, draft.task, tuple(_sentences(draft, used)), left_out)


def project_name(table: Path, name: str | None) -> str:
    """Return the name a project gets: the one that was asked for, else the file's, in lower case and without its ending."""
    stem = re.sub(r"[^a-z0-9_-]+", "-", table.name.split(".")[0].lower()).strip("-_")
    return name or (stem if stem[:1].isalpha() else f"project-{stem}".rstrip("-"))


def copy_blueprint(name: str, into: Path) -> Path:
    """Copy a project that ships with Steward into a folder, to be changed there.

    Raises:
        UsageError: INIT-001 there is a project already; PROJ-000 no blueprint has this name.
    """
    _refuse_existing(into)
    if name not in blueprint_names():
        raise unknown_name("blueprint", name, blueprint_names(), code="PROJ-000", where=("--example",))
    shutil.copytree(find_project(name), into, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return into


def _refuse_existing(into: Path) -> None:
    if (into / "project.yaml").exists():
        where = (str(into / "project.yaml"),)
        raise UsageError(Fault("INIT-001", "there is a project already", where, fix="name another folder:  --into FOLDER"))


def _judge(frame: pl.DataFrame, table: Path, target: str, name: str | None, time: str | None) -> Draft:
    guesses = guess_columns(frame)
    by_name = {given: guess for guess in guesses for given in (guess.given, guess.name)}
    for wanted in filter(None, (target, time)):
        if wanted not in by_name:
            raise unknown_name("column", wanted, [guess.given for guess in guesses], code="INIT-002", where=(str(table),))
    goal = by_name[target]
    when = by_name[time] if time else _event_time(guesses)
    return Draft(project_name(table, name), table, goal, _task(goal, table), when, guesses, frame.height)


def _task(target: Guess, table: Path) -> TaskKind:
    what = None
    if target.distinct < 2:  # noqa: PLR2004 - one value is nothing to predict
        what = f"column {target.given!r} holds {target.distinct} different values: there is nothing to predict"
    elif target.kind == "datetime" or (target.kind == "text" and target.distinct > _MOST_CLASSES):
        what = f"column {target.given!r} holds {target.distinct:,} different {target.kind} values: neither a number nor a class"
    if what:
        raise UsageError(Fault("INIT-002", what, (str(table),), fix="name another column:  --target COLUMN"))
    if target.distinct == 2:  # noqa: PLR2004
        return "binary"
    return "multiclass" if target.kind == "text" else "regression"


def _event_time(guesses: Sequence[Guess]) -> Guess | None:
    """Return the column that tells when a row happened: of those that are never empty the first that is called like a time."""
    times = [guess for guess in guesses if guess.kind == "datetime" and not guess.nulls and guess.distinct > 1]
    return next((guess for guess in times if _TIME_NAME.search(guess.name)), times[0] if times else None)


def _sentences(draft: Draft, used: Sequence[str]) -> list[str]:
    goal = f"{draft.task}: {draft.target.given} holds {draft.target.distinct:,} different values in {draft.rows:,} rows"
    when = (
        f"time: {draft.time.given}; later rows judge what earlier ones taught"
        if draft.time
        else "time: none found; rows are split at random with a seed"
    )
    ids = ", ".join(guess.given for guess in draft.columns if guess.identifies)
    return [goal, when, f"identifiers: {ids or 'none'}", f"features: {', '.join(used)}"]
