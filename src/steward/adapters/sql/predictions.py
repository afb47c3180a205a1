"""How do predictions and what turned out to be true come into the database exactly once?"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Column, ColumnElement, Connection, Row, Select, Table, delete, func, insert, or_, select

from steward.adapters.sql.database import Database
from steward.adapters.sql.faults import retried
from steward.adapters.sql.tables import outcome_history, outcomes, predictions, shadow_answers
from steward.core.digest import canonical_json
from steward.serving.history import Given, Outcome, Removed, Tally, Told


class SqlPredictionStore:
    """Predictions and outcomes in the database; see `steward.serving.history.PredictionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @retried
    def keep_predictions(self, given: Sequence[Given]) -> int:
        """Keep those that are not kept yet, by id, and return how many that were; all or none where it raises."""
        if not given:
            return 0
        with self._database.write() as connection:
            # As the driver takes it: this is done for every prediction while the server answers the next ones beside it.
            return connection.exec_driver_sql(_KEEP[self._database.kind], [_values(one) for one in given]).rowcount

    @retried
    def keep_outcomes(self, told: Sequence[Told]) -> int:
        """Keep each telling once, by id, and return how many were new; what came in last is the outcome from then on."""
        by_id = {one.id: one for one in told}
        with self._database.write() as connection:
            known = _rows_by_key(connection, outcome_history, "id", list(by_id))
            new = [one for id_, one in by_id.items() if id_ not in known]
            if new:
                connection.execute(insert(outcome_history), [_telling(one) for one in new])
                _settle(connection, list({one.outcome.prediction for one in new}))
        return len(new)

    def tellings(self, prediction: str) -> Sequence[Told]:
        """Return all that was told about a prediction, oldest first: the last is its outcome, the others were corrected."""
        mine = select(outcome_history).where(outcome_history.c.prediction == prediction)
        with self._database.read() as connection:
            return tuple(_told(row) for row in connection.execute(mine.order_by(*_IN_TIME)))

    def known(self, ids: Collection[str]) -> frozenset[str]:
        """Return which of some ids are predictions that are kept."""
        with self._database.read() as connection:
            return frozenset(_rows_by_key(connection, predictions, "id", list(ids), only=[predictions.c.id]))

    def find(self, model: str, column: str, values: Collection[object]) -> frozenset[str]:
        """Return the ids of a model's predictions whose row holds one of these JSON values in a column."""
        texts = [f"{canonical_json(column)}:{canonical_json(value).removesuffix('.0')}" for value in values]
        like = or_(*(predictions.c.row_json.contains(text, autoescape=True) for text in texts))
        query = select(predictions.c.id, predictions.c.row_json).where((predictions.c.model == model) & like)
        with self._database.read() as connection:
            # 7 stands in 70 too, and some databases take upper case for lower: the row itself decides.
            return frozenset(row.id for row in connection.execute(query) if json.loads(row.row_json).get(column) in values)

    @retried
    def forget(self, ids: Collection[str]) -> Removed:
        """Take out predictions, by id, with all that was told about them."""
        with self._database.write() as connection:
            if self._database.kind == "sqlite":
                connection.exec_driver_sql("PRAGMA secure_delete=ON")  # what is deleted is overwritten too
            return _remove(connection, list(ids))

    def remove_before(self, model: str, at: str) -> Removed:
        """Take out a model's predictions of before a time with what was told about them, and what was told about none by then."""
        old = select(predictions.c.id).where((predictions.c.model == model) & (predictions.c.at < at))
        early = (outcome_history.c.model == model) & (outcome_history.c.received_at < at)
        alone = outcome_history.c.prediction.not_in(select(predictions.c.id))
        orphans = select(outcome_history.c.prediction).where(early & alone).distinct()
        removed = [*self._remove_all(old), *self._remove_all(orphans)]
        return Removed(sum(one.predictions for one in removed), sum(one.outcomes for one in removed))

    def _remove_all(self, ids: Select[tuple[str]]) -> Iterator[Removed]:
        """Take out what a query names, some at a time: a long transaction would keep the others waiting."""
        while some := self._ids(ids):
            yield self.forget(some)

    def _ids(self, query: Select[tuple[str]]) -> Sequence[str]:
        with self._database.read() as connection:
            return list(connection.scalars(query.limit(_AT_ONCE)))

    def predictions(self, model: str, *, limit: int) -> Sequence[tuple[Given, Outcome | None]]:
        """Return a model's newest predictions, newest first, each with its outcome where that is known."""
        query = select(predictions).where(predictions.c.model == model)
        newest = query.order_by(predictions.c.at.desc(), predictions.c.id).limit(limit)
        with self._database.read() as connection:
            given = [_given(row) for row in connection.execute(newest)]
            known = _rows_by_key(connection, outcomes, "prediction", [one.id for one in given])
        return tuple((one, _outcome(known[one.id]) if one.id in known else None) for one in given)

    def prediction(self, id_: str) -> tuple[Given, Outcome | None] | None:
        """Return one prediction with its outcome where that is known; None where no prediction has this id."""
        with self._database.read() as connection:
            row = connection.execute(select(predictions).where(predictions.c.id == id_)).one_or_none()
            told = connection.execute(select(outcomes).where(outcomes.c.prediction == id_)).one_or_none()
        return None if row is None else (_given(row), None if told is None else _outcome(told))

    def between(self, model: str, version: int, start: str, end: str) -> Iterator[tuple[Given, Outcome | None]]:
        """Return a version's predictions of a half-open span (ISO 8601, UTC), oldest first, with their outcomes where known."""
        told = predictions.outerjoin(outcomes, outcomes.c.prediction == predictions.c.id)
        columns = (*predictions.columns, outcomes.c.prediction, outcomes.c.value, outcomes.c.label, outcomes.c.at.label("held_at"))
        query = select(*columns).select_from(told).where(_within(model, version, start, end))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(predictions.c.at, predictions.c.id), execution_options={"yield_per": _READ})
            for row in rows:
                known = None if row.held_at is None else Outcome(row.id, row.value, row.label, row.held_at)
                yield _given(row), known

    def tallies(self, model: str, version: int, spans: Sequence[tuple[str, str]]) -> Sequence[Tally]:
        """Return what each of some half-open spans (ISO 8601, UTC) holds of a version's predictions, in their order."""
        told = predictions.outerjoin(outcomes, outcomes.c.prediction == predictions.c.id)
        figures = (func.count(), func.count(outcomes.c.prediction), func.max(outcomes.c.received_at))
        query = select(*figures).select_from(told)
        with self._database.read() as connection:
            found = [connection.execute(query.where(_within(model, version, *span))).one() for span in spans]
        return tuple(Tally(*row) for row in found)

    def arrivals(self, model: str, version: int, start: str, end: str) -> Sequence[tuple[str, int]]:
        """Return when a version's predictions of a half-open span came, each time once, ascending, and how many then."""
        query = select(predictions.c.at, func.count()).where(_within(model, version, start, end))
        with self._database.read() as connection:
            return [(at, count) for at, count in connection.execute(query.group_by(predictions.c.at).order_by(predictions.c.at))]

    def first_and_last(self, model: str, version: int) -> tuple[str, str] | None:
        """Return when the oldest and the newest prediction of a version came; None where there is none."""
        mine = (predictions.c.model == model) & (predictions.c.version == version)
        with self._database.read() as connection:
            first, last = connection.execute(select(func.min(predictions.c.at), func.max(predictions.c.at)).where(mine)).one()
        return None if first is None else (first, last)


_AT_ONCE = 500  # keys a question; SQLite and the servers have a limit of their own far above


_INTO = "INSERT INTO predictions (id, model, version, at, row_json, answer_json) VALUES "
_KEEP = {
    "sqlite": _INTO + "(?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
    "postgresql": _INTO + "(%s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING",
    "mysql": _INTO.replace("INSERT", "INSERT IGNORE") + "(%s, %s, %s, %s, %s, %s)",
}

_READ = 5_000  # rows held at once of a question that may have millions

_IN_TIME = (outcome_history.c.received_at, outcome_history.c.id)


def _within(model: str, version: int, start: str, end: str) -> ColumnElement[bool]:
    mine = (predictions.c.model == model) & (predictions.c.version == version)
    return mine & (predictions.c.at >= start) & (predictions.c.at < end)


def _rows_by_key(
    connection: Connection, table: Table, key: str, wanted: Sequence[str], *, only: Sequence[Column[Any]] = ()
) -> Mapping[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for some in _some(wanted):
        query = select(*(only or table.columns)).where(table.c[key].in_(some))
        found.update({getattr(row, key): row for row in connection.execute(query)})
    return found


def _some(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[first : first + _AT_ONCE] for first in range(0, len(ids), _AT_ONCE))


def _settle(connection: Connection, of: Sequence[str]) -> None:
    """Let the last telling of each of these predictions be its outcome, in whatever order they were brought here."""
    for some in _some(of):
        query = select(outcome_history).where(outcome_history.c.prediction.in_(some)).order_by(*_IN_TIME)
        last = {row.prediction: _told(row) for row in connection.execute(query)}
        connection.execute(delete(outcomes).where(outcomes.c.prediction.in_(some)))
        connection.execute(insert(outcomes), [_outcome_values(one.outcome, one.received_at) for one in last.values()])


def _remove(connection: Connection, ids: Sequence[str]) -> Removed:
    gone = told = 0
    for some in _some(ids):
        gone += connection.execute(delete(predictions).where(predictions.c.id.in_(some))).rowcount
        told += connection.execute(delete(outcome_history).where(outcome_history.c.prediction.in_(some))).rowcount
        connection.execute(delete(outcomes).where(outcomes.c.prediction.in_(some)))
        connection.execute(delete(shadow_answers).where(shadow_answers.c.prediction.in_(some)))
    return Removed(gone, told)


def _values(given: Given) -> tuple[object, ...]:
    return given.id, given.model, given.version, given.at, to_json(given.row).decode(), to_json(given.answer).decode()


def _outcome_values(outcome: Outcome, received_at: str) -> dict[str, object]:
    told = {"prediction": outcome.prediction, "value": outcome.value, "label": outcome.label}
    return {**told, "at": outcome.at, "received_at": received_at}


def _telling(told: Told) -> dict[str, object]:
    return {"id": told.id, "model": told.model, **_outcome_values(told.outcome, told.received_at)}


def _told(row: Row[Any]) -> Told:
    return Told(row.id, row.model, _outcome(row), row.received_at)


def _given(row: Row[Any]) -> Given:
    return Given(row.id, row.model, row.version, row.at, json.loads(row.row_json), json.loads(row.answer_json))


def _outcome(row: Row[Any]) -> Outcome:
    return Outcome(row.prediction, row.value, row.label, row.at)
