"""Which text declares what was judged of a table? The three files of a project, written to be read and mended."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from pathlib import Path

import polars as pl
import yaml

from steward.core.errors import Fault, UsageError
from steward.core.period import is_part_label
from steward.core.tasks import TaskKind
from steward.data.infer import Guess

_MANY_YEARS = 4
_SMALL_ROWS = 2000
_FEW_CODES = 10


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known about the project before it is written."""

    name: str
    path: Path
    target: Guess
    task: TaskKind
    time: Guess | None
    columns: tuple[Guess, ...]
    rows: int


def features_of(draft: Draft) -> tuple[list[str], tuple[str, ...], list[str]]:
    """Return the features' names, why other columns are none, and the functions to write."""
    used: list[str] = []
    left: list[str] = []
    functions: list[str] = []
    for guess in draft.columns:
        if guess is draft.target:
            continue
        if guess.identifies:
            left.append(f"{guess.given or guess.name}: it identifies a row")
        elif guess.distinct < 2:  # noqa: PLR2004
            left.append(f"{guess.given}: it holds one value" if guess.distinct else f"{guess.given}: it is empty")
        elif guess.kind in ("integer", "number", "boolean"):
            used.append(guess.name)
        elif guess is draft.time:
            made = _calendar(guess)
            used += [name for name, _ in made]
            functions += [text for _, text in made]
        elif guess.levels:
            used.append(f"{guess.name}_code")
            functions.append(_coded(guess))
        else:
            left.append(f"{guess.given}: {guess.distinct:,} different {'texts' if guess.kind == 'text' else 'times'}")
    if not used:
        fix = "add columns that say something about the target"
        raise UsageError(Fault("INIT-002", "no column is left to learn from", tuple(left), fix=fix))
    return used, tuple(left), functions


def _calendar(time: Guess) -> list[tuple[str, str]]:
    parts = [("weekday", "weekday() % 7", "Weekday, 0 for Sunday to 6 for Saturday."), ("month", "month()", "Month, 1 to 12.")]
    values = time.values.cast(pl.Datetime("us"))
    if bool((values != values.dt.truncate("1d")).any()):
        parts.insert(0, ("hour", "hour()", "Hour of the day, 0 to 23."))
    return [
        (f"{time.name}_{part}", _function(f"{time.name}_{part}", time.name, f"{time.name}.dt.{code}", doc))
        for part, code, doc in parts
    ]


def _coded(guess: Guess) -> str:
    codes = {level: place for place, level in enumerate(sorted(guess.levels))}
    return _function(
        f"{guess.name}_code",
        guess.name,
        f"recode({guess.name}, {codes!r})",
        f"Number of the value of {guess.given} in alphabetical order.",
    )


def _function(name: str, reads: str, body: str, doc: str) -> str:
    return f'def {name}({reads}: Column) -> Column:\n    """{doc}"""\n    return {body}\n'


def features_text(functions: Sequence[str]) -> str:
    """Return features.py."""
    uses = ["Column", *(["recode"] if any("recode(" in text for text in functions) else [])]
    head = (
        '"""What does the model see of a row? One function a column: its name is the column, its parameters are what it reads."""\n'
    )
    lead = [head, f"from steward.features.column import {', '.join(uses)}\n"] if functions else [head]
    return "\n".join(lead) + ("\n\n" + "\n\n".join(functions) if functions else "")


def dictionary_text(draft: Draft) -> str:
    """Return dictionary.yaml."""
    lines = [
        f"# What the columns of {draft.path.name} mean, as far as rows can tell. Say it in words, and look at known_at:",
        "# what is known only after the event must say `outcome`, or the model learns from the future.",
        "columns:",
    ]
    for guess in draft.columns:
        entry: dict[str, object] = {"type": guess.kind}
        entry |= {"aliases": [guess.given]} if guess.given != guess.name else {}
        entry |= {"missing": list(guess.missing)} if guess.missing else {}
        entry |= {"format": guess.format} if guess.format else {}
        entry |= {"meaning": f"{guess.given}, as it stands in {draft.path.name}."}
        entry |= {"codes": {level: level for level in sorted(guess.levels)}} if guess.levels else {}
        entry |= {"required": False} if guess is draft.target else {}
        entry |= {"known_at": "outcome" if guess is draft.target else "request"}
        entry |= {"example": guess.example} if guess.example is not None else {}
        lines.append(_yaml({guess.name: entry}, indent=2))
    return "\n".join(lines) + "\n"


