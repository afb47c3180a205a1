"""How do predictions and what turned out to be true come into the database exactly once?"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Column, Connection, Row, Select, Table, delete, insert, or_, select

from steward.adapters.sql.database import Database
from steward.adapters.sql.faults import retried
from steward.adapters.sql.tables import outcome_history, outcomes, predictions, shadow_answers
from steward.core.digest import canonical_json
from steward.serving.history import Given, Outcome, Removed, Told


class SqlPredictionStore:
    """Predictions and outcomes in the database; see `steward.serving.history.PredictionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @retried
    def keep_predictions(self, given: Sequence[Given]) -> int:
        """Keep those that are not kept yet, by id, and return how many that were; all or none where it raises."""
        by_id = {one.id: _values(one) for one in given}
        with self._database.write() as connection:
            known = _rows_by_key(connection, predictions, "id", list(by_id))
            new = [row for id_, row in by_id.items() if id_ not in known]
            if new:
                connection.execute(insert(predictions), new)
        return len(new)

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


_AT_ONCE = 500  # keys a question; SQLite and the servers have a limit of their own far above


_IN_TIME = (outcome_history.c.received_at, outcome_history.c.id)


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


def _values(given: Given) -> dict[str, object]:
    plain = {"id": given.id, "model": given.model, "version": given.version, "at": given.at}
    return {**plain, "row_json": to_json(given.row).decode(), "answer_json": to_json(given.answer).decode()}


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
