"""How do the answers to a whole file come into the prediction log once, however often it is scored?

They are written to hidden segments first, which get their names when all answers are there. A segment that has its name already
was written by an earlier run of the same rows and the same version, and stays. A job that breaks off takes its hidden segments
along; what a killed one leaves is removed by the same job, by `steward.flows.forget` and by `steward.flows.retain`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from shutil import rmtree
from typing import Any

import polars as pl

from steward.core.errors import Fault, Refused
from steward.flows.ports import Ports
from steward.models.answer import AnswerRule
from steward.project.read import Project
from steward.registry.bundle import Bundle
from steward.serving.log import SegmentLog, segments_in
from steward.serving.private import care_of, read_key, row_keeper
from steward.serving.ship import alone
from steward.serving.unfinished import hidden_folder, holding

_AT_ONCE = 5_000
_SHARE = "probability_"


class ScoreLog:
    """Takes the answers of one job, in their order; only `commit` puts them into the project's log."""

    def __init__(self, folder: Path, hidden: Path, log: SegmentLog, about: Mapping[str, Any], bundle: Bundle) -> None:
        self._folder = folder
        self._hidden = hidden
        self._log = log
        self._about = about
        self._bundle = bundle

    def append(self, rows: pl.DataFrame, answers: pl.DataFrame) -> None:
        """Keep some answers; EnvironmentFault SERVE-011 where that fails."""
        inputs = rows.select(self._bundle.inputs)
        for start in range(0, answers.height, _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            self._log.append(list(_records(inputs[part], answers[part], self._about, self._bundle.rule)))

    def commit(self) -> None:
        """Put what was kept into the project's log."""
        self._log.close()
        with alone(self._folder, wait=True):  # who forgets a row meanwhile would find its segment neither here nor there
            for segment in segments_in(self._hidden):
                _take_over(segment, self._folder / segment.name)


@contextmanager
def score_log(project: Project, version: int, name: str, bundle: Bundle, ports: Ports) -> Iterator[ScoreLog]:
    """Give the log of one job; what was not committed is never seen, and gone afterwards.

    Args:
        project: its `serving` says how rows are kept.
        version: whose answers they are.
        name: the same for the same rows and version, and another one for others.
        bundle: the version's.
        ports: the outside world.

    Raises:
        Refused: SCORE-010 another process is at the same job.
        EnvironmentFault: SERVE-090 the key of the log's hashes cannot be read.
    """
    care = care_of(project.dictionary, project.spec.serving)
    keep = row_keeper(care, read_key(ports.workspace.log_key) if care.hidden else b"")
    folder = ports.workspace.predictions / project.spec.name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    hidden = hidden_folder(folder, name)
    with holding(hidden) as mine:
        if not mine:
            fix = "wait until it has ended; the log holds these answers then"
            raise Refused(Fault("SCORE-010", "another process puts the same answers into the log", fix=fix))
        for left in hidden.iterdir():  # by a killed one
            left.unlink()
        log = SegmentLog(hidden, f"score-{name}", sync=project.spec.serving.sync, as_kept=keep)
        # Always as long as another time, so that segments end at the same rows.
        at = ports.clock.now().isoformat(timespec="microseconds")
        try:
            yield ScoreLog(folder, hidden, log, {"at": at, "model": project.spec.name, "version": version}, bundle)
        finally:
            log.close()
            rmtree(hidden, ignore_errors=True)


def _take_over(segment: Path, place: Path) -> None:
    if place.exists():
        segment.unlink()
    else:
        segment.rename(place)


def _records(rows: pl.DataFrame, answers: pl.DataFrame, about: Mapping[str, Any], rule: AnswerRule) -> Iterator[dict[str, Any]]:
    for row, answer in zip(rows.iter_rows(named=True), answers.iter_rows(named=True), strict=True):
        yield {
            "prediction_id": answer["prediction_id"],
            **about,
            "row": {name: _plain(value) for name, value in row.items() if value is not None},
            "prediction": answer["prediction"],
            **_beside(answer, rule),
        }


def _beside(answer: Mapping[str, Any], rule: AnswerRule) -> dict[str, Any]:
    if rule.margin is not None and "interval_low" in answer:
        return {"interval": {"low": answer["interval_low"], "high": answer["interval_high"], "level": rule.margin.level}}
    shares = {name.removeprefix(_SHARE): value for name, value in answer.items() if name.startswith(_SHARE)}
    return {"probabilities": shares} if shares else {}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