def project_text(draft: Draft, used: Sequence[str], into: Path) -> str:
    """Return project.yaml; `into` is the folder it will stand in."""
    parts: list[tuple[str, dict[str, object]]] = [
        ("", {"name": draft.name, "title": f"What is {draft.target.given}?", "task": draft.task, "target": draft.target.name}),
        ("", {"time": draft.time.name} if draft.time else {}),
        ("The folder is relative to this file; --data names another one.", {"source": _source(draft, into)}),
        ("", {"split": _split(draft)}),
        ("What held for every row of the table; warn says so and keeps the row.", {"checks": _checks(draft)}),
        ("", {"cleaning": [{"kind": "drop_duplicates"}]}),
        ("What the model reads. Take out what is not known when a prediction is asked for.", {"features": list(used)}),
        ("", {"candidates": [{"kind": "mean"}, {"kind": "linear", "alpha": 1.0}, {"kind": "lightgbm", **_trees(draft.rows)}]}),
    ]
    text = [f"# {comment}\n{_yaml(part)}" if comment else _yaml(part) for comment, part in parts if part]
    return "\n".join(text) + "\n"


def _trees(rows: int) -> dict[str, object]:
    """Return a size of trees that suits the number of rows."""
    leaf = max(5, min(40, rows // 100))
    return {"num_trees": 500, "learning_rate": 0.05, "num_leaves": 7 if rows < _SMALL_ROWS else 31, "min_rows_in_leaf": leaf}


def _source(draft: Draft, into: Path) -> dict[str, object]:
    folder = os.path.relpath(draft.path.resolve().parent, into.resolve())
    if draft.time is not None:
        return {"folder": folder, "files": [draft.path.name], "period_column": draft.time.name}
    label, _, ending = draft.path.name.partition(".")
    if not is_part_label(label):
        raise UsageError(
            Fault(
                "INIT-002",
                f"the file's name {label!r} cannot name a part of the data",
                (str(draft.path),),
                fix="rename it: letters, digits, _ and -",
            )
        )
    return {"folder": folder, "files": ["{period}." + ending]}


def _split(draft: Draft) -> dict[str, object]:
    if draft.time is None:
        return {"train": [draft.path.name.partition(".")[0]], "validation_share": 0.15, "test_share": 0.2}
    at = draft.time.values.cast(pl.Datetime("us"))
    years = sorted(at.dt.strftime("%Y").unique().to_list())
    labels = years if len(years) >= _MANY_YEARS else sorted(at.dt.strftime("%Y-%m").unique().to_list())
    return {"train": labels, "test": [], "validation_share": 0.15, "test_share": 0.2}


def _checks(draft: Draft) -> list[dict[str, object]]:
    needed = {guess.name for guess in (draft.target, draft.time) if guess is not None}
    checks: list[dict[str, object]] = [{"kind": "not_null", "columns": sorted(needed)}]
    for guess in draft.columns:
        if guess.identifies:
            checks.append({"kind": "unique", "columns": [guess.name]})
        elif guess is not draft.target:
            checks += _column_checks(guess, draft.rows)
    return checks


def _column_checks(guess: Guess, rows: int) -> list[dict[str, object]]:
    checks: list[dict[str, object]] = []
    if guess.levels:
        checks.append({"kind": "allowed", "column": guess.name, "values": sorted(guess.levels), "action": "warn"})
    elif guess.kind == "integer" and 1 < guess.distinct <= _FEW_CODES:
        values = sorted(guess.values.drop_nulls().unique().to_list())
        checks.append({"kind": "allowed", "column": guess.name, "values": values, "action": "warn"})
    elif guess.low is not None and guess.high is not None and guess.low < guess.high:
        bounds = _span(guess.low, guess.high, whole=guess.kind == "integer")
        checks.append({"kind": "range", "column": guess.name, **bounds, "action": "warn"})
    if guess.nulls:
        checks.append({"kind": "null_share", "column": guess.name, "max": min(1.0, round(2 * guess.nulls / rows + 0.01, 2))})
    return checks


def _span(low: float, high: float, *, whole: bool) -> dict[str, float]:
    """Return bounds a tenth of the span beyond what was seen, in round numbers; zero stays a bound where nothing was below it."""
    reach = high - low
    step = 10.0 ** (floor(log10(reach)) - 1)
    below = 0.0 if low >= 0 and low - reach / 10 < 0 else floor((low - reach / 10) / step) * step
    above = -floor(-(high + reach / 10) / step) * step
    return {"min": floor(below), "max": -floor(-above)} if whole else {"min": round(below, 10), "max": round(above, 10)}


def _yaml(value: Mapping[str, object], indent: int = 0) -> str:
    """Return keys one below the other, and what stands under them one item a line: short enough to be read and mended."""
    lines = [line for key, held in value.items() for line in _entry(key, held)]
    return "\n".join(" " * indent + line for line in lines)


def _entry(key: str, held: object) -> list[str]:
    if isinstance(held, Mapping) and held:
        return [f"{key}:", *(f"  {name}: {_flow(part)}" for name, part in held.items())]
    if isinstance(held, list) and held:
        return [f"{key}:", *(f"  - {_flow(part)}" for part in held)]
    return [f"{key}: {_flow(held)}"]


def _flow(value: object) -> str:
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=True, width=10_000)
    return text.strip().removesuffix("...").strip()
