"""Do the split rows give the answer away? Looked at before anything is learned from them.

Leaks that the declaration shows are refused earlier (`steward.features.guard`). What is found here the project may let pass,
with a reason in its file; it is then said at every run.
"""

from dataclasses import dataclass

import polars as pl

from steward.core.errors import Fault, UsageError
from steward.core.tasks import Label
from steward.data.split import Split
from steward.features.alone import MOST_ROWS, Alone, score_alone
from steward.features.leaks import FEWEST_COPIES, Copies, find_copies, moving_times, names_rows, nearly_unique, telling_columns
from steward.flows.features import ROW, Featured, split_rows
from steward.flows.ingest import Frames
from steward.flows.matrices import learnable
from steward.flows.ports import Ports
from steward.flows.program import ModelProgram, rule_program
from steward.flows.steps import Done, Runner
from steward.flows.train import classes_of
from steward.models.classes import name_of
from steward.project.leaks import LeakRule
from steward.project.read import Project

SEED = 7
_PLACE = "_place"


@dataclass(frozen=True, slots=True)
class Leak:
    """A suspicion: the rule it breaks, the inputs it is about, what is to be said, and why it may pass (empty: it may not)."""

    rule: LeakRule
    columns: tuple[str, ...]
    fault: Fault
    because: str


@dataclass(frozen=True, slots=True, eq=False)
class GuardedRows:
    """What the guard looks at: clean rows, the feature table's parts, what makes the features, the target's classes."""

    project: Project
    clean: pl.DataFrame
    split: Split
    program: ModelProgram
    classes: tuple[Label, ...]


def guard_rows(project: Project, clean: str, featured: Featured, ports: Ports, runner: Runner, frames: Frames) -> None:
    """Refuse rows that give the answer away.

    Raises:
        UsageError: FEAT-030 rows that judge stand among those to learn from, FEAT-031 an input names its row, FEAT-032 an input
            tells the target alone, FEAT-033 rows with a time are shuffled; and what `classes_of` raises.
    """
    depends = {
        "clean": clean,
        "features": featured.snapshot,
        "wanted": list(featured.program.wanted),
        **{key: project.part(key) for key in ("split", "time", "target", "task", "fitted", "leaks")},
        "dictionary": project.frozen["dictionary"],
    }
    output = runner.step("guard", depends, lambda: _guard(project, clean, featured, frames))
    for text in output["allowed"]:
        ports.progress.warned(text)


def _guard(project: Project, clean: str, featured: Featured, frames: Frames) -> Done:
    rows = rows_to_guard(project, frames.get(clean), frames.get(featured.snapshot), featured.program)
    allowed = refuse_leaks_in(rows)
    note = f"{len(featured.program.wanted)} features looked at" + (f"; {len(allowed)} suspicions allowed" if allowed else "")
    return Done({"allowed": list(allowed)}, note)


def refuse_leaks_in(rows: GuardedRows) -> tuple[str, ...]:
    """Return the suspicions that the project lets pass, each in a sentence with its reason; raises as `guard_rows`."""
    leaks = find_leaks(rows)
    refused = [leak.fault for leak in leaks if not leak.because]
    if refused:
        raise UsageError(*refused)
    return tuple(f"{leak.fault.what} - allowed, because {leak.because}" for leak in leaks)


def rows_to_guard(project: Project, clean: pl.DataFrame, table: pl.DataFrame, program: ModelProgram) -> GuardedRows:
    """Return the rows as they will be learned from and judged by.

    Raises:
        UsageError: DATA-040 a part is empty, and what `classes_of` raises.
    """
    split = split_rows(project, table)
    return GuardedRows(project, clean, split, program, classes_of(project, split))


def find_leaks(rows: GuardedRows, scores: tuple[Alone, ...] | None = None) -> tuple[Leak, ...]:
    """Return all suspicions; `scores` are those of `score_inputs`, where they are known already."""
    leaks = (*_shuffled(rows), *_copied(rows), *_naming(rows))
    return (*leaks, *(_told_alone(rows, one) for one in scores or score_inputs(rows) if one.suspicious))


