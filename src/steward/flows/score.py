"""What does a model answer to all rows of some files? The same bundle as a server's, portion by portion.

Rows that no server would answer stand in a file beside the output, with their line and the reason. The same files, version and
columns make the same output, ids included, however often it is interrupted and begun again.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import polars as pl

from steward.core.digest import digest_file, digest_json
from steward.data.portions import read_portions
from steward.data.write import table_file
from steward.flows.champion import LoadedVersion, load_version, need_champion
from steward.flows.ports import Ports
from steward.flows.score_input import Input, Reading, reading, refuse_overwriting
from steward.flows.score_log import score_log
from steward.flows.score_portion import Answered, Job, answer_portion
from steward.project.read import Project

_STEP = "score"
_PREFIX_CHARS = 20


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """Into which file, by which version (the champion by default), with which columns of the input beside the answers."""

    output: Path
    version: int | None = None
    columns: tuple[str, ...] = ()
    log: bool = False


@dataclass(frozen=True, slots=True)
class Scored:
    """What came of it; `refused_to` is the file with the rows that were not answered, None where all were.

    `seconds` it took to read, answer and write; loading the version aside.
    """

    model: str
    version: int
    unit: str
    files: tuple[str, ...]
    rows: int
    refused: int
    output: str
    refused_to: str | None
    logged: bool
    seconds: float


def score(project: Project, inputs: Sequence[Input], options: ScoreOptions, ports: Ports) -> Scored:
    """Answer all rows of some files and write the answers to one.

    Returns:
        The output holds, row for row and in the order of the files, `file` (where there are several), `line`, the columns asked
        for, `prediction_id`, `prediction`, what stands beside it, and `version`.

    Raises:
        UsageError: SCORE-003, SCORE-005, SCORE-006, SCORE-007 the command; DATA-xxx a file as a whole cannot be read.
        Refused: REG-002 there is no champion, BUNDLE-xxx its files are not what was recorded, SCORE-004 and SCORE-010 somebody else
            writes there.
        EnvironmentFault: SERVE-011 the log cannot be written.
    """
    refuse_overwriting([one.path for one in inputs], options.output)
    model = project.spec.name
    number = need_champion(ports, model).number if options.version is None else options.version
    loaded = load_version(ports.workspace, ports.registry.version(model, number))
    beside = options.output.with_name(f"{options.output.name}.refused.csv")
    ports.progress.started(_STEP)
    began = perf_counter()
    rows, refused = _work(project, loaded, inputs, options, beside, ports)
    seconds = perf_counter() - began
    ports.progress.finished(_STEP, f"{rows:,} rows in {seconds:.1f} s" + (f", {refused:,} of them not answered" if refused else ""))
    return Scored(
        model=model,
        version=number,
        unit=str(loaded.bundle.manifest["unit"]),
        files=tuple(str(one.path) for one in inputs),
        rows=rows,
        refused=refused,
        output=str(options.output),
        refused_to=str(beside) if refused else None,
        logged=options.log,
        seconds=seconds,
    )


def _work(
    project: Project, loaded: LoadedVersion, inputs: Sequence[Input], options: ScoreOptions, beside: Path, ports: Ports
) -> tuple[int, int]:
    """Write the answers, the rows without one, and the log; return how many rows there were, and how many without an answer."""
    jobs, read = _jobs(loaded, inputs), reading(loaded.bundle.dictionary, options.columns, inputs[0].path)
    name = digest_json([job.prefix for job in jobs])[:_PREFIX_CHARS]
    rows = refused = 0
    # Files get their names in the other order: where the answers are, all else is there too.
    with ExitStack() as stack:
        write = stack.enter_context(table_file(options.output))
        aside = _aside(stack, beside)
        kept = score_log(project, loaded.version.number, name, loaded.bundle, ports) if options.log else nullcontext()
        log = stack.enter_context(kept)
        for job, answered in _answers(jobs, inputs, read, ports):
            rows, refused = rows + answered.answers.height + answered.refused.height, refused + answered.refused.height
            if log is not None:
                log.append(answered.rows, answered.answers)
            write(_output(job, answered, read, loaded.version.number, several=len(jobs) > 1))
            aside(answered.refused)
        if log is not None:
            log.commit()
    if not refused:
        beside.unlink(missing_ok=True)  # of an earlier run
    return rows, refused


def _jobs(loaded: LoadedVersion, inputs: Sequence[Input]) -> list[Job]:
    """Return a job for each file; two files of the same content differ in nothing but the ids of their predictions."""
    digests = [digest_file(one.path) for one in inputs]
    seen: Counter[str] = Counter()
    jobs = []
    for one, digest in zip(inputs, digests, strict=True):
        seen[digest] += 1
        version = loaded.version
        prefix = digest_json([version.model, version.number, version.digest, digest, seen[digest]])[:_PREFIX_CHARS]
        jobs.append(Job(loaded.bundle, str(one.path), prefix))
    return jobs


def _answers(jobs: Sequence[Job], inputs: Sequence[Input], read: Reading, ports: Ports) -> Iterator[tuple[Job, Answered]]:
    for place, (job, one) in enumerate(zip(jobs, inputs, strict=True)):
        for portion in read_portions(one.path, read.dictionary, {*job.bundle.inputs, *read.carried.values()}, header=one.header):
            yield job, answer_portion(job, portion)
            ports.progress.advanced(_STEP, int(1000 * (place + portion.share)), 1000 * len(jobs))


def _output(job: Job, answered: Answered, read: Reading, version: int, *, several: bool) -> pl.DataFrame:
    answers = answered.answers
    file = [pl.repeat(job.file, answers.height, dtype=pl.String, eager=True).alias("file")] if several else []
    number = pl.repeat(version, answers.height, dtype=pl.Int64, eager=True).alias("version")
    carried = [answered.rows[name].alias(asked) for asked, name in read.carried.items()]
    return pl.DataFrame([*file, answers["line"], *carried, *answers.drop("line").get_columns(), number])


def _aside(stack: ExitStack, path: Path) -> Callable[[pl.DataFrame], None]:
    """Return what writes rows that were not answered; there is no file without any."""
    write: Callable[[pl.DataFrame], None] | None = None

    def append(refused: pl.DataFrame) -> None:
        nonlocal write
        if refused.height:
            write = write or stack.enter_context(table_file(path))
            write(refused)

    return append