def score_inputs(rows: GuardedRows) -> tuple[Alone, ...]:
    """Return how well each of the model's inputs tells the target alone; of many rows some are drawn, with a seed."""
    train, validation = _drawn(rows.split.train, MOST_ROWS), _drawn(rows.split.validation, MOST_ROWS // 2)
    learned = learnable(rows.project, rows.program, train, rows.classes)
    judging = learned.other(rows.project, rows.program, validation, rows.classes)
    return score_alone(learned.sample, judging, rows.program.wanted, classes=len(rows.classes), seed=SEED)


def _drawn(part: pl.DataFrame, most: int) -> pl.DataFrame:
    return part if part.height <= most else part[pl.int_range(part.height, eager=True).sample(most, seed=SEED).sort()]


def _leak(rows: GuardedRows, rule: LeakRule, columns: tuple[str, ...], fault: Fault) -> Leak:
    named = f", columns: [{', '.join(columns)}]" if columns else ""
    fix = f'{fault.fix}; where it is none, say why:  leaks: {{allow: [{{rule: {rule}{named}, because: "..."}}]}}'
    told = Fault(fault.code, fault.what, fault.where, fault.why, fix)
    return Leak(rule, columns, told, rows.project.spec.leaks.reason(rule, columns))


def _shuffled(rows: GuardedRows) -> list[Leak]:
    if rows.project.spec.time is not None:
        return []
    known = rows.project.dictionary.columns
    times = sorted(moving_times(rows.clean, rows.clean.columns), key=lambda name: _late(rows.project, name))
    if not times:
        return []
    meanings = tuple(f"{name}: {known[name].meaning}" if name in known else name for name in times)
    what = f"rows that have a time are shuffled: {', '.join(times)}"
    why = "what is known at noon would help to predict the morning, and the test would say more than the future will hold"
    return [_leak(rows, "random_split", (), Fault("FEAT-033", what, meanings, why, f"write  time: {times[0]}  in project.yaml"))]


def _late(project: Project, name: str) -> bool:
    return name in project.dictionary.columns and project.dictionary.columns[name].known_at == "outcome"


def _copied(rows: GuardedRows) -> list[Leak]:
    clean, split, target = rows.clean.with_row_index(_PLACE), rows.split, rows.project.spec.target
    columns = telling_columns(rows.clean, _compared(rows))
    learned = pl.concat([split.train[ROW], split.validation[ROW]])
    for part, judging, others in (("test", split.test[ROW], learned), ("validation", split.validation[ROW], split.train[ROW])):
        found = find_copies(clean[others], clean[judging], columns, place=_PLACE, target=target)
        if found.too_many:
            return [_leak(rows, "duplicates", (), _copies_fault(found, part))]
    return []


def _compared(rows: GuardedRows) -> list[str]:
    """Return the raw columns by which two rows are the same, whatever came of them: all but those the target is read from."""
    project, target = rows.project, rows.project.spec.target
    program = rule_program(project)
    answer = program.lineage(target) if target in program.features else frozenset((target,))
    hidden = {target} | {name for name in answer if _late(project, name)}
    return [name for name in project.dictionary.columns if name in rows.clean.columns and name not in hidden]


def _copies_fault(found: Copies, part: str) -> Fault:
    others = "the rows to learn from" if part == "test" else "the training rows"
    what = f"{found.rows:,} of {found.of:,} {part} rows ({found.share:.1%}) stand among {others} as well"
    where = tuple(f"clean rows {judging:,} and {copy:,} are equal (the first is row 0)" for judging, copy in found.pairs)
    other = f"; {found.disagree:,} of these copies have another target" if found.disagree else ""
    why = f"they are equal in {', '.join(found.compared)}{other}: a test on them asks what was learned by heart"
    fix = f"keep one of each:  cleaning: [{{kind: drop_duplicates, columns: [{', '.join(found.compared)}]}}]"
    if found.rows > FEWEST_COPIES:
        fix += ", or get the rows from where they were not copied"
    return Fault("FEAT-030", what, where, why, fix)


def _naming(rows: GuardedRows) -> list[Leak]:
    taught = rows.clean[rows.split.train[ROW]]
    return [leak for name in rows.program.wanted for leak in _named_by(rows, taught, name)]


def _named_by(rows: GuardedRows, taught: pl.DataFrame, name: str) -> list[Leak]:
    """Return the suspicion against an input that is made of one raw column that names its row."""
    lineage = rows.program.lineage
    (raw, *others) = sorted(lineage.lineage(name))
    spec = rows.project.dictionary.columns.get(raw)
    if others or raw not in taught.columns or (spec is not None and (spec.unit or spec.codes)):
        return []
    told = names_rows(taught[raw])
    if not told or not (name in rows.program.fitted or nearly_unique(rows.split.train[name])):
        return []
    what = f"feature {name!r} names its row: {raw} has {told}"
    why = "a model learns such a column by heart, and every new row has a number it never saw"
    fix = f"take {name!r} out of the features in project.yaml, or give {raw} its unit in dictionary.yaml if it is measured"
    return [_leak(rows, "id_like", (name,), Fault("FEAT-031", what, (" <- ".join(lineage.path(name, raw)),), why, fix))]


def _told_alone(rows: GuardedRows, one: Alone) -> Leak:
    target, lineage = rows.project.spec.target, rows.program.lineage
    of_class = f" of {name_of(rows.classes[one.about])!r}" if one.about is not None else ""
    measured = f"AUC{of_class} {one.value:.4f}" if one.metric == "auc" else f"R² {one.value:.4f}"
    what = f"feature {one.name!r} alone tells {target!r} almost perfectly: {measured} on validation rows"
    raw = sorted(lineage.lineage(one.name))
    where = tuple(" <- ".join(lineage.path(one.name, name)) for name in raw)
    why = "what alone tells nearly all is mostly the answer itself, written down afterwards"
    why += f" (judged on up to {MOST_ROWS // 2:,} rows, drawn with seed {SEED})"
    fix = f"look when {', '.join(raw)} is known and set known_at in dictionary.yaml, or take {one.name!r} out of the features"
    return _leak(rows, "single_feature", (one.name,), Fault("FEAT-032", what, where, why, fix))
